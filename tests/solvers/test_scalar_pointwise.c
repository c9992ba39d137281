// RANKS 1
/* The scalar equations at points: what finite volumes converge to on a fine grid, derivatives that differences confirm,
   conditions on faces that the exact solution fulfils. */
#include "neural/sampling.h"
#include "solvers/equations/scalar.h"
#include "solvers/grid_section.h"
#include "tests/solvers/decks.h"

static const char *const equations[] = {
    "{type: advection, velocity: [0.7, -0.3]}",
    "{type: advection, velocity: [\"1 + 0.5*sin(2*pi*x)\", \"cos(2*pi*(x + y))\"], diffusivity: 0.05}",
    "{type: advection, velocity: [1, 0.5], diffusivity: [0.1, 0.02, 0.03], source: \"sin(2*pi*x) * cos(2*pi*y)\"}",
    "{type: diffusion, diffusivity: \"0.1 * (2 + sin(2*pi*x) * cos(2*pi*y))\"}",
    "{type: diffusion, diffusivity: [\"2 + sin(2*pi*y)\", 0.5, \"0.3 * cos(2*pi*(x - y))\"]}",
    "{type: burgers, viscosity: 0.02}",
    "{type: burgers}",
    "{type: diffusion, diffusivity: 0.01, reaction: [1, 0.5, -1]}",
};
#define EQUATIONS ((int)(sizeof(equations) / sizeof(equations[0])))

static void create_network(PetscInt dim, SinewJet *jet, PetscReal **w)
{
  SinewJetOptions o = {.dim = dim, .outputs = 1, .width = 8, .layers = 2, .activation = SINEW_SINE, .omega = 2};

  for (PetscInt d = 0; d < dim; d++) {
    o.harmonics[d] = 1;
    o.upper[d] = 1;
  }
  check_call(SinewJetCreate(&o, 64, jet));
  check_call(PetscMalloc1((size_t)SinewJetSize(*jet), w));
  check_call(SinewJetInitialise(*jet, 3, *w));
}

/* Largest difference, relative to the largest value, between the right-hand side at points and by finite volumes. */
static PetscReal difference_from_grid(const char equation[], PetscInt cells)
{
  char text[1000];
  SinewSimulationOptions options = {.name = "test", .quiet = PETSC_TRUE};
  SinewDomain domain = {.dim = 2, .upper = {1, 1, 1}, .periodic = {PETSC_TRUE, PETSC_TRUE, PETSC_TRUE}};
  PetscBool zero[6] = {PETSC_FALSE};
  PetscReal *w, *x, *jets, *u, *f, largest = 0, size = 0;
  const PetscReal *grid_f;
  const SinewAxis *ax, *ay;
  SinewPointwise p;
  SinewSimulation s;
  SinewEquation e;
  SinewGrid grid;
  SinewDeck deck;
  SinewJet jet;
  SinewFV fv;
  Vec U, F;

  snprintf(text, sizeof(text),
           "equation: %s\ngrid: {cells: [%d, %d]}\ninitial: {type: expression, u: 0}\n"
           "stepper: {type: ssp, reconstruction: weno5}\ntime: {end: 1}\n" NO_FILES,
           equation, (int)cells, (int)cells);
  check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "test.yaml", text, 0, NULL, &deck));
  check_call(SinewSimulationCreate(PETSC_COMM_WORLD, deck, &options, &s));
  check_call(SinewSimulationSetUp(s));
  check_call(SinewSimulationGet(s, &e, &grid, &fv, NULL, &U));
  check_call((*e->type->pointwise)(e, deck, &domain, &p, zero));
  check_call(SinewPointwiseCheck(&p));
  create_network(2, &jet, &w);
  ax = SinewGridAxis(grid, 0), ay = SinewGridAxis(grid, 1);
  check_call(PetscMalloc3((size_t)(2 * cells * cells), &x, (size_t)(SinewJetChannels(2, p.order) * cells * cells),
                          &jets, (size_t)(cells * cells), &f));
  for (PetscInt k = 0; k < cells * cells; k++) {
    x[2 * k] = ax->center[k % cells + ax->ghosts];
    x[2 * k + 1] = ay->center[k / cells + ay->ghosts];
  }
  check_call(SinewJetEvaluate(jet, w, p.order, cells * cells, x, jets));
  check_call(VecGetArrayWrite(U, &u));
  check_call(PetscArraycpy(u, jets, cells * cells));
  check_call(VecRestoreArrayWrite(U, &u));
  check_call((*p.rate)(
      p.ctx, &(SinewPoints){.t = 0.1, .n = cells * cells, .channels = SinewJetChannels(2, p.order), .x = x, .u = jets},
      f, NULL));
  check_call(VecDuplicate(U, &F));
  check_call(SinewFVApply(fv, SINEW_FV_ALL, 0.1, U, 0, NULL, 0, 1, F, NULL));
  check_call(VecGetArrayRead(F, &grid_f));
  for (PetscInt k = 0; k < cells * cells; k++) {
    largest = PetscMax(largest, PetscAbsReal(f[k] - grid_f[k]));
    size = PetscMax(size, PetscAbsReal(f[k]));
  }
  check_call(VecRestoreArrayRead(F, &grid_f));
  check_call(VecDestroy(&F));
  check_call(PetscFree3(x, jets, f));
  check_call(PetscFree(w));
  check_call(SinewJetDestroy(&jet));
  check_call(SinewSimulationDestroy(&s));
  check_call(SinewDeckDestroy(&deck));
  return largest / size;
}

static void finite_volumes_converge_to_the_points(void **state)
{
  (void)state;
  for (int k = 0; k < EQUATIONS; k++) {
    const PetscReal coarse = difference_from_grid(equations[k], 32), fine = difference_from_grid(equations[k], 128);

    print_message("  %-90s %.1e %.1e\n", equations[k], (double)coarse, (double)fine);
    assert_true(fine < 2e-3 && coarse / fine > 10); /* 4^2 in smooth places; limiters cost a little at extrema */
  }
}

/* ---- derivatives ---- */

static void check_map(const SinewPointwise *p, SinewPointMap *map, SinewJetOrder order, PetscInt rows,
                      const PetscReal x[], PetscInt n)
{
  const PetscInt channels = SinewJetChannels(p->dim, order), size = channels * n;
  PetscReal u[1000], moved[1000], f[200], plus[200], minus[200], df[2000] = {0}, h = 1e-6;
  SinewPoints at = {.t = 0.3, .n = n, .channels = channels, .x = x, .u = u};

  for (PetscInt i = 0; i < size; i++) u[i] = 2 * SinewUniform(5, 1, i) - 1;
  check_call((*map)(p->ctx, &at, f, df));
  at.u = moved;
  for (PetscInt c = 0; c < channels; c++) {
    for (int side = -1; side <= 1; side += 2) {
      check_call(PetscArraycpy(moved, u, size));
      for (PetscInt i = 0; i < n; i++) moved[c * n + i] += side * h;
      check_call((*map)(p->ctx, &at, side > 0 ? plus : minus, NULL));
    }
    for (PetscInt r = 0; r < rows; r++) {
      for (PetscInt i = 0; i < n; i++)
        check_close(df[(r * channels + c) * n + i], (plus[r * n + i] - minus[r * n + i]) / (2 * h), 1e-7);
    }
  }
}

static void derivatives_agree_with_differences(void **state)
{
  static const char sides[] = "boundary: {x: {lower: {type: inflow, values: {u: \"sin(t + y)\"}}, upper: outflow}, "
                              "y: {lower: wall, upper: {type: dirichlet, values: {u: \"x\"}}}}";

  (void)state;
  for (int k = 0; k < EQUATIONS; k++) {
    const PetscReal lower[2] = {0, 0}, upper[2] = {1, 1};
    SinewDomain domain = {.dim = 2, .upper = {1, 1, 1}};
    SinewGridSection section;
    PetscBool zero[6] = {PETSC_FALSE};
    PetscReal x[40];
    SinewPointwise p;
    SinewEquation e;
    SinewDeck deck;
    char text[1000];

    snprintf(text, sizeof(text), "equation: %s\ngrid: {cells: [8, 8], %s}\ninitial: {type: expression, u: 0}\n",
             equations[k], sides);
    check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "test.yaml", text, 0, NULL, &deck));
    check_call(SinewGridSectionRead(deck, &section));
    check_call(SinewEquationCreate(deck, 2, &e));
    check_call(SinewGridSectionReadBoundary(PETSC_COMM_WORLD, deck, e, &section));
    domain.side = section.side;
    domain.squared = (PetscBool)(k == 0);
    check_call((*e->type->pointwise)(e, deck, &domain, &p, zero));
    check_call(SinewPointwiseCheck(&p));
    assert_int_equal(SinewDeckMistakes(deck), 0);
    check_call(SinewSamplePoints(SINEW_SAMPLE_SOBOL, 1, 0, 2, lower, upper, 20, 0, 20, x));
    check_map(&p, p.rate, p.order, 1, x, 20);
    if (p.second) check_map(&p, p.second, p.second_order, 1, x, 20);
    if (p.remainder) check_map(&p, p.remainder, p.order, 1, x, 20);
    assert_true(p.faces >= 2);
    for (PetscInt face = 0; face < p.faces; face++) {
      for (PetscInt i = 0; i < 20; i++) x[2 * i + p.face[face].axis] = (PetscReal)p.face[face].side;
      check_map(&p, p.face[face].residual, p.face[face].order, p.face[face].rows, x, 20);
    }
    check_call(SinewEquationDestroy(&e));
    check_call(SinewDeckDestroy(&deck));
  }
}

/* u = sin(x - t) for velocity 1: its jets fulfil the equation and every condition at the inflow, also the squared
   one's; nothing is asked of the outflow; characteristics find at the inflow what they left there. */
static void the_exact_solution_fulfils_the_conditions(void **state)
{
  static const char text[] = "equation: {type: advection, velocity: 1}\n"
                             "grid: {cells: 8, boundary: {x: {lower: {type: inflow, values: {u: \"sin(-t)\"}}, "
                             "upper: {type: dirichlet, values: {u: 7}}}}}\ninitial: {type: expression, u: 0}\n";
  const PetscReal t = 0.4;
  SinewDomain domain = {.dim = 1, .upper = {1}, .squared = PETSC_TRUE};
  PetscBool zero[6] = {PETSC_FALSE};
  SinewGridSection section;
  SinewPointwise p;
  SinewEquation e;
  SinewDeck deck;

  (void)state;
  check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "test.yaml", text, 0, NULL, &deck));
  check_call(SinewGridSectionRead(deck, &section));
  check_call(SinewEquationCreate(deck, 1, &e));
  check_call(SinewGridSectionReadBoundary(PETSC_COMM_WORLD, deck, e, &section));
  domain.side = section.side;
  check_call((*e->type->pointwise)(e, deck, &domain, &p, zero));
  assert_int_equal(p.faces, 2);
  for (PetscInt face = 0; face < 2; face++) {
    const PetscReal x = (PetscReal)face, u[2] = {sin(x - t), cos(x - t)};
    PetscReal f[2] = {1, 1};

    check_call(
        (*p.face[face].residual)(p.ctx, &(SinewPoints){.t = t, .n = 1, .channels = 2, .x = &x, .u = u}, f, NULL));
    check_close(f[0], 0, 1e-14);
    check_close(f[1], 0, 1e-10);
  }
  for (int k = 1; k < 4; k++) {
    const PetscReal x = -0.1 * k;
    PetscReal value;

    check_call((*p.outside)(p.ctx, t, 1, &x, &value));
    check_close(value, sin(x - t), 1e-14);
  }
  check_call(SinewEquationDestroy(&e));
  check_call(SinewDeckDestroy(&deck));
}

SINEW_TEST_MAIN(cmocka_unit_test(finite_volumes_converge_to_the_points),
                cmocka_unit_test(derivatives_agree_with_differences),
                cmocka_unit_test(the_exact_solution_fulfils_the_conditions))

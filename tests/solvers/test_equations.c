// RANKS 1
/* What every equation must do: primitives and conserved variables undo each other, numerical fluxes of equal states are
   the physical flux, exact solutions begin as the initial condition, characteristic variables undo each other. */
#include "solvers/equation.h"
#include "tests/harness.h"

enum { N = 19 };

typedef struct {
  PetscReal memory[SINEW_COMPONENTS_MAX][N], *row[SINEW_COMPONENTS_MAX];
} Rows;

static void point(Rows *r)
{
  for (int c = 0; c < SINEW_COMPONENTS_MAX; c++) r->row[c] = r->memory[c];
}

#define IN(r) ((const PetscReal *const *)(r).row)

/* Random primitives; positive ones in [0.5, 1.5], the others in [-1, 1]. */
static void fill(const SinewEquation e, Rows *w)
{
  point(w);
  for (int c = 0; c < e->components; c++) {
    for (int i = 0; i < N; i++) w->memory[c][i] = 2. * rand() / RAND_MAX - 1;
  }
  for (int p = 0; p < e->kernels.positives; p++) {
    for (int i = 0; i < N; i++) w->memory[e->kernels.positive[p]][i] = 1 + 0.5 * w->memory[e->kernels.positive[p]][i];
  }
}

static void with_each_equation(void (*check)(SinewEquation, SinewGrid))
{
  static const char *const decks[] = {
      "equation: {type: advection, velocity: [0.3, -0.7]}\ninitial: {type: gaussian}\n",
      "equation: {type: burgers}\ninitial: {type: gaussian}\n",
      "equation: {type: diffusion}\ninitial: {type: sine}\n",
      "equation: {type: euler, flux: hllc, scalars: [a, b]}\ninitial: {type: isentropic_vortex}\n",
      "equation: {type: euler, flux: hll}\ninitial: {type: gaussian, velocity: [0.5, 1]}\n",
      "equation: {type: euler, flux: rusanov}\ninitial: {type: sod}\n",
      "equation: {type: shallow_water}\ninitial: {type: vortex, velocity: [1, 0.5]}\n",
      "equation: {type: reaction_diffusion, reaction: fisher_kpp}\ninitial: {type: wave}\n",
      "equation: {type: wave, speed: 1.5}\ninitial: {type: standing, waves: [2, 4]}\n",
      "equation: {type: wave, flux: central}\ninitial: {type: plane}\n",
      "equation: {type: elliptic, reaction: 2}\ninitial: {type: solution, u: \"sin(x)*t\"}\n",
  };

  for (size_t d = 0; d < sizeof(decks) / sizeof(decks[0]); d++) {
    SinewGridOptions o = {.dim = 2,
                          .cells = {24, 20},
                          .lower = {-1, 0},
                          .upper = {1, 2},
                          .periodic = {PETSC_TRUE, PETSC_TRUE},
                          .ghosts = 3};
    SinewDeck deck;
    SinewEquation e;
    SinewGrid grid;

    srand(5);
    check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "test.yaml", decks[d], 0, NULL, &deck));
    check_call(SinewEquationCreate(deck, 2, &e));
    check_call(SinewDeckCheck(deck));
    check_call(SinewGridCreate(PETSC_COMM_WORLD, &o, e->components, &grid));
    check_call(SinewEquationAttach(e, grid));
    check(e, grid);
    check_call(SinewEquationDestroy(&e));
    check_call(SinewGridDestroy(&grid));
    check_call(SinewDeckDestroy(&deck));
  }
}

static void undo(SinewEquation e, SinewGrid grid)
{
  Rows w, u, v;

  (void)grid;
  fill(e, &w);
  point(&u);
  point(&v);
  e->kernels.conserved(e->kernels.context, N, IN(w), u.row);
  e->kernels.primitive(e->kernels.context, N, IN(u), v.row);
  for (int c = 0; c < e->components; c++) {
    for (int i = 0; i < N; i++) check_close(v.memory[c][i], w.memory[c][i], 1e-14);
  }
}

static void primitives_and_conserved_variables_undo_each_other(void **state)
{
  (void)state;
  with_each_equation(undo);
}

static void consistent(SinewEquation e, SinewGrid grid)
{
  Rows w, f, g;

  (void)grid;
  if (!e->kernels.flux) return;
  fill(e, &w);
  point(&f);
  point(&g);
  for (int axis = 0; axis < 2; axis++) {
    const SinewRow row = {.axis = axis};

    e->kernels.flux(e->kernels.context, &row, N, IN(w), IN(w), f.row);
    e->kernels.physical_flux(e->kernels.context, &row, N, IN(w), g.row);
    for (int c = 0; c < e->components; c++) {
      for (int i = 0; i < N; i++) check_close(f.memory[c][i], g.memory[c][i], 1e-13);
    }
  }
}

static void fluxes_of_equal_states_are_physical(void **state)
{
  (void)state;
  with_each_equation(consistent);
}

static void characteristic(SinewEquation e, SinewGrid grid)
{
  Rows w, v, q, back;

  (void)grid;
  if (!e->kernels.to_characteristic) return;
  fill(e, &w);
  fill(e, &v);
  point(&q);
  point(&back);
  for (int axis = 0; axis < 2; axis++) {
    e->kernels.to_characteristic(e->kernels.context, axis, N, IN(w), IN(v), q.row);
    e->kernels.from_characteristic(e->kernels.context, axis, N, IN(w), IN(q), back.row);
    for (int c = 0; c < e->components; c++) {
      for (int i = 0; i < N; i++) check_close(back.memory[c][i], v.memory[c][i], 1e-13);
    }
  }
}

static void characteristic_variables_undo_each_other(void **state)
{
  (void)state;
  with_each_equation(characteristic);
}

static void begins_as_initial(SinewEquation e, SinewGrid grid)
{
  DM dm;
  Vec a, b;
  PetscBool known;
  PetscReal difference;

  check_call(SinewGridGetDM(grid, &dm));
  check_call(DMCreateGlobalVector(dm, &a));
  check_call(VecDuplicate(a, &b));
  check_call(SinewEquationInitial(e, a));
  check_call(SinewEquationExact(e, 0, b, &known));
  if (known) {
    check_call(VecAXPY(b, -1, a));
    check_call(VecNorm(b, NORM_INFINITY, &difference));
    check_close(difference, 0, 1e-14);
  }
  check_call(VecDestroy(&a));
  check_call(VecDestroy(&b));
}

static void exact_solutions_begin_as_the_initial_condition(void **state)
{
  (void)state;
  with_each_equation(begins_as_initial);
}

SINEW_TEST_MAIN(cmocka_unit_test(primitives_and_conserved_variables_undo_each_other),
                cmocka_unit_test(fluxes_of_equal_states_are_physical),
                cmocka_unit_test(characteristic_variables_undo_each_other),
                cmocka_unit_test(exact_solutions_begin_as_the_initial_condition))

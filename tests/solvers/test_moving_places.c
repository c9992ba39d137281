// RANKS 1 2
/* Coefficients that depend on place, on meshes that move: a steady state that velocity, diffusivity and source hold up
   between them stays, to second order; formulas with constant values give what constants give. Diffusion in long
   implicit steps is of second order in time. */
#include "tests/solvers/decks.h"

#define TWO_PI (2 * PETSC_PI)

/* u = 2 + sin(2 pi x) cos(2 pi y), carried by a = (sin(2 pi y), 1/2), diffused by D = 0.05 (1.5 + cos(2 pi x)); the
   source is div(a u) - div(D grad u). */
static const char steady[] =
    "equation:\n"
    "  type: advection\n"
    "  velocity: [\"sin(2*pi*y)\", 0.5]\n"
    "  diffusivity: \"0.05*(1.5 + cos(2*pi*x))\"\n"
    "  source: \"2*pi*sin(2*pi*y)*cos(2*pi*x)*cos(2*pi*y) - pi*sin(2*pi*x)*sin(2*pi*y)"
    " + 0.05*4*pi^2*(sin(2*pi*x)*cos(2*pi*x)*cos(2*pi*y) + (1.5 + cos(2*pi*x))*2*sin(2*pi*x)*cos(2*pi*y))\"\n"
    "grid: {cells: [16, 16]}\n"
    "initial: {type: expression, u: \"2 + sin(2*pi*x)*cos(2*pi*y)\"}\n"
    "stepper: {type: ssp, scheme: rks3}\n"
    "mesh_motion: {type: monge_ampere, monitor: formula, smoothing: 0.05, relaxation: 0.02,\n"
    "              formula: \"1 + 2*gauss((x - 0.3 - t)/0.15)*gauss((y - 0.5)/0.2)\"}\n"
    "time: {end: 0.2}\n" NO_FILES;

/* A wave that travels and decays: u = 2 + exp(-8 pi^2 D t) sin(2 pi (x - t / 4)) cos(2 pi y), D = 0.2. */
static const char decay[] = "equation: {type: advection, velocity: [0.25, 0], diffusivity: 0.2}\n"
                            "grid: {cells: [32, 32]}\n"
                            "initial: {type: expression, u: \"2 + sin(2*pi*x)*cos(2*pi*y)\"}\n"
                            "stepper: {type: arkimex, scheme: \"2e\", control: fixed, dt: 0.05}\n"
                            "mesh_motion: {type: monge_ampere, monitor: formula, smoothing: 0.05, relaxation: 0.02,\n"
                            "              formula: \"1 + 2*gauss((x - 0.3 - 2*t)/0.15)*gauss((y - 0.5)/0.2)\"}\n"
                            "time: {end: 0.1}\n" NO_FILES;

/* Values that vary along sides on which points slide: a mode that decays in a box, and a wave that comes in. */
static const char box[] = "equation: {type: diffusion, diffusivity: 0.1}\n"
                          "grid:\n"
                          "  cells: [16, 16]\n"
                          "  boundary:\n"
                          "    x: {type: dirichlet, values: {u: \"exp(-0.2*pi^2*t)*cos(pi*x)*cos(pi*y)\"}}\n"
                          "    y: {type: dirichlet, values: {u: \"exp(-0.2*pi^2*t)*cos(pi*x)*cos(pi*y)\"}}\n"
                          "initial: {type: expression, u: \"cos(pi*x)*cos(pi*y)\"}\n"
                          "stepper: {type: rkl}\n"
                          "mesh_motion: {type: monge_ampere, monitor: formula, smoothing: 0.05, relaxation: 0.02,\n"
                          "              formula: \"1 + 3*gauss((x - 0.3 - 2*t)/0.2)*gauss(y/0.3)\"}\n"
                          "time: {end: 0.1}\n" NO_FILES;
static const char wave[] =
    "equation: {type: advection, velocity: [1, 0.5]}\n"
    "grid:\n"
    "  cells: [16, 16]\n"
    "  boundary:\n"
    "    x: {lower: {type: inflow, values: {u: \"sin(2*pi*(x - t))*cos(2*pi*(y - 0.5*t))\"}}, upper: outflow}\n"
    "    y: {lower: {type: inflow, values: {u: \"sin(2*pi*(x - t))*cos(2*pi*(y - 0.5*t))\"}}, upper: outflow}\n"
    "initial: {type: expression, u: \"sin(2*pi*x)*cos(2*pi*y)\"}\n"
    "stepper: {type: ssp, scheme: rks2}\n"
    "mesh_motion: {type: monge_ampere, monitor: formula, smoothing: 0.05, relaxation: 0.02,\n"
    "              formula: \"1 + 3*gauss(x/0.2)*gauss((y - 0.3 - t)/0.2)\"}\n"
    "time: {end: 0.2}\n" NO_FILES;

static PetscReal in_box(PetscReal x, PetscReal y)
{
  return exp(-0.2 * PETSC_PI * PETSC_PI * 0.1) * cos(PETSC_PI * x) * cos(PETSC_PI * y);
}

static PetscReal come_in(PetscReal x, PetscReal y)
{
  return sin(TWO_PI * (x - 0.2)) * cos(TWO_PI * (y - 0.1));
}

static PetscReal at_rest(PetscReal x, PetscReal y)
{
  return 2 + sin(TWO_PI * x) * cos(TWO_PI * y);
}

static PetscReal decayed(PetscReal x, PetscReal y)
{
  return 2 + exp(-2 * TWO_PI * TWO_PI * 0.2 * 0.1) * sin(TWO_PI * (x - 0.025)) * cos(TWO_PI * y);
}

/* Largest error at the end of a deck's run, and its root mean square over cells; override: NULL or one more. */
static PetscReal error_of(const char deck[], PetscReal (*exact)(PetscReal, PetscReal), PetscInt cells,
                          const char override[], PetscReal *rms)
{
  char grid[64];
  const char *const overrides[] = {grid, override, NULL};
  PetscReal worst = 0, square = 0;
  const SinewGeometry *g;
  const PetscReal *u;
  PetscInt n = 0;
  Run r;

  snprintf(grid, sizeof(grid), "grid.cells=[%d, %d]", (int)cells, (int)cells);
  r = run_deck(PETSC_COMM_WORLD, deck, overrides);
  check_all(r.code == 0);
  g = r.equation->geometry;
  check_call(VecGetArrayRead(r.U, &u));
  for (PetscInt j = 0; j < g->count[1]; j++)
    for (PetscInt i = 0; i < g->count[0]; i++, n++) {
      const PetscInt at = SinewGeometryPadded(g, i, j, 0);
      const PetscReal error = fabs(u[n] - (*exact)(g->centre[0][at], g->centre[1][at]));

      worst = PetscMax(worst, error);
      square += error * error / (PetscReal)(cells * cells);
    }
  check_call(VecRestoreArrayRead(r.U, &u));
  check_call(MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  check_call(MPI_Allreduce(MPI_IN_PLACE, &square, 1, MPIU_REAL, MPIU_SUM, PETSC_COMM_WORLD));
  if (rms) *rms = sqrt(square);
  end_run(&r);
  return worst;
}

static void a_steady_state_stays(void **state)
{
  const PetscReal coarse = error_of(steady, at_rest, 16, NULL, NULL), fine = error_of(steady, at_rest, 32, NULL, NULL);

  (void)state;
  print_message("  largest error %g with 16 x 16 cells, %g with 32 x 32\n", coarse, fine);
  check_all(fine < 0.02);
  check_all(coarse > 3 * fine);
}

static void values_are_taken_where_sides_are(void **state)
{
  PetscReal coarse, fine, far, near;

  (void)state;
  (void)error_of(box, in_box, 16, NULL, &coarse);
  (void)error_of(box, in_box, 32, NULL, &fine);
  (void)error_of(wave, come_in, 16, NULL, &far);
  (void)error_of(wave, come_in, 32, NULL, &near);
  print_message("  mean errors in a box %g, %g; of a wave that comes in %g, %g\n", coarse, fine, far, near);
  check_all(fine < 6e-4); /* the mesh at rest: 3.8e-4 and 1.1e-2 */
  check_all(coarse > 3.5 * fine);
  check_all(near < 1.3e-2);
  check_all(far > 2.5 * near);
}

/* In steps of which explicit methods could take a hundredth, on a mesh where these errors are those in time. */
static void implicit_diffusion_is_of_second_order(void **state)
{
  static const char *const steppers[][2] = {{"stepper={type: arkimex, scheme: \"2e\", control: fixed, dt: 0.05}",
                                             "stepper={type: arkimex, scheme: \"2e\", control: fixed, dt: 0.025}"},
                                            {"stepper={type: cn, dt: 0.05}", "stepper={type: cn, dt: 0.025}"}};

  (void)state;
  for (int k = 0; k < 2; k++) {
    const PetscReal coarse = error_of(decay, decayed, 32, steppers[k][0], NULL),
                    fine = error_of(decay, decayed, 32, steppers[k][1], NULL);

    print_message("  %s: largest error %g, with half the step %g\n", steppers[k][0], coarse, fine);
    check_all(fine < 0.006);
    check_all(coarse > 3.5 * fine);
  }
}

/* The geometric conservation law of every pair whose explicit and implicit stages stand at the same times. */
static void a_uniform_state_stays_in_implicit_steps(void **state)
{
  static const char *const types[] = {"arkimex, scheme: 2c",
                                      "arkimex, scheme: 2d",
                                      "arkimex, scheme: \"2e\"",
                                      "arkimex, scheme: 3",
                                      "arkimex, scheme: 4",
                                      "arkimex, scheme: \"5\"",
                                      "cn",
                                      "beuler"};

  (void)state;
  for (size_t k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
    char stepper[96];
    const char *const overrides[] = {"initial.u=1.7", "grid.cells=[12, 12]", stepper, NULL};
    PetscReal least, most;
    Run r;

    snprintf(stepper, sizeof(stepper), "stepper={type: %s, control: fixed, dt: 0.02}", types[k]);
    r = run_deck(PETSC_COMM_WORLD, decay, overrides);
    check_all(r.code == 0);
    check_call(VecMin(r.U, NULL, &least));
    check_call(VecMax(r.U, NULL, &most));
    check_close(least, 1.7, 2e-12);
    check_close(most, 1.7, 2e-12);
    end_run(&r);
  }
}

static void constant_formulas_are_constants(void **state)
{
  const char *const constants[] = {"equation={type: advection, velocity: [0.7, 0.5], diffusivity: 0.05, source: 0.3}",
                                   NULL},
                    *const formulas[] = {"equation={type: advection, velocity: [\"0.7 + 0*x\", \"0.5 + 0*t\"], "
                                         "diffusivity: \"0.05 + 0*y\", source: \"0.3 + 0*x\"}",
                                         NULL};
  Run a = run_deck(PETSC_COMM_WORLD, steady, constants), b = run_deck(PETSC_COMM_WORLD, steady, formulas);
  PetscReal difference;

  (void)state;
  check_call(VecAXPY(a.U, -1, b.U));
  check_call(VecNorm(a.U, NORM_INFINITY, &difference));
  check_close(difference, 0, 1e-11);
  end_run(&a);
  end_run(&b);
}

SINEW_TEST_MAIN(cmocka_unit_test(a_steady_state_stays), cmocka_unit_test(implicit_diffusion_is_of_second_order),
                cmocka_unit_test(a_uniform_state_stays_in_implicit_steps),
                cmocka_unit_test(values_are_taken_where_sides_are), cmocka_unit_test(constant_formulas_are_constants))

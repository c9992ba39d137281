// RANKS 1 2 4
// TIMEOUT 120
/* Incompressible flow on periodic grids: exact decay, orders of the integrator, what inviscid flow keeps, ranks. */
#include "tests/solvers/decks.h"

#define TWO_PI "6.283185307179586"
#define SQUARE "grid: {cells: [32, 32], upper: [" TWO_PI ", " TWO_PI "]}\n"
#define CUBE   "grid: {cells: [16, 16, 16], upper: [" TWO_PI ", " TWO_PI ", " TWO_PI "]}\n"

static const char vortices[] =
    "equation: {type: navier_stokes, viscosity: 0.02, mean: [0.5, 0.25]}\n" SQUARE "initial: {type: taylor_green}\n"
    "stepper: {type: spectral, scheme: rk4}\ntime: {end: 1}\n" NO_FILES;

static void largest_errors(Run *r, double error[2])
{
  PetscReal l1[SINEW_COMPONENTS_MAX], l2[SINEW_COMPONENTS_MAX], linf[SINEW_COMPONENTS_MAX];
  PetscBool known;

  assert_int_equal(r->code, 0);
  check_call(SinewSimulationErrors(r->simulation, &known, l1, l2, linf));
  assert_true(known);
  error[0] = linf[0];
  error[1] = linf[1];
}

/* At rest the nonlinear term vanishes and the integrating factor is exact: nothing is left but rounding. */
static void vortices_decay_to_spectral_accuracy(void **state)
{
  const char *const overrides[] = {"grid.cells=[64,64]", "initial={type: taylor_green, waves: 4}",
                                   "equation.mean=[0,0]", "time.end=2", NULL};
  Run r = run_deck(PETSC_COMM_WORLD, vortices, overrides);
  double error[2];

  (void)state;
  largest_errors(&r, error);
  check_close(error[0], 0, 1e-12);
  check_close(error[1], 0, 1e-12);
  end_run(&r);
}

/* In a moving frame the transport is a travelling wave, which shows the order in time. */
static void schemes_have_their_order(void **state)
{
  static const char *const schemes[] = {"stepper.scheme=rk2", "stepper.scheme=rk3", "stepper.scheme=rk4"};

  (void)state;
  for (int s = 0; s < 3; s++) {
    double coarse[2], fine[2], order;
    const char *const one[] = {schemes[s], "stepper.dt=0.1", NULL}, *const two[] = {schemes[s], "stepper.dt=0.05",
                                                                                    NULL};
    Run a = run_deck(PETSC_COMM_WORLD, vortices, one), b = run_deck(PETSC_COMM_WORLD, vortices, two);

    largest_errors(&a, coarse);
    largest_errors(&b, fine);
    order = log2(coarse[0] / fine[0]);
    print_message("  %s: %.2e, %.2e, order %.2f\n", schemes[s], coarse[0], fine[0], order);
    check_close(order, s + 2, 0.15);
    end_run(&a);
    end_run(&b);
  }
}

/* Sums over cells, exact integrals of products of two kept fields: energy, enstrophy, square of the first scalar. */
static void squares(Run *r, const char *field, PetscInt first, PetscInt count, double *sum)
{
  const PetscInt nc = r->equation->components;
  PetscInt n;
  const PetscReal *u;

  *sum = 0;
  check_call(VecGetLocalSize(r->U, &n));
  if (field) {
    PetscReal *value;
    PetscInt components;

    check_call(PetscMalloc1((size_t)(3 * n), &value));
    check_call(SinewEquationField(r->equation, r->U, field, &components, value));
    for (PetscInt i = 0; i < n / nc; i++) *sum += value[i] * value[i];
    check_call(PetscFree(value));
  } else {
    check_call(VecGetArrayRead(r->U, &u));
    for (PetscInt i = 0; i < n / nc; i++) {
      for (PetscInt c = first; c < first + count; c++) *sum += u[i * nc + c] * u[i * nc + c];
    }
    check_call(VecRestoreArrayRead(r->U, &u));
  }
  MPI_Allreduce(MPI_IN_PLACE, sum, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
}

/* Truncated inviscid flow keeps energy, 2D flow enstrophy, transport the scalar's square: errors are those of rk4 in
   time, of fourth order or more. */
static void inviscid_flow_conserves(void **state)
{
  static const char *const decks[] = {
      "equation: {type: navier_stokes, scalars: [dye]}\n" SQUARE
      "initial: {type: expression, velocity_x: \"sin(y)+cos(2*x-3*y)*3\", velocity_y: \"sin(2*x)+cos(2*x-3*y)*2\", "
      "dye: "
      "\"cos(x)*sin(2*y)\"}\nstepper: {type: spectral, scheme: rk4, max_steps: 1, dt: 1e-9}\ntime: {end: "
      "0.4}\n" NO_FILES,
      "equation: {type: navier_stokes, scalars: [dye]}\n" CUBE
      "initial: {type: expression, velocity_x: \"sin(y)+cos(2*z)\", velocity_y: \"sin(2*x)+cos(3*z)\", velocity_z: "
      "\"sin(x)+cos(x-y)\", dye: \"cos(x)*sin(2*y)\"}\n"
      "stepper: {type: spectral, scheme: rk4, max_steps: 1, dt: 1e-9}\ntime: {end: 0.4}\n" NO_FILES};

  (void)state;
  for (int dim = 2; dim <= 3; dim++) {
    static const char *const steps[] = {"stepper.dt=1e-9", "stepper.dt=0.02", "stepper.dt=0.01"};
    double energy[3], enstrophy[3], scalar[3];

    for (int k = 0; k < 3; k++) {
      const char *const overrides[] = {steps[k], k ? "stepper.max_steps=0" : "stepper.max_steps=1", NULL};
      Run r = run_deck(PETSC_COMM_WORLD, decks[dim - 2], overrides);

      squares(&r, NULL, 0, dim, &energy[k]);
      squares(&r, "vorticity", 0, 1, &enstrophy[k]);
      squares(&r, NULL, dim, 1, &scalar[k]);
      end_run(&r);
    }
    for (int k = 1; k < 3; k++)
      print_message("  %dD: energy %+.1e, enstrophy %+.1e, scalar %+.1e\n", dim, energy[k] / energy[0] - 1,
                    enstrophy[k] / enstrophy[0] - 1, scalar[k] / scalar[0] - 1);
    check_close(energy[2] / energy[0], 1, 3e-7);
    check_close(scalar[2] / scalar[0], 1, 3e-7);
    check_all(fabs(energy[2] / energy[0] - 1) * 8 < fabs(energy[1] / energy[0] - 1));
    check_all(fabs(scalar[2] / scalar[0] - 1) * 20 < fabs(scalar[1] / scalar[0] - 1));
    if (dim == 2)
      check_close(enstrophy[2] / enstrophy[0], 1, 3e-7);
    else
      check_all(enstrophy[2] / enstrophy[0] > 1.05); /* vortices stretch */
  }
}

static const char *const all_terms[] = {
    "equation: {type: navier_stokes, viscosity: 1e-3, drag: 0.1, hyperviscosity: 1e-9, scalars: [heat, dye], "
    "scalar_diffusivity: 2e-3, buoyancy: [0.1, 0.5], force: [\"sin(4*y)\", \"cos(x+t)\"], stirring: {power: 0.1, "
    "wavenumber: 4, seed: 3}}\n"
    "grid: {cells: [36, 30], upper: [" TWO_PI ", " TWO_PI "]}\n"
    "initial: {type: shear_layers}\nstepper: {type: spectral}\ntime: {end: 0.5}\n" NO_FILES,
    "equation: {type: navier_stokes, viscosity: 1e-3, scalars: [heat], buoyancy: [0, 0.1, 0.5], force: "
    "[\"sin(4*y)\", "
    "\"0\", \"cos(x+t)\"], stirring: {power: 0.1, wavenumber: 3}}\n"
    "grid: {cells: [16, 18, 20], upper: [" TWO_PI ", " TWO_PI ", " TWO_PI "]}\n"
    "initial: {type: turbulence, peak: 2}\nstepper: {type: spectral, scheme: rk2}\ntime: {end: 0.2}\n" NO_FILES};

static void ranks_agree(void **state)
{
  (void)state;
  for (int d = 0; d < 2; d++) {
    static const char *const cuts[2][2] = {{"grid.ranks=[0,0]", "grid.ranks=[0,1]"},
                                           {"grid.ranks=[0,0,0]", "grid.ranks=[1,0,1]"}};

    for (int k = 0; k < 2; k++) {
      const char *const overrides[] = {cuts[d][k], NULL};
      Run all = run_deck(PETSC_COMM_WORLD, all_terms[d], overrides),
          one = run_deck(PETSC_COMM_SELF, all_terms[d], NULL);

      check_all(all.code == 0 && one.code == 0);
      check_close(distance_from_alone(&all, &one), 0, 1e-12);
      end_run(&all);
      end_run(&one);
    }
  }
}

/* Energy from stirring alone grows by its power; a constant force accelerates the mean; drag stops it. */
static void forces_do_their_work(void **state)
{
  static const char stirred[] =
      "equation: {type: navier_stokes, stirring: {power: 0.5, wavenumber: 5, width: 3}}\n" SQUARE
      "initial: {type: expression}\nstepper: {type: spectral, dt: 1e-4}\ntime: {end: 0.05}\n" NO_FILES;
  static const char pushed[] = "equation: {type: navier_stokes, drag: 2, force: [1, -0.5]}\n" SQUARE
                               "initial: {type: expression, velocity_y: 1}\nstepper: {type: spectral, scheme: rk4, dt: "
                               "0.01}\ntime: {end: 1}\n" NO_FILES;
  double energy;
  const PetscReal *u;
  Run r = run_deck(PETSC_COMM_WORLD, stirred, NULL);

  (void)state;
  squares(&r, NULL, 0, 2, &energy);
  energy *= 0.5 / (32 * 32);
  print_message("  stirred energy %.4f of 0.025\n", energy);
  check_close(energy, 0.025, 0.004);
  end_run(&r);
  r = run_deck(PETSC_COMM_WORLD, pushed, NULL);
  check_call(VecGetArrayRead(r.U, &u));
  check_close(u[0], 0.5 * (1 - exp(-2.0)), 1e-8);
  check_close(u[1], exp(-2.0) - 0.25 * (1 - exp(-2.0)), 1e-8);
  check_call(VecRestoreArrayRead(r.U, &u));
  end_run(&r);
}

/* energy_mean, enstrophy_mean and dissipation_mean of the state at a time. */
static void measure(const char text[], const char *const more[2], double time, double value[3])
{
  char end[64];
  const char *const overrides[] = {end, more[0], more[1], NULL};
  Run r;

  snprintf(end, sizeof(end), "time.end=%.17g", time);
  r = run_deck(PETSC_COMM_WORLD, text, overrides);
  assert_int_equal(r.code, 0);
  assert_string_equal(r.equation->measures[2], "dissipation_mean");
  check_call((*r.equation->type->measure)(r.equation, r.U, value));
  end_run(&r);
}

/* u = sin x cos y cos z, v = -cos x sin y cos z */
static const char green[] =
    "equation: {type: navier_stokes, viscosity: 0.01}\n"
    "grid: {cells: [32, 32, 32], upper: [" TWO_PI ", " TWO_PI ", " TWO_PI "]}\n"
    "initial: {type: taylor_green}\nstepper: {type: spectral, scheme: rk3}\ntime: {end: 1}\n" NO_FILES;

/* Taylor-Green vortex at Re = 100: rate of dissipation, read off figure 7 of Brachet et al. (J. Fluid Mech. 130, 1983)
   by the authors of PsDNS (its test_dns.py); the peak, 0.01298 at t = 4.84, is the third. */
static void dissipation_peaks_as_in_the_literature(void **state)
{
  static const double points[][2] = {{1.427543, 0.008292930}, {4.165286, 0.012710106}, {4.840763, 0.012977895},
                                     {5.544664, 0.012743379}, {6.373918, 0.011782383}, {8.117516, 0.008460161}};
  static const char *const none[2] = {NULL, NULL};

  (void)state;
  for (size_t k = 0; k < sizeof(points) / sizeof(points[0]); k++) {
    double value[3];

    measure(green, none, points[k][0], value);
    print_message("  t = %.2f: %.6f of %.6f\n", points[k][0], value[2], points[k][1]);
    check_close(value[2] / 0.012978, points[k][1] / 0.012978, 6e-3);
    check_close(value[2], 2 * 0.01 * value[1], 1e-15);
  }
}

/* At Re = 1600 and t = 1, where 32^3 cells still resolve it, against the 512^3 cells of Dairay et al. (J. Comput. Phys.
   337, 2017; TGV_Re1600.dat of Incompact3d). */
static void vortex_breaks_up_as_in_the_finest_simulations(void **state)
{
  static const char *const finer[2] = {"equation.viscosity=6.25e-4", "stepper={type: spectral, scheme: rk4, dt: 0.05}"};
  double value[3];

  (void)state;
  measure(green, finer, 1, value);
  print_message("  energy %.2e, dissipation %.2e from them\n", value[0] / 0.124515267346 - 1,
                value[2] / 0.518818700424e-3 - 1);
  check_close(value[0] / 0.124515267346, 1, 2e-10);
  check_close(value[2] / 0.518818700424e-3, 1, 2e-7);
}

/* All that takes energy counts, and nothing else: dE/dt of 2D flow with drag and hyperviscosity, to the order of the
   difference in time. */
static void energy_falls_by_the_dissipation(void **state)
{
  static const char text[] = "equation: {type: navier_stokes, viscosity: 0.01, drag: 0.1, hyperviscosity: 1e-4, "
                             "hyperviscosity_order: 2}\n" SQUARE "initial: {type: shear_layers, perturbation: 0.3}\n"
                             "stepper: {type: spectral, scheme: rk4, dt: 0.01}\ntime: {end: 1}\n" NO_FILES;
  static const char *const none[2] = {NULL, NULL};
  double before[3], middle[3], after[3];

  (void)state;
  measure(text, none, 0.49, before);
  measure(text, none, 0.5, middle);
  measure(text, none, 0.51, after);
  print_message("  %.3e\n", (before[0] - after[0]) / 0.02 / middle[2] - 1);
  check_close((before[0] - after[0]) / 0.02 / middle[2], 1, 1e-4);
}

/* A stepper that is not for these equations, and equations that are not for the stepper, are named. */
static void mistakes_are_named(void **state)
{
  static const struct {
    const char *text, *line;
  } cases[] = {
      {"equation: {type: navier_stokes}\n" SQUARE
       "initial: {type: taylor_green}\nstepper: {type: rk}\ntime: {end: 1}\n",
       "test.yaml:4:17: stepper.type: expected spectral, ssp, euler or insr for navier_stokes, found rk"},
      {"equation: {type: euler}\n" SQUARE "initial: {type: sod}\nstepper: {type: spectral}\ntime: {end: 1}\n",
       "test.yaml:4:17: stepper.type: euler has no spectral form"},
      {"equation: {type: navier_stokes}\n" SQUARE
       "initial: {type: taylor_green}\nstepper: {type: spectral}\ntime: {end: 1}\nreference: {stepper: {type: ssp}}\n",
       "test.yaml:6:29: reference.stepper.type: the velocity's components stand elsewhere under this stepper than "
       "under "
       "another of the deck"},
      {"equation: {type: navier_stokes, buoyancy: [0, 1, 0]}\n" SQUARE
       "initial: {type: taylor_green}\nstepper: {type: spectral, cfl: 2}\ntime: {end: 1}\n",
       "test.yaml:1:43: equation.buoyancy: expected 2 numbers, found 3"},
  };

  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) expect_refusal(cases[k].text, NULL, cases[k].line);
}

SINEW_TEST_MAIN(cmocka_unit_test(vortices_decay_to_spectral_accuracy), cmocka_unit_test(schemes_have_their_order),
                cmocka_unit_test(inviscid_flow_conserves), cmocka_unit_test(ranks_agree),
                cmocka_unit_test(forces_do_their_work), cmocka_unit_test(dissipation_peaks_as_in_the_literature),
                cmocka_unit_test(vortex_breaks_up_as_in_the_finest_simulations),
                cmocka_unit_test(energy_falls_by_the_dissipation), cmocka_unit_test(mistakes_are_named))

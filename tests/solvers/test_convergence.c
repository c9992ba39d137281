// RANKS 1
// TIMEOUT 300
/* Orders of convergence and errors against exact solutions, each a deck. */
#include "tests/solvers/orders.h"

static const char advection[] = "equation: {type: advection, velocity: [1, 0.5]}\n"
                                "grid: {cells: [32, 32]}\n"
                                "initial: {type: sine, offset: 2}\n"
                                "stepper: {type: ssp}\n"
                                "time: {end: 1}\n" NO_FILES;

static void advection_plm(void **state)
{
  (void)state;
  assert_true(order(advection, 2, 64, 0, NULL) >= 1.9);
}

static void advection_weno5(void **state)
{
  const char *const extra[] = {"stepper.type=rk",     "stepper.scheme=5dp", "stepper.reconstruction=weno5",
                               "stepper.control=cfl", "stepper.cfl=0.5",    NULL};

  (void)state;
  assert_true(order(advection, 2, 32, 0, extra) >= 4.5);
}

static const char vortex[] = "equation: {type: euler}\n"
                             "grid: {cells: [32, 32], lower: [-5, -5], upper: [5, 5]}\n"
                             "initial: {type: isentropic_vortex}\n"
                             "stepper: {type: ssp}\n"
                             "time: {end: 1}\n" NO_FILES;

static void vortex_plm(void **state)
{
  (void)state;
  assert_true(order(vortex, 2, 64, 0, NULL) >= 1.9);
}

static void vortex_weno5(void **state)
{
  const char *const extra[] = {"stepper.type=rk",     "stepper.scheme=5dp", "stepper.reconstruction=weno5",
                               "stepper.control=cfl", "stepper.cfl=0.5",    NULL};

  (void)state;
  assert_true(order(vortex, 2, 64, 0, extra) >= 4.5);
}

static const char diffusion[] = "equation: {type: diffusion, diffusivity: [0.02, 0.01]}\n"
                                "grid: {cells: [16, 16]}\n"
                                "initial: {type: sine}\n"
                                "stepper: {type: arkimex, scheme: 4, rtol: 1e-8, atol: 1e-8}\n"
                                "time: {end: 0.2}\n" NO_FILES;

static void diffusion_implicit(void **state)
{
  (void)state;
  assert_true(fabs(order(diffusion, 2, 16, 0, NULL) - 2) < 0.1);
}

static void diffusion_explicit(void **state)
{
  const char *const extra[] = {"stepper={type: ssp, scheme: rks2}", NULL};

  (void)state;
  assert_true(fabs(order(diffusion, 2, 16, 0, extra) - 2) < 0.1);
}

static void diffusion_crank_nicolson(void **state)
{
  const char *const extra[] = {"stepper={type: cn, dt: 0.002}", NULL};

  (void)state;
  assert_true(fabs(order(diffusion, 2, 16, 0, extra) - 2) < 0.1);
}

static void diffusion_bdf(void **state)
{
  const char *const extra[] = {"stepper={type: bdf, order: 4, rtol: 1e-7, atol: 1e-7}", NULL};

  (void)state;
  assert_true(fabs(order(diffusion, 2, 16, 0, extra) - 2) < 0.1);
}

/* Advection-diffusion on a stretched axis: the map is smooth, so second order stays. */
static const char stretched[] = "equation: {type: advection, velocity: 1, diffusivity: 0.01}\n"
                                "grid: {cells: [32], stretch: {x: \"x + 0.1*sin(2*pi*x)/pi\"}}\n"
                                "initial: {type: sine}\n"
                                "stepper: {type: ssp}\n"
                                "time: {end: 0.5}\n" NO_FILES;

static void stretched_grid(void **state)
{
  (void)state;
  assert_true(order(stretched, 1, 128, 0, NULL) >= 1.8);
}

static void sod(void **state)
{
  static const char text[] = "equation: {type: euler}\n"
                             "grid: {cells: [400], boundary: {x: outflow}}\n"
                             "initial: {type: sod}\n"
                             "stepper: {type: ssp, reconstruction: plm_mc}\n"
                             "time: {end: 0.2}\n" NO_FILES;
  const double error = l1_error(text, NULL, 0);

  (void)state;
  print_message("  Sod, 400 cells, PLM + HLLC: L1 error of density %.5f\n", error);
  assert_true(error <= 0.008);
}

/* Compressible Navier-Stokes: the decay of a shear wave, whose rate is nu k^2 whatever the rest does. */
static void viscous_shear(void **state)
{
  static const char text[] = "equation: {type: euler, viscosity: 0.01}\n"
                             "grid: {cells: [32, 4], upper: [1, 0.125]}\n"
                             "initial: {type: expression, rho: 1, p: 100, velocity_y: \"0.01*sin(2*pi*x)\"}\n"
                             "stepper: {type: ssp}\n"
                             "time: {end: 0.5}\n" NO_FILES;
  Run r = run_deck(PETSC_COMM_WORLD, text, NULL);
  PetscReal total[8], min[8], max[8];
  const double exact = 0.01 * exp(-0.01 * 4 * PETSC_PI * PETSC_PI * 0.5);

  (void)state;
  check_call(SinewDiagnose(r.equation, r.U, total, min, max));
  print_message("  amplitude %.6f, exact %.6f\n", (double)max[2], exact);
  check_close(max[2], exact * cos(PETSC_PI / 32), 5e-3 * exact);
  end_run(&r);
}

SINEW_TEST_MAIN(cmocka_unit_test(advection_plm), cmocka_unit_test(advection_weno5), cmocka_unit_test(vortex_plm),
                cmocka_unit_test(vortex_weno5), cmocka_unit_test(diffusion_implicit),
                cmocka_unit_test(diffusion_explicit), cmocka_unit_test(diffusion_crank_nicolson),
                cmocka_unit_test(diffusion_bdf), cmocka_unit_test(stretched_grid), cmocka_unit_test(sod),
                cmocka_unit_test(viscous_shear))

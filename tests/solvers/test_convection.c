// RANKS 1 2
// TIMEOUT 240
// LABELS unit long
/* Convection between plates: onset and heat flux of the literature. */
#include "tests/solvers/decks.h"

/* One roll of the critical wavelength 2 pi / 3.117 in thermal units: kappa = 1, plates 1 apart, 1 hot and 0 cold. */
static const char text[] =
    "equation: {type: navier_stokes, viscosity: 1, scalars: [heat], scalar_diffusivity: 1, buoyancy: [0, 1708]}\n"
    "grid: {cells: [48, 24], upper: [2.0157, 1], boundary: {x: periodic, y: {lower: {type: dirichlet, values: {heat: "
    "1}}, upper: {type: dirichlet, values: {heat: 0}}}}}\n"
    "initial: {type: expression, heat: \"1 - y + 0.001*sin(pi*y)*cos(2*pi*x/2.0157)\"}\n"
    "stepper: {type: ssp, scheme: rks3}\ntime: {end: 1}\n" NO_FILES;

static double largest_lift(const char rayleigh[], const char end[])
{
  const char *const overrides[] = {rayleigh, end, NULL};
  Run r = run_deck(PETSC_COMM_WORLD, text, overrides);
  PetscReal total[3], min[3], max[3];

  assert_int_equal(r.code, 0);
  check_call(SinewDiagnose(r.equation, r.U, total, min, max));
  end_run(&r);
  return max[1];
}

/* Growth rates of small rolls on both sides of the onset, and where the line between them vanishes: Ra = 1707.76
   (Chandrasekhar 1961, section 15). */
static void rolls_grow_above_the_critical_rayleigh_number(void **state)
{
  static const char *const rayleigh[] = {"equation.buoyancy=[0,1600]", "equation.buoyancy=[0,1800]"};
  double rate[2], onset;

  (void)state;
  for (int k = 0; k < 2; k++)
    rate[k] = log(largest_lift(rayleigh[k], "time.end=0.6") / largest_lift(rayleigh[k], "time.end=0.4")) / 0.2;
  onset = 1600 - 200 * rate[0] / (rate[1] - rate[0]);
  print_message("  rates %.3f and %.3f: onset at Ra = %.1f\n", rate[0], rate[1], onset);
  check_close(onset, 1707.76, 0.02 * 1707.76);
}

/* Clever & Busse (J. Fluid Mech. 65, 1974), table 1, Pr = 0.71, wavenumber 3.117: Nu = 2.116 at Ra = 5000. */
static void rolls_carry_the_heat_of_the_literature(void **state)
{
  const char *const overrides[] = {"equation.viscosity=0.71", "equation.buoyancy=[0,3550]", "time.end=4",
                                   "initial={type: expression, heat: \"1-y+0.1*sin(pi*y)*cos(2*pi*x/2.0157)\"}", NULL};
  Run r = run_deck(PETSC_COMM_WORLD, text, overrides);
  const SinewAxis *x = SinewGridAxis(r.grid, 0), *y = SinewGridAxis(r.grid, 1);
  double flux[2] = {0, 0};
  const PetscReal *u;

  (void)state;
  assert_int_equal(r.code, 0);
  check_call(VecGetArrayRead(r.U, &u));
  for (PetscInt n = 0; n < x->count * y->count; n++) {
    const PetscInt j = y->start + n / x->count;

    if (j == 0) flux[0] += (1 - u[3 * n + 2]) * 2 * y->inverse[0] / (double)x->cells;
    if (j == y->cells - 1) flux[1] += u[3 * n + 2] * 2 * y->inverse[0] / (double)x->cells;
  }
  check_call(VecRestoreArrayRead(r.U, &u));
  MPI_Allreduce(MPI_IN_PLACE, flux, 2, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  print_message("  Nusselt number %.4f at the hot, %.4f at the cold plate\n", flux[0], flux[1]);
  check_close(flux[0], flux[1], 1e-3);
  check_close(flux[0], 2.116, 0.02 * 2.116);
  end_run(&r);
}

SINEW_TEST_MAIN(cmocka_unit_test(rolls_grow_above_the_critical_rayleigh_number),
                cmocka_unit_test(rolls_carry_the_heat_of_the_literature))

// TIMEOUT 300
// LABELS unit long
/*
  The lid-driven cavity against the tables of Ghia, Ghia & Shin (J. Comput. Phys. 48, 1982), which are good to two
  digits, and against the extrema of Botella & Peyret's spectral solutions (Computers & Fluids 27, 1998), which are good
  to six.
*/
#include "tests/solvers/decks.h"

#define POINTS 15
/* Table I: u on the vertical line through the middle; table II: v on the horizontal one. */
static const double at_y[POINTS] = {0.9766, 0.9688, 0.9609, 0.9531, 0.8516, 0.7344, 0.6172, 0.5,
                                    0.4531, 0.2813, 0.1719, 0.1016, 0.0703, 0.0625, 0.0547};
static const double at_x[POINTS] = {0.9688, 0.9609, 0.9531, 0.9453, 0.9063, 0.8594, 0.8047, 0.5,
                                    0.2344, 0.2266, 0.1563, 0.0938, 0.0781, 0.0703, 0.0625};
static const double u_100[POINTS] = {0.84123,  0.78871,  0.73722,  0.68717,  0.23151,  0.00332,  -0.13641, -0.20581,
                                     -0.21090, -0.15662, -0.10150, -0.06434, -0.04775, -0.04192, -0.03717};
static const double v_100[POINTS] = {-0.05906, -0.07391, -0.08864, -0.10313, -0.16914, -0.22445, -0.24533, 0.05454,
                                     0.17527,  0.17507,  0.16077,  0.12317,  0.10890,  0.10091,  0.09233};
static const double u_1000[POINTS] = {0.65928,  0.57492,  0.51117,  0.46604,  0.33304,  0.18719,  0.05702, -0.06080,
                                      -0.10648, -0.27805, -0.38289, -0.29730, -0.22220, -0.20196, -0.18109};
static const double v_1000[POINTS] = {-0.21388, -0.27669, -0.33714, -0.39188, -0.51550, -0.42665, -0.31966, 0.02526,
                                      0.32235,  0.33075,  0.37095,  0.32627,  0.30353,  0.29012,  0.27485};

static const char text[] =
    "equation: {type: navier_stokes, viscosity: 0.01}\n"
    "grid: {cells: [64, 64], boundary: {x: no_slip, y: {lower: no_slip, upper: {type: dirichlet, values: {velocity_x: "
    "1}}}}}\ninitial: {type: expression}\nstepper: {type: ssp, scheme: rks3}\ntime: {end: 15}\n" NO_FILES;

/* Component c at distance s along the middle line of its axis' faces: cubic through the four nearest centres. */
static double on_line(const PetscReal u[], int n, int c, double s)
{
  const double x = s * n - 0.5;
  int first = (int)floor(x) - 1;
  double sum = 0;

  first = first < 0 ? 0 : first > n - 4 ? n - 4 : first;
  for (int a = first; a < first + 4; a++) {
    const int cell = c == 0 ? a * n + n / 2 : n / 2 * n + a;
    double weight = 1;

    for (int b = first; b < first + 4; b++) {
      if (b != a) weight *= (x - b) / (a - b);
    }
    sum += weight * u[2 * cell + c];
  }
  return sum;
}

/* extreme: least u on the vertical, largest and least v on the horizontal line. */
static void measure(const char *const overrides[], int n, const double *u, const double *v, double extreme[3])
{
  Run r = run_deck(PETSC_COMM_SELF, text, overrides);
  double worst[2] = {0, 0};
  const PetscReal *w;

  assert_int_equal(r.code, 0);
  check_call(VecGetArrayRead(r.U, &w));
  for (int p = 0; p < POINTS; p++) {
    worst[0] = fmax(worst[0], fabs(on_line(w, n, 0, at_y[p]) - u[p]));
    worst[1] = fmax(worst[1], fabs(on_line(w, n, 1, at_x[p]) - v[p]));
  }
  extreme[0] = extreme[1] = extreme[2] = 0;
  for (double s = 0.02; s < 0.98; s += 0.001) {
    extreme[0] = fmin(extreme[0], on_line(w, n, 0, s));
    extreme[1] = fmax(extreme[1], on_line(w, n, 1, s));
    extreme[2] = fmin(extreme[2], on_line(w, n, 1, s));
  }
  check_call(VecRestoreArrayRead(r.U, &w));
  print_message("  %d cells: off Ghia by %.4f in u, %.4f in v; extrema %.5f %.5f %.5f\n", n, worst[0], worst[1],
                extreme[0], extreme[1], extreme[2]);
  if (n > 32) assert_true(worst[0] < 0.01 && worst[1] < 0.01);
  end_run(&r);
}

/* Errors fall by four when cells are halved, so that a third of the difference is what is left. */
static void reynolds_100(void **state)
{
  static const double exact[3] = {-0.2140424, 0.1795728, -0.2538030};
  const char *const overrides[] = {"grid.cells=[32,32]", NULL};
  double coarse[3], fine[3];

  (void)state;
  measure(overrides, 32, u_100, v_100, coarse);
  measure(NULL, 64, u_100, v_100, fine);
  for (int k = 0; k < 3; k++) {
    check_close(fine[k] + (fine[k] - coarse[k]) / 3, exact[k], 3e-4);
    check_close((coarse[k] - exact[k]) / (fine[k] - exact[k]), 4, 0.8);
  }
}

static void reynolds_1000(void **state)
{
  const char *const overrides[] = {"equation.viscosity=0.001", "grid.cells=[96,96]", "time.end=45", NULL};
  double extreme[3];

  (void)state;
  measure(overrides, 96, u_1000, v_1000, extreme);
}

SINEW_TEST_MAIN(cmocka_unit_test(reynolds_100), cmocka_unit_test(reynolds_1000))

// RANKS 1 2
/* Conditions that know the time, seen through whole runs: what enters through a side is the exact solution's. */
#include "tests/solvers/decks.h"

/* A hill outside the domain is carried in: under an exact boundary it arrives, were that frozen at t = 0 it would not.
 */
#define ENTERING                                                       \
  "equation: {type: advection, velocity: 1}\n"                         \
  "grid: {cells: [200], boundary: {x: {lower: %s, upper: outflow}}}\n" \
  "initial: {type: gaussian, center: -0.5, width: 0.1}\n"              \
  "stepper: {type: ssp, scheme: rks3, reconstruction: weno5, cfl: 0.5}\ntime: {end: 1}\n" NO_FILES

static void test_follows_time(void **state)
{
  static const char *const sides[] = {"exact", "{type: inflow, values: {u: \"exp(-((x + 0.5 - t) / 0.1)^2)\"}}",
                                      "[{type: exact, where: 1}, wall]"};

  (void)state;
  for (int i = 0; i < 3; i++) {
    char text[1000];

    snprintf(text, sizeof(text), ENTERING, sides[i]);
    assert_true(l1_error(text, NULL, 0) < 1e-4);
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(test_follows_time))

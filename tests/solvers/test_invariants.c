// RANKS 1 2 4
// TIMEOUT 180
/* What must hold to the last digit: rank invariance, symmetry, conservation. */
#include "tests/solvers/decks.h"

static const char *const decks[] = {
    "equation: {type: euler}\ngrid: {cells: [48, 40]}\ninitial: {type: kelvin_helmholtz}\nstepper: {type: ssp}\ntime: "
    "{end: 0.1}\n" NO_FILES,
    "equation: {type: euler, gravity: [0, -0.1], scalars: [dye], viscosity: 1e-4}\ngrid: {cells: [24, 56], lower: "
    "[-0.25, -0.75], upper: [0.25, 0.75], boundary: {x: periodic, y: wall}}\n"
    "initial: {type: rayleigh_taylor}\nstepper: {type: ssp, scheme: rks3, reconstruction: ppm}\ntime: {end: "
    "0.2}\n" NO_FILES,
    "equation: {type: euler}\ngrid: {cells: [20, 18, 16]}\ninitial: {type: sedov, radius: 0.2, pressure: "
    "0.01}\nstepper: {type: ssp, reconstruction: weno5, variables: characteristic}\ntime: {end: 0.02}\n" NO_FILES,
    "equation: {type: burgers, viscosity: 0.01}\ngrid: {cells: [37], boundary: {x: {lower: {type: inflow, values: {u: "
    "\"1+sin(10*t)\"}}, upper: outflow}}}\ninitial: {type: gaussian}\nstepper: {type: rk, scheme: 3bs}\ntime: {end: "
    "0.2}\n" NO_FILES,
    "equation: {type: advection, velocity: [\"-(y-0.5)\", \"x-0.5\"], diffusivity: 1e-3}\ngrid: {cells: [33, 29], "
    "boundary: {x: outflow, y: outflow}}\ninitial: {type: gaussian, center: [0.5, 0.7]}\nstepper: {type: ssp, scheme: "
    "rk104, reconstruction: weno5}\ntime: {end: 0.3}\n" NO_FILES,
    /* more cells than a tile on one rank: a last tile of few cells at a wall, tiles that roll along z to a wall */
    "equation: {type: euler}\ngrid: {cells: [520, 44], upper: [13, 1.1], boundary: {y: wall}}\n"
    "initial: {type: kelvin_helmholtz}\nstepper: {type: ssp, max_steps: 5}\ntime: {end: 1}\n" NO_FILES,
    "equation: {type: euler, gravity: [0, 0, -1]}\ngrid: {cells: [9, 21, 29], upper: [0.3, 0.7, 1], boundary: {y: "
    "wall, "
    "z: wall}}\ninitial: {type: sedov, radius: 0.2, pressure: 0.01, center: [0.1, 0.5, 0.7]}\n"
    "stepper: {type: ssp, scheme: rks3, reconstruction: ppm, max_steps: 12}\ntime: {end: 1}\n" NO_FILES,
};

static void ranks_do_not_change_bits(void **state)
{
  (void)state;
  for (size_t d = 0; d < sizeof(decks) / sizeof(decks[0]); d++) {
    Run all = run_deck(PETSC_COMM_WORLD, decks[d], NULL), one = run_deck(PETSC_COMM_SELF, decks[d], NULL);
    PetscInt steps[2];
    const PetscInt64 a = checksum_of(&all), b = checksum_of(&one);

    check_call(TSGetStepNumber(all.ts, &steps[0]));
    check_call(TSGetStepNumber(one.ts, &steps[1]));
    check_all(all.code == 0 && one.code == 0);
    if (a != b)
      print_error("deck %d: %lld on all ranks (%d steps), %lld on one (%d steps)\n", (int)d, (long long)a,
                  (int)steps[0], (long long)b, (int)steps[1]);
    check_all(a == b);
    end_run(&all);
    end_run(&one);
  }
}

static void periodic_grids_conserve(void **state)
{
  static const char text[] =
      "equation: {type: euler, viscosity: 1e-3, scalars: [dye]}\ngrid: {cells: [64, 64], stretch: {y: "
      "\"y+0.05*sin(2*pi*y)\"}}\n"
      "initial: {type: kelvin_helmholtz}\nstepper: {type: ssp, reconstruction: plm_mc}\ntime: {end: 0.5}\n" NO_FILES;
  Run r = run_deck(PETSC_COMM_WORLD, text, NULL);
  PetscReal before[SINEW_COMPONENTS_MAX], after[SINEW_COMPONENTS_MAX], min[SINEW_COMPONENTS_MAX],
      max[SINEW_COMPONENTS_MAX];
  Vec initial;

  (void)state;
  check_call(VecDuplicate(r.U, &initial));
  check_call(SinewEquationInitial(r.equation, initial));
  check_call(SinewDiagnose(r.equation, initial, before, min, max));
  check_call(SinewDiagnose(r.equation, r.U, after, min, max));
  for (PetscInt c = 0; c < r.equation->components; c++)
    check_close(after[c], before[c], 1e-13 * fmax(fabs(before[c]), 1));
  check_call(VecDestroy(&initial));
  end_run(&r);
}

/* Walls on all sides of a box whose tiles do not divide it: gas at rest stays at rest, a blast keeps mass and energy.
 */
static void closed_boxes_conserve(void **state)
{
  static const char text[] =
      "equation: {type: euler}\ngrid: {cells: [64, 64, 64], boundary: {x: wall, y: wall, z: wall}}\n"
      "initial: {type: sedov, radius: 0.3, pressure: 0.1}\nstepper: {type: ssp, max_steps: 12}\ntime: {end: "
      "1}\n" NO_FILES;
  Run r = run_deck(PETSC_COMM_WORLD, text, NULL);
  PetscReal before[5], after[5], min[5], max[5];
  Vec initial;

  (void)state;
  assert_int_equal(r.code, 0);
  check_call(VecDuplicate(r.U, &initial));
  check_call(SinewEquationInitial(r.equation, initial));
  check_call(SinewDiagnose(r.equation, initial, before, min, max));
  check_call(SinewDiagnose(r.equation, r.U, after, min, max));
  check_close(after[0], before[0], 1e-13);
  check_close(after[4], before[4], 1e-13 * before[4]);
  check_call(VecDestroy(&initial));
  end_run(&r);
}

/* u(x, y) = u(y, x) for scalars, exchanged for momenta: on one rank, where the whole square is at hand. */
static void implosion_stays_symmetric(void **state)
{
  static const char text[] =
      "equation: {type: euler}\ngrid: {cells: [100, 100], upper: [0.3, 0.3], boundary: {x: wall, y: wall}}\n"
      "initial: {type: lw_implosion}\nstepper: {type: ssp}\ntime: {end: 1}\n" NO_FILES;
  Run r = run_deck(PETSC_COMM_SELF, text, NULL);
  const PetscReal *u;
  PetscReal worst = 0;

  (void)state;
  assert_int_equal(r.code, 0);
  check_call(VecGetArrayRead(r.U, &u));
  for (int j = 0; j < 100; j++) {
    for (int i = 0; i < 100; i++) {
      const PetscReal *a = u + 4 * (100 * j + i), *b = u + 4 * (100 * i + j);

      worst = fmax(worst, fmax(fmax(fabs(a[0] - b[0]), fabs(a[3] - b[3])), fmax(fabs(a[1] - b[2]), fabs(a[2] - b[1]))));
    }
  }
  check_call(VecRestoreArrayRead(r.U, &u));
  print_message("  largest asymmetry %g\n", (double)worst);
  assert_true(worst <= 1e-12);
  end_run(&r);
}

SINEW_TEST_MAIN(cmocka_unit_test(ranks_do_not_change_bits), cmocka_unit_test(periodic_grids_conserve),
                cmocka_unit_test(closed_boxes_conserve), cmocka_unit_test(implosion_stays_symmetric))

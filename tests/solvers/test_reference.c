// RANKS 1 2
// TIMEOUT 120
/* The reference beside a run: it is the run that its stepper would have made alone. */
#include "tests/solvers/decks.h"

static const char problem[] = "equation: {type: advection, velocity: [1, 0.5], diffusivity: 0.005}\n"
                              "grid: {cells: [32, 24]}\n"
                              "initial: {type: sine, offset: 1}\n"
                              "time: {end: 0.2}\n" NO_FILES;

static double difference(Run *r)
{
  PetscReal l1[SINEW_COMPONENTS_MAX], l2[SINEW_COMPONENTS_MAX], linf[SINEW_COMPONENTS_MAX];
  PetscBool known;

  check_call(SinewSimulationCompare(r->simulation, &known, l1, l2, linf));
  check_all(known);
  return linf[0];
}

static void the_same_stepper_makes_no_difference(void **state)
{
  static const char *const steppers[] = {"{type: ssp, scheme: rks3}", "{type: ssp, reconstruction: weno5}",
                                         "{type: rk, scheme: 5dp}", "{type: arkimex}", "{type: cn, dt: 0.01}"};

  (void)state;
  for (int k = 0; k < 5; k++) {
    char stepper[96], reference[96];
    const char *const overrides[] = {stepper, reference, NULL};
    Run r;

    snprintf(stepper, sizeof(stepper), "stepper=%s", steppers[k]);
    snprintf(reference, sizeof(reference), "reference={stepper: %s}", steppers[k]);
    r = run_deck(PETSC_COMM_WORLD, problem, overrides);
    check_all(r.code == 0);
    if (k < 2)
      check_close(difference(&r), 0, 1e-13); /* the same steps, but for the rounding of times */
    else
      check_close(difference(&r), 0, 1e-5); /* others, that end where those of the run do */
    end_run(&r);
  }
}

/* The difference that is reported is that of two runs; the run itself does not notice. */
static void differences_are_those_of_two_runs(void **state)
{
  const char *const both[] = {"stepper={type: ssp, dt: 0.005}",
                              "reference={stepper: {type: ssp, scheme: rk104, dt: 0.005, reconstruction: weno5}}",
                              NULL};
  const char *const second[] = {"stepper={type: ssp, scheme: rk104, dt: 0.005, reconstruction: weno5}", NULL};
  Run a = run_deck(PETSC_COMM_WORLD, problem, both), b = run_deck(PETSC_COMM_WORLD, problem, second),
      alone = run_deck(PETSC_COMM_WORLD, problem, (const char *[]){both[0], NULL});
  PetscReal l1[1], l2[1], linf[1];

  (void)state;
  check_all(checksum_of(&a) == checksum_of(&alone));
  check_call(SinewDifference(a.equation, a.U, b.U, l1, l2, linf));
  check_all(linf[0] > 1e-5);
  check_close(difference(&a), linf[0], 1e-12);
  end_run(&a);
  end_run(&b);
  end_run(&alone);
}

/* Whatever the two have in common inside PETSc. */
static void runs_do_not_notice_their_reference(void **state)
{
  static const char *const steppers[] = {"stepper={type: rk, scheme: 3bs, reconstruction: ppm}",
                                         "stepper={type: arkimex}", "stepper={type: cn, dt: 0.01}",
                                         "stepper={type: bdf}"};

  (void)state;
  for (int k = 0; k < 4; k++) {
    const char *const overrides[] = {
        steppers[k], "reference={stepper: {type: arkimex, scheme: 2e, reconstruction: constant}}", NULL};
    Run a = run_deck(PETSC_COMM_WORLD, problem, overrides),
        alone = run_deck(PETSC_COMM_WORLD, problem, (const char *[]){steppers[k], NULL});

    check_all(checksum_of(&a) == checksum_of(&alone));
    check_all(difference(&a) > 1e-4);
    end_run(&a);
    end_run(&alone);
  }
}

/* Explicit diffusion with steps that only the implicit run survives. */
static void a_reference_that_breaks_down_ends_the_run(void **state)
{
  static const char stiff[] = "equation: {type: diffusion, diffusivity: 1}\n"
                              "grid: {cells: [32]}\n"
                              "initial: {type: sine, offset: 1}\n"
                              "stepper: {type: cn, dt: 0.1}\n"
                              "time: {end: 12}\n" NO_FILES;
  const char *const overrides[] = {"reference={stepper: {type: ssp, dt: 0.1, rejections: 0}}", NULL};
  Run alone = run_deck(PETSC_COMM_WORLD, stiff, NULL), r;
  PetscReal t, norm;

  (void)state;
  check_all(alone.code == 0);
  end_run(&alone);
  r = run_deck(PETSC_COMM_WORLD, stiff, overrides);
  check_all(r.code == 3);
  check_call(TSGetTime(r.ts, &t));
  check_call(VecNorm(r.U, NORM_INFINITY, &norm));
  check_all(t > 0.5 && t < 12);
  check_close(norm, 1, 0.1); /* the run itself is well */
  end_run(&r);
}

SINEW_TEST_MAIN(cmocka_unit_test(the_same_stepper_makes_no_difference),
                cmocka_unit_test(differences_are_those_of_two_runs),
                cmocka_unit_test(runs_do_not_notice_their_reference),
                cmocka_unit_test(a_reference_that_breaks_down_ends_the_run))

// RANKS 1 2
// TIMEOUT 120
/* What every stepper must do, whatever it is: reach the end exactly, converge to the exact solution, hit output times,
   recover from a step that breaks down or say that it cannot, repeat itself bit for bit. */
#include "tests/solvers/decks.h"
#include "tests/solvers/folder.h"
#include "tests/solvers/networks.h"

static const char problem[] = "equation: {type: advection, velocity: 0.5, diffusivity: 0.01}\n"
                              "grid: {cells: [48]}\n"
                              "initial: {type: sine, offset: 1}\n"
                              "stepper: {type: ssp}\n"
                              "time: {end: 0.3}\n" NO_FILES;

/* Steppers that are trained for one problem: a random network of theirs reaches the end, and repeats itself. */
static const char plane[] = "equation: {type: burgers}\n"
                            "grid: {cells: [32, 48]}\n"
                            "initial: {type: sine}\n"
                            "stepper: {type: ssp}\n"
                            "time: {end: 0.3}\n" NO_FILES;

static char sinenet[160];

typedef struct {
  const char *stepper, *problem;
  PetscBool exact; /* whether the problem's solution is known */
} Case;

#define NETWORK "network: {width: 10, depth: 2, omega: 3}, fit: {adam: 300}"
static const Case cases[] = {
    {"stepper={type: euler, cfl: 0.2}", problem, PETSC_TRUE},
    {"stepper={type: ssp, scheme: rks2}", problem, PETSC_TRUE},
    {"stepper={type: ssp, scheme: rks2, stages: 4}", problem, PETSC_TRUE},
    {"stepper={type: ssp, scheme: rks3}", problem, PETSC_TRUE},
    {"stepper={type: ssp, scheme: rks3, stages: 9}", problem, PETSC_TRUE},
    {"stepper={type: ssp, scheme: rk104}", problem, PETSC_TRUE},
    {"stepper={type: rkl}", problem, PETSC_TRUE},
    {"stepper={type: rkl, stages: 9, cfl: 1}", problem, PETSC_TRUE},
    {"stepper={type: rk, scheme: 3bs, rtol: 1e-6, atol: 1e-6}", problem, PETSC_TRUE},
    {"stepper={type: rk, scheme: 5dp, control: cfl, cfl: 0.5}", problem, PETSC_TRUE},
    {"stepper={type: arkimex, scheme: \"3\", rtol: 1e-6, atol: 1e-6}", problem, PETSC_TRUE},
    {"stepper={type: bdf, order: 3, rtol: 1e-5, atol: 1e-5}", problem, PETSC_TRUE},
    {"stepper={type: cn, dt: 0.005}", problem, PETSC_TRUE},
    {"stepper={type: beuler, dt: 0.0005}", problem, PETSC_TRUE},
    {"stepper={type: insr, dt: 0.05, " NETWORK "}", problem, PETSC_TRUE},
    {"stepper={type: insr, scheme: sdirk, control: error, rtol: 1e-4, dt: 0.01, " NETWORK "}", problem, PETSC_TRUE},
    {"stepper={type: insr, scheme: semi_lagrangian, dt: 0.1, " NETWORK "}", problem, PETSC_TRUE},
    {sinenet, plane, PETSC_FALSE},
};
#define CASES ((int)(sizeof(cases) / sizeof(cases[0])))

static int write_networks(void **state)
{
  const RandomNetwork network = {
      .field = {"u", NULL}, .mean = {0.1}, .sd = {0.5}, .history = 2, .seed = 5, .time_step = 0.05};
  char path[96];

  if (make_folder(state)) return 1;
  snprintf(path, sizeof(path), "%s/u.h5", folder);
  write_network(path, &network);
  snprintf(sinenet, sizeof(sinenet), "stepper={type: sinenet, weights: %s, warm_up: {type: ssp}}", path);
  return 0;
}

static void all_reach_the_end_with_a_small_error(void **state)
{
  (void)state;
  for (int k = 0; k < CASES; k++) {
    const char *const overrides[] = {cases[k].stepper, NULL};
    Run r = run_deck(PETSC_COMM_WORLD, cases[k].problem, overrides);
    PetscReal l1[1] = {0}, l2[1], linf[1], t, largest;
    PetscBool known;
    PetscInt steps;

    check_call(TSGetTime(r.ts, &t));
    check_call(TSGetStepNumber(r.ts, &steps));
    check_call(SinewSimulationErrors(r.simulation, &known, l1, l2, linf));
    check_call(VecNorm(r.U, NORM_INFINITY, &largest));
    print_message("  %-62.62s %5d steps, L1 error %.2e\n", cases[k].stepper, (int)steps, (double)l1[0]);
    check_all(r.code == 0);
    check_all(t == 0.3);
    check_all(known == cases[k].exact);
    check_all(l1[0] < 6e-3);
    check_all(largest > 1e-3 && isfinite(largest));
    end_run(&r);
  }
}

static void all_repeat_themselves(void **state)
{
  (void)state;
  for (int k = 0; k < CASES; k++) {
    const char *const overrides[] = {cases[k].stepper, NULL};
    Run a = run_deck(PETSC_COMM_WORLD, cases[k].problem, overrides),
        b = run_deck(PETSC_COMM_WORLD, cases[k].problem, overrides);

    check_all(checksum_of(&a) == checksum_of(&b));
    end_run(&a);
    end_run(&b);
  }
}

/* Steps that would break down are halved until they do not; nothing of a failed attempt stays. */
static const char harsh[] = "equation: {type: euler}\n"
                            "grid: {cells: [100], boundary: {x: outflow}}\n"
                            "initial: {type: riemann, x0: 0.5, left: [1, -1, 0.01], right: [1, 1, 0.01]}\n"
                            "time: {end: 0.05}\n" NO_FILES;

static void rejected_steps_are_tried_again(void **state)
{
  const char *const overrides[] = {
      "stepper={type: ssp, control: cfl, cfl: 1, growth: 50, reconstruction: plm_mc, rejections: 20}", NULL};
  Run r = run_deck(PETSC_COMM_WORLD, harsh, overrides);
  PetscReal total[3], min[3], max[3];

  (void)state;
  assert_int_equal(r.code, 0);
  check_call(SinewDiagnose(r.equation, r.U, total, min, max));
  assert_true(min[0] > 0 && min[2] > 0);
  end_run(&r);
}

static void hopeless_steps_end_in_a_breakdown_with_the_last_good_state(void **state)
{
  const char *const types[] = {"stepper={type: ssp, dt: 0.05, rejections: 1}",
                               "stepper={type: rk, scheme: 3bs, control: fixed, dt: 0.05, rejections: 1}"};

  (void)state;
  for (int k = 0; k < 2; k++) {
    const char *const overrides[] = {types[k], "time.end=0.2", NULL};
    SinewSimulationOptions options = {.name = deck_name(PETSC_COMM_WORLD), .quiet = PETSC_TRUE};
    SinewDeck deck;
    SinewSimulation s;
    Vec U;
    PetscReal total[3], min[3], max[3];
    SinewEquation e;
    int code;

    check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "test.yaml", harsh, 2, overrides, &deck));
    check_call(SinewSimulationCreate(PETSC_COMM_WORLD, deck, &options, &s));
    check_call(SinewSimulationSetUp(s));
    check_call(SinewSimulationRun(s, &code));
    assert_int_equal(code, 3);
    check_call(SinewSimulationGet(s, &e, NULL, NULL, NULL, &U));
    check_call(SinewDiagnose(e, U, total, min, max));
    assert_true(min[0] > 0 && min[2] > 0 && isfinite(max[0]) && isfinite(max[2]));
    check_call(SinewSimulationDestroy(&s));
    check_call(SinewDeckDestroy(&deck));
  }
}

SINEW_TEST_MAIN(cmocka_unit_test_setup_teardown(all_reach_the_end_with_a_small_error, write_networks, remove_folder),
                cmocka_unit_test_setup_teardown(all_repeat_themselves, write_networks, remove_folder),
                cmocka_unit_test(rejected_steps_are_tried_again),
                cmocka_unit_test(hopeless_steps_end_in_a_breakdown_with_the_last_good_state))

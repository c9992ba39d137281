// RANKS 1 2 4
// TIMEOUT 180
/* The SineNet stepper: it does what the network says, remembers what it must, and corrects what it is asked to. */
#include "solvers/steppers/sinenet.h"
#include "tests/neural/golden.h"
#include "tests/solvers/decks.h"
#include "tests/solvers/folder.h"
#include "tests/solvers/networks.h"

static const char problem[] = "equation: {type: euler}\n"
                              "grid: {cells: [48, 32], lower: [-0.5, -0.5], upper: [1, 0.5]}\n"
                              "initial: {type: kelvin_helmholtz}\n"
                              "time: {end: 0.06}\n";

/* A deck of `problem` with a stepper section ("weights: %s" is filled in). */
static const char *deck_with(const char stepper[], const char rest[])
{
  static char text[2048];
  int used = snprintf(text, sizeof(text), "%sstepper: {type: sinenet, weights: %s/net.h5", problem, folder);

  snprintf(text + used, sizeof(text) - (size_t)used, "%s}\n%s", stepper, rest);
  return text;
}

static void network_in_folder(const RandomNetwork *network)
{
  char path[128];

  snprintf(path, sizeof(path), "%s/net.h5", folder);
  write_network(path, network);
}

static double largest_difference(Vec a, Vec b)
{
  PetscReal norm;
  Vec d;

  check_call(VecDuplicate(a, &d));
  check_call(VecWAXPY(d, -1, a, b));
  check_call(VecNorm(d, NORM_INFINITY, &norm));
  check_call(VecDestroy(&d));
  return norm;
}

/* ---- the step ---- */

/* A named field of a state, as a plane of this rank's box: a conserved variable, else a primitive. */
static double *plane_of(Run *r, Vec U, const char name[], double *plane)
{
  const PetscInt nc = r->equation->components, n = SinewGridAxis(r->grid, 0)->count * SinewGridAxis(r->grid, 1)->count;
  const PetscReal *u;
  PetscInt one;

  for (PetscInt c = 0; c < nc; c++) {
    if (strcmp(name, r->equation->component[c])) continue;
    check_call(VecGetArrayRead(U, &u));
    for (PetscInt i = 0; i < n; i++) plane[i] = u[i * nc + c];
    check_call(VecRestoreArrayRead(U, &u));
    return plane;
  }
  check_call(SinewEquationField(r->equation, U, name, &one, plane));
  return plane;
}

/* What the network makes of the initial state, by the network library alone: planes of all channels. */
static double *predicted(Run *r, const RandomNetwork *random, Vec initial)
{
  SinewForecastModel model = random_model(random);
  const SinewAxis *x = SinewGridAxis(r->grid, 0), *y = SinewGridAxis(r->grid, 1);
  const PetscInt n = x->count * y->count;
  double *planes = malloc((size_t)(n * model.fields) * sizeof(*planes));
  const PetscInt *columns, *rows;
  PetscInt rx, ry;
  SinewLayout layout;
  SinewNetwork network;
  DM dm;

  check_call(SinewGridGetDM(r->grid, &dm));
  check_call(DMDAGetInfo(dm, NULL, NULL, NULL, NULL, &rx, &ry, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  check_call(DMDAGetOwnershipRanges(dm, &columns, &rows, NULL));
  check_call(SinewLayoutCreateCuts(PETSC_COMM_WORLD, model.network.options.periodic, ry, rows, rx, columns, &layout));
  model.network.options.dtype = SINEW_FLOAT64;
  check_call(SinewSinenetCreate(layout, &model.network.options, &network));
  check_call(SinewNetworkInitialize(network, random->seed));
  for (PetscInt k = 0; k < model.fields; k++) {
    double *plane = plane_of(r, initial, model.field[k], planes + k * n);

    for (PetscInt i = 0; i < n; i++) plane[i] = (plane[i] - model.mean[k]) / model.sd[k];
  }
  check_call(SinewTensorSetPlanes(SinewNetworkInput(network), planes));
  if (random->conditional) check_call(SinewNetworkSetCondition(network, (double[]){2}, (double[]){0.3}));
  check_call(SinewNetworkForward(network));
  check_call(SinewTensorGetPlanes(SinewNetworkOutput(network), planes));
  for (PetscInt k = 0; k < model.fields; k++)
    for (PetscInt i = k * n; i < (k + 1) * n; i++) planes[i] = planes[i] * model.sd[k] + model.mean[k];
  check_call(SinewNetworkDestroy(&network));
  check_call(SinewLayoutDestroy(&layout));
  return planes;
}

static void check_one_step(const RandomNetwork *random, const char more[], double tolerance)
{
  const char *const overrides[] = {
      random->conditional ? "time.end=0.02" : "time.end=0.01", /* one step, or one of two frames */
      random->walls ? "grid.boundary={x: wall, y: outflow}" : "grid.boundary={x: periodic, y: periodic}", NULL};
  double *want, *have, error = 0;
  PetscInt n;
  Vec initial;
  Run r;

  network_in_folder(random);
  r = run_deck(PETSC_COMM_WORLD, deck_with(more, NO_FILES), overrides);
  check_all(r.code == 0);
  check_call(VecDuplicate(r.U, &initial));
  check_call(SinewEquationInitial(r.equation, initial));
  want = predicted(&r, random, initial);
  n = SinewGridAxis(r.grid, 0)->count * SinewGridAxis(r.grid, 1)->count;
  have = malloc((size_t)(3 * n) * sizeof(*have));
  for (PetscInt k = 0; random->field[k]; k++) {
    plane_of(&r, r.U, random->field[k], have);
    for (PetscInt i = 0; i < n; i++) error = fmax(error, fabs(have[i] - want[k * n + i]));
  }
  check_close(error, 0, tolerance);
  check_call(TSGetStepNumber(r.ts, &n));
  check_all(n == 1);
  check_all(largest_difference(initial, r.U) > 0.01); /* the network does something */
  free(want);
  free(have);
  check_call(VecDestroy(&initial));
  end_run(&r);
}

static void a_step_is_what_the_network_says(void **state)
{
  const RandomNetwork primitive = {.field = {"p", "velocity_y", "rho", "velocity_x", NULL},
                                   .mean = {2.5, 0, 1.5, 0.1},
                                   .sd = {0.1, 0.2, 0.1, 0.3},
                                   .history = 1,
                                   .seed = 3,
                                   .time_step = 0.01};
  const RandomNetwork conserved = {.field = {"energy", "momentum_x", "momentum_y", "rho", NULL},
                                   .mean = {7, 0.1, 0, 1.5},
                                   .sd = {0.3, 0.2, 0.2, 0.1},
                                   .history = 1,
                                   .seed = 4,
                                   .time_step = 0.01};

  RandomNetwork walls = primitive, conditional = primitive;

  (void)state;
  walls.walls = PETSC_TRUE;
  conditional.conditional = PETSC_TRUE;
  check_one_step(&primitive, ", precision: f64", 1e-12);
  check_one_step(&primitive, "", 1e-5);
  check_one_step(&primitive, ", precision: bf16", 0.02);
  check_one_step(&conserved, ", precision: f64", 1e-12);
  check_one_step(&walls, ", precision: f64", 1e-12);
  check_one_step(&conditional, ", precision: f64, lead: 2, parameter: 0.3", 1e-12);
}

static void ranks_agree(void **state)
{
  (void)state;
  network_in_folder(&euler_network);
  for (int k = 0; k < 2; k++) {
    const char *more = k ? ", precision: f64, warm_up: {type: ssp}" : ", warm_up: {type: ssp}";
    Run all = run_deck(PETSC_COMM_WORLD, deck_with(more, NO_FILES), NULL);
    Run one = run_deck(PETSC_COMM_SELF, deck_with(more, NO_FILES), NULL);
    PetscReal a[4], b[4], min[2][4], max[2][4];

    check_all(all.code == 0 && one.code == 0);
    check_call(SinewDiagnose(all.equation, all.U, a, min[0], max[0]));
    check_call(SinewDiagnose(one.equation, one.U, b, min[1], max[1]));
    for (int c = 0; c < 4; c++) {
      check_close(a[c], b[c], k ? 1e-12 : 1e-5);
      check_close(min[0][c], min[1][c], k ? 1e-11 : 1e-4);
      check_close(max[0][c], max[1][c], k ? 1e-11 : 1e-4);
    }
    end_run(&all);
    end_run(&one);
  }
}

/* ---- history ---- */

static void the_warm_up_is_the_classical_run(void **state)
{
  const char *const neural[] = {"time.end=0.02", NULL};
  const char *const classical[] = {"stepper={type: ssp, scheme: rks3, dt: 0.0025}", "time.end=0.02", NULL};
  Run a, b;
  PetscInt steps;

  (void)state;
  network_in_folder(&euler_network);
  a = run_deck(PETSC_COMM_WORLD, deck_with(", warm_up: {type: ssp, scheme: rks3, dt: 0.0025}", NO_FILES), neural);
  b = run_deck(PETSC_COMM_WORLD, deck_with("", NO_FILES), classical);
  check_call(TSGetStepNumber(a.ts, &steps));
  check_all(steps == 2);
  check_close(largest_difference(a.U, b.U), 0, 1e-13); /* the one lands on 0.01, the other passes it */
  end_run(&a);
  end_run(&b);
}

/* From the checkpoint of a step (0: from the beginning) to the end; its state's checksum. */
static PetscInt64 continued(const char text[], int step)
{
  char path[128];
  SinewSimulationOptions options = {.name = "test", .quiet = PETSC_TRUE, .restart = step ? path : NULL};
  PetscInt64 sum;
  Run r = {0};

  snprintf(path, sizeof(path), "%s/checkpoints/%07d.h5", folder, step);
  check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "test.yaml", text, 0, NULL, &r.deck));
  check_call(SinewSimulationCreate(PETSC_COMM_WORLD, r.deck, &options, &r.simulation));
  check_call(SinewSimulationSetUp(r.simulation));
  check_call(SinewSimulationRun(r.simulation, &r.code));
  check_call(SinewSimulationGet(r.simulation, &r.equation, &r.grid, NULL, &r.ts, &r.U));
  check_all(r.code == 0);
  sum = checksum_of(&r);
  end_run(&r);
  return sum;
}

/* Also in the middle of the warm-up, whose steps are not the model's. */
static void a_run_continues_to_the_bit_from_any_step(void **state)
{
  static const char more[] = ", warm_up: {type: rk, scheme: 3bs}, restore_mean: [rho, energy]";
  char rest[512];
  const char *text;
  PetscInt64 whole;

  (void)state;
  network_in_folder(&euler_network);
  snprintf(rest, sizeof(rest),
           "output: {series: false, history_every: 0, directory: %s}\n"
           "checkpoint: {every_steps: 1, keep: 100}\n"
           "reference: {stepper: {type: ssp}}\n",
           folder);
  text = deck_with(more, rest);
  whole = continued(text, 0);
  for (int step = 1; step < 6; step++) check_all(continued(text, step) == whole);
}

/* ---- corrections ---- */

static void totals(Run *r, Vec U, PetscReal total[])
{
  PetscReal min[SINEW_COMPONENTS_MAX], max[SINEW_COMPONENTS_MAX];

  check_call(SinewDiagnose(r->equation, U, total, min, max));
}

static void means_are_restored_where_asked(void **state)
{
  static const char *const more[] = {", warm_up: {type: ssp}", ", warm_up: {type: ssp}, restore_mean: [rho, energy]"};

  (void)state;
  network_in_folder(&euler_network);
  for (int k = 0; k < 2; k++) {
    Run r = run_deck(PETSC_COMM_WORLD, deck_with(more[k], NO_FILES), NULL);
    PetscReal before[4], after[4];
    Vec initial;

    check_call(VecDuplicate(r.U, &initial));
    check_call(SinewEquationInitial(r.equation, initial));
    totals(&r, initial, before);
    totals(&r, r.U, after);
    for (int c = 0; c < 4; c += 3) { /* rho, energy */
      if (k)
        check_close(after[c], before[c], 1e-12 * fabs(before[c]));
      else
        check_all(fabs(after[c] - before[c]) > 1e-4 * fabs(before[c]));
    }
    check_all(fabs(after[1] - before[1]) > 1e-6); /* a momentum was not asked for */
    check_call(VecDestroy(&initial));
    end_run(&r);
  }
}

static double divergence_of(Run *r, SinewVelocityPlace place)
{
  SinewProjection projection;
  const PetscInt nc = r->equation->components;
  const PetscBool momenta = (PetscBool)!strcmp(r->equation->component[1], "momentum_x");
  PetscReal largest, *v;
  const PetscReal *u;
  PetscInt n;
  Vec velocity;
  DM dm;

  check_call(SinewProjectionCreate(r->grid, place, &projection));
  check_call(SinewProjectionGetDM(projection, &dm));
  check_call(DMCreateGlobalVector(dm, &velocity));
  check_call(VecGetLocalSize(velocity, &n));
  check_call(VecGetArrayRead(r->U, &u));
  check_call(VecGetArray(velocity, &v));
  for (PetscInt i = 0; i < n / 2; i++)
    for (int d = 0; d < 2; d++) v[2 * i + d] = momenta ? u[nc * i + 1 + d] / u[nc * i] : u[nc * i + d];
  check_call(VecRestoreArrayRead(r->U, &u));
  check_call(VecRestoreArray(velocity, &v));
  check_call(SinewProjectionDivergence(projection, velocity, &largest));
  check_call(VecDestroy(&velocity));
  check_call(SinewProjectionDestroy(&projection));
  return largest;
}

static void velocities_are_projected_where_asked(void **state)
{
  static const char *const project[] = {"none", "centers", "faces"};
  double left[3];

  (void)state;
  network_in_folder(&euler_network);
  for (int k = 0; k < 3; k++) {
    char more[96];
    Run r;

    snprintf(more, sizeof(more), ", warm_up: {type: ssp}, project: %s", project[k]);
    r = run_deck(PETSC_COMM_WORLD, deck_with(more, NO_FILES), NULL);
    left[k] = divergence_of(&r, k == 2 ? SINEW_VELOCITY_FACES : SINEW_VELOCITY_CENTERS);
    print_message("  largest divergence with project: %-8s %.2e\n", project[k], left[k]);
    end_run(&r);
  }
  check_all(left[0] > 1e-2);
  check_all(left[1] < left[0]); /* approximate: of a rough field like this much is left, see test_projection */
  check_all(left[2] < 1e-7);
}

/* ---- networks that know some of the variables ---- */

static const char *const dyed_flow[] = {"equation={type: navier_stokes, viscosity: 1e-3, scalars: [dye]}",
                                        "initial={type: expression, velocity_x: \"sin(2*pi*y)\", velocity_y: "
                                        "\"cos(4*pi*x/3)\", dye: \"gauss((x-0.2)/0.2)\"}",
                                        NULL};

static Run run_dyed(const char *stepper, const char *end)
{
  const char *const overrides[] = {dyed_flow[0], dyed_flow[1], end, stepper[0] == ',' ? NULL : stepper, NULL};

  return run_deck(PETSC_COMM_WORLD, deck_with(stepper[0] == ',' ? stepper : "", NO_FILES), overrides);
}

/* Largest difference of a component. */
static double differ(Run *a, Run *b, PetscInt c)
{
  PetscReal norm;
  Vec d;

  check_call(VecDuplicate(a->U, &d));
  check_call(VecWAXPY(d, -1, a->U, b->U));
  check_call(VecStrideNorm(d, c, NORM_INFINITY, &norm));
  check_call(VecDestroy(&d));
  return norm;
}

/* The network moves the fluid; the dye stays, or goes where the classical stepper carries it. */
static void other_variables_stay_or_are_classical(void **state)
{
  const RandomNetwork flow = {
      .field = {"velocity_y", "velocity_x", NULL}, .sd = {0.5, 0.5}, .history = 1, .seed = 5, .time_step = 0.01};
  Run classical, held, joined, still;

  (void)state;
  network_in_folder(&flow);
  still = run_dyed("stepper={type: ssp, dt: 1e-9, max_steps: 1}", "time.end=0.01");
  classical = run_dyed("stepper={type: ssp}", "time.end=0.01");
  held = run_dyed(", others: hold, project: faces", "time.end=0.01");
  joined = run_dyed(", others: warm_up, warm_up: {type: ssp}, project: faces", "time.end=0.01");
  check_close(differ(&held, &still, 2), 0, 1e-8);
  check_close(differ(&joined, &classical, 2), 0, 1e-12);
  check_all(differ(&held, &classical, 2) > 1e-3);
  check_close(differ(&joined, &held, 0), 0, 1e-14);
  check_all(differ(&held, &classical, 0) > 1e-2);
  print_message("  divergence %.1e\n", divergence_of(&held, SINEW_VELOCITY_FACES));
  check_all(divergence_of(&held, SINEW_VELOCITY_FACES) < 1e-7);
  end_run(&still);
  end_run(&classical);
  end_run(&held);
  end_run(&joined);
}

static void others_are_named(void **state)
{
  static const struct {
    const char *stepper, *line;
  } cases[] = {{"",
                "stepper.fields: expected each of velocity_x, velocity_y, dye of navier_stokes once, found velocity_y, "
                "velocity_x"},
               {", others: warm_up", "missing warm_up: others need a classical stepper"},
               {", others: hold, fields: [velocity_x, velocity_x]",
                "stepper.fields: expected some of velocity_x, velocity_y, dye of navier_stokes once, found velocity_x, "
                "velocity_x"}};
  const RandomNetwork flow = {
      .field = {"velocity_y", "velocity_x", NULL}, .sd = {0.5, 0.5}, .history = 1, .seed = 5, .time_step = 0.01};

  (void)state;
  network_in_folder(&flow);
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
    expect_refusal(deck_with(cases[k].stepper, NO_FILES), dyed_flow, cases[k].line);
}

static void states_that_are_not_admissible_end_the_run(void **state)
{
  RandomNetwork hopeless = euler_network;
  Run r;
  PetscReal t, total[4], min[4], max[4];

  (void)state;
  hopeless.mean[0] = -1; /* of the density */
  network_in_folder(&hopeless);
  r = run_deck(PETSC_COMM_WORLD, deck_with(", warm_up: {type: ssp}", NO_FILES), NULL);
  check_all(r.code == 3);
  check_call(TSGetTime(r.ts, &t));
  check_close(t, 0.02, 1e-12); /* where the warm-up ended */
  check_call(SinewDiagnose(r.equation, r.U, total, min, max));
  check_all(min[0] > 0.9 && isfinite(max[3]));
  end_run(&r);
}

/* ---- the original's roll-outs, through the stepper's own maps and history ---- */

static void identity(const void *context, PetscInt n, const PetscReal *const in[], PetscReal *const out[])
{
  const PetscInt components = *(const PetscInt *)context;

  for (PetscInt c = 0; c < components; c++) memcpy(out[c], in[c], (size_t)n * sizeof(PetscReal));
}

static void set_state(SinewFile file, SinewGrid grid, PetscInt frame, PetscInt components, Vec U)
{
  const SinewAxis *x = SinewGridAxis(grid, 0), *y = SinewGridAxis(grid, 1);
  const PetscInt n = x->count * y->count;
  double *planes = malloc((size_t)(n * components) * sizeof(*planes));
  SinewArray array;
  PetscBool exists;
  PetscReal *u;

  check_call(SinewFileInquire(file, "/trajectory", &exists, &array));
  array.name = "/trajectory";
  array.dtype = SINEW_FLOAT64;
  array.distributed = PETSC_TRUE;
  memcpy(array.start, (PetscInt64[]){0, frame, 0, y->start, x->start}, 5 * sizeof(PetscInt64));
  memcpy(array.count, (PetscInt64[]){1, 1, components, y->count, x->count}, 5 * sizeof(PetscInt64));
  array.data = planes;
  check_call(SinewFileRead(file, &array));
  check_call(VecGetArrayWrite(U, &u));
  for (PetscInt i = 0; i < n; i++)
    for (PetscInt c = 0; c < components; c++) u[i * components + c] = planes[c * n + i];
  check_call(VecRestoreArrayWrite(U, &u));
  free(planes);
}

/* Relative l2 distance of a state from step `step` of the stored roll-out, which is kept in float. */
static double rollout_error(SinewFile file, SinewGrid grid, PetscInt step, PetscInt components, Vec U)
{
  const SinewAxis *x = SinewGridAxis(grid, 0), *y = SinewGridAxis(grid, 1);
  const PetscInt n = x->count * y->count;
  double *planes = malloc((size_t)(n * components) * sizeof(*planes)), sums[2] = {0};
  SinewArray array;
  PetscBool exists;
  const PetscReal *u;

  check_call(SinewFileInquire(file, "/rollout", &exists, &array));
  array.name = "/rollout";
  array.dtype = SINEW_FLOAT64;
  array.distributed = PETSC_TRUE;
  memcpy(array.start, (PetscInt64[]){0, step, 0, y->start, x->start}, 5 * sizeof(PetscInt64));
  memcpy(array.count, (PetscInt64[]){1, 1, components, y->count, x->count}, 5 * sizeof(PetscInt64));
  array.data = planes;
  check_call(SinewFileRead(file, &array));
  check_call(VecGetArrayRead(U, &u));
  for (PetscInt i = 0; i < n; i++)
    for (PetscInt c = 0; c < components; c++) {
      const double d = u[i * components + c] - planes[c * n + i];

      sums[0] += d * d;
      sums[1] += planes[c * n + i] * planes[c * n + i];
    }
  check_call(VecRestoreArrayRead(U, &u));
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  free(planes);
  return sqrt(sums[0] / sums[1]);
}

static void run_rollout(const char *path, const char *precision)
{
  SinewForecastModel model;
  SinewForecastOptions options = {.model = &model, .path = path, .precision = precision, .lead = 1};
  struct _p_SinewEquation equation = {0};
  SinewProblem on = {.equation = &equation};
  SinewGridOptions grid = {.dim = 2, .upper = {1, 1}, .ghosts = 1, .align = 16};
  SinewForecast forecast;
  PetscInt components, steps;
  PetscBool exists;
  SinewArray array;
  SinewFile file;
  Vec U, V;
  DM dm;

  check_call(SinewForecastModelRead(PETSC_COMM_WORLD, path, &model));
  components = equation.components = model.network.components;
  equation.kernels.context = &equation.components;
  equation.kernels.primitive = equation.kernels.conserved = identity;
  for (PetscInt k = 0; k < components; k++) options.component[k] = k;
  grid.cells[0] = model.network.nx;
  grid.cells[1] = model.network.ny;
  grid.periodic[0] = grid.periodic[1] = model.network.options.periodic;
  check_call(SinewGridBestAlign(PETSC_COMM_WORLD, &grid, 16, &grid.align));
  check_call(SinewGridCreate(PETSC_COMM_WORLD, &grid, components, &on.grid));
  check_call(SinewForecastCreate(&on, &options, &forecast));
  check_call(SinewGridGetDM(on.grid, &dm));
  check_call(DMCreateGlobalVector(dm, &U));
  check_call(VecDuplicate(U, &V));
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileInquire(file, "/rollout", &exists, &array));
  steps = (PetscInt)array.shape[1];
  for (PetscInt t = 0; t < model.network.history; t++) {
    check_all(SinewForecastMissing(forecast) == model.network.history - 1 - t);
    set_state(file, on.grid, t, components, U);
    check_call(SinewForecastSee(forecast, U));
    if (SinewForecastMissing(forecast)) check_call(SinewForecastKeep(forecast));
  }
  for (PetscInt step = 0; step < steps; step++) {
    const double tolerance =
        !strcmp(precision, "f64") ? 1e-7 : 10 * golden_real(file, "/rollout", "rel_l2_f32_vs_f64", 1e-6);

    check_call(SinewForecastSee(forecast, U));
    check_call(SinewForecastPredict(forecast, 0, U, V));
    check_call(SinewForecastKeep(forecast));
    check_call(VecCopy(V, U));
    golden_check(path, "step of a roll-out", rollout_error(file, on.grid, step, components, U), tolerance);
  }
  check_call(SinewFileClose(&file));
  check_call(SinewForecastDestroy(&forecast));
  check_call(VecDestroy(&U));
  check_call(VecDestroy(&V));
  check_call(SinewGridDestroy(&on.grid));
}

static void rollout_file(const char *path)
{
  run_rollout(path, "f64");
  run_rollout(path, "f32");
}

static void roll_outs_are_the_original_s(void **state)
{
  (void)state;
  if (golden_missing("sinenet")) skip();
  golden_each("sinenet", (const char *const[]){"rollout_", NULL}, rollout_file);
  check_all(golden_compared > 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_step_is_what_the_network_says, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(ranks_agree, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(the_warm_up_is_the_classical_run, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_run_continues_to_the_bit_from_any_step, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(means_are_restored_where_asked, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(velocities_are_projected_where_asked, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(other_variables_stay_or_are_classical, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(others_are_named, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(states_that_are_not_admissible_end_the_run, make_folder, remove_folder),
      cmocka_unit_test(roll_outs_are_the_original_s),
  };

  return run_group(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}

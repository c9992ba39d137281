// RANKS 1 2 4
// LEAKS it is given frames that are refused
// TIMEOUT 120
/* Frames of a data set as the initial state, and those before it as the past of a network. */
#include "tests/solvers/decks.h"
#include "tests/solvers/folder.h"
#include "tests/solvers/networks.h"

enum { NX = 48, NY = 32, FRAMES = 5 };
static const char *const names[] = {"rho", "velocity_x", "velocity_y", "p"};

#define PROBLEM               \
  "equation: {type: euler}\n" \
  "grid: {cells: [48, 32], lower: [-0.5, -0.5], upper: [1, 0.5]}\n"

static const char *text_of(const char format[], ...)
{
  static char text[2048];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return text;
}

/* The run whose frames make the data set, k steps of the network's length from its beginning; on this rank alone. */
static Run source(int k)
{
  char end[48];
  const char *const overrides[] = {end, NULL};

  snprintf(end, sizeof(end), "time.end=%.17g", 0.01 * k);
  return run_deck(PETSC_COMM_SELF,
                  text_of(PROBLEM "initial: {type: kelvin_helmholtz}\ntime: {end: 1}\n"
                                  "stepper: {type: sinenet, weights: %s/net.h5, precision: f64, warm_up: {type: ssp, "
                                  "dt: 0.0025}}\n" NO_FILES,
                          folder),
                  overrides);
}

/* The first FRAMES states of the source as a trajectory of the layout (1, T, x, y), its step beside it. */
static void write_frames(void)
{
  double *data[4];
  PetscMPIInt rank;
  SinewFile file;

  for (int c = 0; c < 4; c++) data[c] = malloc(sizeof(double) * FRAMES * NX * NY);
  for (int k = 0; k < FRAMES; k++) {
    double plane[NY * NX];
    PetscInt one;
    Run r = source(PetscMax(k, 1));

    if (!k) check_call(SinewEquationInitial(r.equation, r.U));
    for (int c = 0; c < 4; c++) {
      check_call(SinewEquationField(r.equation, r.U, names[c], &one, plane));
      for (int i = 0; i < NX; i++)
        for (int j = 0; j < NY; j++) data[c][(k * NX + i) * NY + j] = plane[j * NX + i];
    }
    end_run(&r);
  }
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank == 0) {
    double dt = 0.01;
    const SinewArray step = {.name = "/test/dt", .dtype = SINEW_FLOAT64, .rank = 1, .shape = {1}, .data = &dt};

    check_call(SinewFileCreate(PETSC_COMM_SELF, text_of("%s/frames.h5", folder), &file));
    for (int c = 0; c < 4; c++) {
      char name[32];
      const SinewArray array = {
          .name = name, .dtype = SINEW_FLOAT64, .rank = 4, .shape = {1, FRAMES, NX, NY}, .data = data[c]};

      snprintf(name, sizeof(name), "/test/%s", names[c]);
      check_call(SinewFileWrite(file, &array));
    }
    check_call(SinewFileWrite(file, &step));
    check_call(SinewFilePublish(&file));
  }
  for (int c = 0; c < 4; c++) free(data[c]);
  MPI_Barrier(PETSC_COMM_WORLD);
}

static int make_data(void **state)
{
  char path[128];

  if (make_folder(state)) return 1;
  snprintf(path, sizeof(path), "%s/net.h5", folder);
  write_network(path, &euler_network);
  write_frames();
  return 0;
}

static double difference(Run *all, Run *one)
{
  const SinewAxis *x = SinewGridAxis(all->grid, 0), *y = SinewGridAxis(all->grid, 1);
  const PetscReal *a, *b;
  double worst = 0;

  check_call(VecGetArrayRead(all->U, &a));
  check_call(VecGetArrayRead(one->U, &b));
  for (PetscInt j = 0; j < y->count; j++)
    for (PetscInt i = 0; i < x->count; i++)
      for (PetscInt c = 0; c < 4; c++)
        worst = fmax(worst, fabs(a[(j * x->count + i) * 4 + c] - b[((y->start + j) * NX + x->start + i) * 4 + c]));
  check_call(VecRestoreArrayRead(all->U, &a));
  check_call(VecRestoreArrayRead(one->U, &b));
  return worst;
}

static const char *deck(const char initial[], const char stepper[])
{
  return text_of(PROBLEM "initial: {type: frame, files: %s/frames.h5, %s}\ntime: {end: 0.01}\n"
                         "stepper: {%s, weights: %s/net.h5, precision: f64}\n" NO_FILES,
                 folder, initial, stepper, folder);
}

/* From the third frame the network steps as the source did, whose warm-up made the same past. */
static void a_network_goes_on_from_a_data_set(void **state)
{
  Run all, one;

  (void)state;
  all = run_deck(PETSC_COMM_WORLD, deck("part: test, frame: 2", "type: sinenet"), NULL);
  one = source(3);
  check_all(all.code == 0);
  check_close(difference(&all, &one), 0, 1e-12);
  end_run(&all);
  end_run(&one);
}

static void a_classical_run_goes_on_from_a_data_set(void **state)
{
  const char *const overrides[] = {"stepper={type: ssp, dt: 0.0025}", NULL};
  Run all, one;

  (void)state;
  all = run_deck(PETSC_COMM_WORLD, deck("frame: 1", "type: sinenet"), overrides);
  one = source(2);
  check_all(all.code == 0);
  check_close(difference(&all, &one), 0, 1e-12);
  end_run(&all);
  end_run(&one);
}

static char said[512];

static PetscErrorCode listen(MPI_Comm comm, int line, const char *function, const char *file, PetscErrorCode error,
                             PetscErrorType type, const char *message, void *context)
{
  (void)comm, (void)line, (void)function, (void)file, (void)context;
  if (type == PETSC_ERROR_INITIAL) snprintf(said, sizeof(said), "%s", message);
  return error;
}

/* A deck that is refused with this line, at the latest before the first step. */
static void refused(const char text[], const char override[], const char want[])
{
  SinewSimulationOptions options = {.name = deck_name(PETSC_COMM_WORLD), .quiet = PETSC_TRUE};
  SinewSimulation simulation = NULL;
  PetscErrorCode error;
  SinewDeck d;
  int code;

  said[0] = 0;
  check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "test.yaml", text, override ? 1 : 0, &override, &d));
  check_call(PetscPushErrorHandler(listen, NULL));
  error = SinewSimulationCreate(PETSC_COMM_WORLD, d, &options, &simulation);
  if (error) snprintf(said, sizeof(said), "%s", SinewDeckMistakeText(d, 0));
  if (!error) error = SinewSimulationSetUp(simulation);
  if (!error) error = SinewSimulationRun(simulation, &code);
  check_call(PetscPopErrorHandler());
  check_all((int)error == SINEW_ERR_INPUT);
  if (!strstr(said, want)) print_error("expected \"%s\" in \"%s\"\n", want, said);
  check_all(strstr(said, want) != NULL);
  check_call(SinewSimulationDestroy(&simulation));
  check_call(SinewDeckDestroy(&d));
}

static void mistakes_are_named(void **state)
{
  (void)state;
  refused(deck("frame: 1", "type: sinenet"), NULL, "or initial.frame be at least as large");
  refused(deck("frame: 2, arrays: [rho]", "type: sinenet"), NULL, "initial.arrays: expected 4 names");
  refused(deck("frame: 2, trajectory: 7", "type: sinenet"), NULL, "initial.trajectory: expected a number below 1");
  refused(deck("frame: 9", "type: sinenet"), NULL, "frames.h5");
  refused(deck("frame: 2, part: train", "type: sinenet"), NULL, "train");
  refused(deck("frame: 2", "type: sinenet"), "grid.cells=[32, 32]", "grid.cells: expected [48, 32]");
  refused(deck("frame: 2, every: 2", "type: sinenet"), NULL, "initial.every: expected frames 0.01 apart");
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_network_goes_on_from_a_data_set),
                                     cmocka_unit_test(a_classical_run_goes_on_from_a_data_set),
                                     cmocka_unit_test(mistakes_are_named)};

  return run_group_with(argc, argv, tests, sizeof(tests) / sizeof(tests[0]), make_data, remove_folder);
}

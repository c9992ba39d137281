// Training of MM-PDE: it learns, goes on with the same bits, is the same on any number of ranks; rates and mistakes.
// RANKS 1 2 4
// TIMEOUT 120
#include "neural/mmpde_trainer.h"
#include "tests/neural/mmpde_random.h"

enum { N = 12, TRAJECTORIES = 6, FRAMES = 5 };

/* Waves of different phase that travel along the diagonal: the next frame is a function of the last. */
static double wave(int k, int frame, int y, int x)
{
  return sin(2 * M_PI * ((double)(x + y) / N - 0.06 * frame + (double)k / TRAJECTORIES));
}

static SinewDataset make_data(char *path, size_t size)
{
  static double u[TRAJECTORIES][FRAMES][N][N];
  const SinewArray array = {
      .name = "/u", .dtype = SINEW_FLOAT64, .rank = 4, .shape = {TRAJECTORIES, FRAMES, N, N}, .data = u};
  const char *const names[] = {"u"}, *const files[] = {path};
  const SinewDatasetOptions options = {
      .files = 1, .file = files, .scalars = 1, .scalar = names, .axes_yx = PETSC_TRUE, .step = 0.5};
  PetscMPIInt ranks;
  SinewDataset data;
  SinewFile file;

  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  snprintf(path, size, "test_mmpde_trainer_%d.h5", (int)ranks);
  for (int k = 0; k < TRAJECTORIES; k++)
    for (int f = 0; f < FRAMES; f++)
      for (int c = 0; c < N * N; c++) u[k][f][c / N][c % N] = wave(k, f, c / N, c % N);
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileWrite(file, &array));
  check_call(SinewFilePublish(&file));
  check_call(SinewDatasetOpen(PETSC_COMM_WORLD, &options, &data));
  return data;
}

static SinewMmpdeTrainerOptions small_options(SinewDtype dtype)
{
  SinewMmpdeTrainerOptions o;

  check_call(SinewMmpdeTrainerDefaults(&o));
  o.model = random_mmpde_model(1);
  o.model.output_scale = 1;
  o.dtype = dtype;
  o.batch = 3;
  o.seed = 2;
  o.schedule.base = 1e-2;
  return o;
}

typedef struct {
  char path[64], state[80];
  SinewDataset data;
  SinewDMM mover;
} Setting;

static Setting begin(void)
{
  Setting s;

  s.data = make_data(s.path, sizeof(s.path));
  snprintf(s.state, sizeof(s.state), "state_%s", s.path);
  s.mover = random_mover(11, 0.02);
  return s;
}

static void finish(Setting *s)
{
  check_call(SinewDMMDestroy(&s->mover));
  check_call(SinewDatasetClose(&s->data));
  MPI_Barrier(PETSC_COMM_WORLD);
  (void)remove(s->path);
  (void)remove(s->state);
}

static double train(SinewMmpdeTrainer t, PetscInt64 steps)
{
  double loss = 0, norm;

  while (SinewMmpdeTrainerSteps(t) < steps)
    check_call(SinewMmpdeTrainerStep(t, SinewMmpdeTrainerRate(t), &loss, &norm));
  return loss;
}

/* Both tasks: the interpolation learns to give back, the network to step. */
static void learns(void **state)
{
  SinewMmpdeTrainerOptions o = small_options(SINEW_FLOAT32);
  Setting s = begin();
  SinewMmpdeTrainer t;
  double first, last, norm, one_step, rollout[FRAMES - 1];

  (void)state;
  o.identity = 12;
  check_call(SinewMmpdeTrainerCreate(PETSC_COMM_WORLD, &o, s.data, s.mover, &t));
  assert_int_equal(SinewMmpdeTrainerEpoch(t), TRAJECTORIES * FRAMES / 3);
  check_all(SinewMmpdeTrainerIdentity(t));
  check_call(SinewMmpdeTrainerStep(t, SinewMmpdeTrainerRate(t), &first, &norm));
  last = train(t, 12 * SinewMmpdeTrainerEpoch(t));
  check_all(last < 0.05 * first);
  check_all(!SinewMmpdeTrainerIdentity(t));
  train(t, 32 * SinewMmpdeTrainerEpoch(t));
  check_call(SinewMmpdeTrainerJudge(t, s.data, FRAMES - 1, &one_step, rollout));
  check_all(one_step < 0.05); /* of a field whose mean square is 0.5; standing still gives 0.07 */
  check_all(rollout[0] < 0.05 && isfinite(rollout[FRAMES - 2]) && rollout[FRAMES - 2] > rollout[0]);
  check_call(SinewMmpdeTrainerDestroy(&t));
  finish(&s);
}

/* Stored in the middle, over the change of tasks, and taken up by a trainer that knows nothing. */
static void goes_on_with_the_same_bits(void **state)
{
  const SinewMmpdeTrainerOptions o = small_options(SINEW_FLOAT32);
  Setting s = begin();
  SinewMmpdeTrainer t[2];
  const SinewParameter *p[2];
  PetscInt count;
  SinewFile file;
  int wrong = 0;

  (void)state;
  for (int stop = 4; stop < 20; stop += 10) {
    for (int k = 0; k < 2; k++) check_call(SinewMmpdeTrainerCreate(PETSC_COMM_WORLD, &o, s.data, s.mover, &t[k]));
    train(t[0], stop);
    check_call(SinewFileCreate(PETSC_COMM_WORLD, s.state, &file));
    check_call(SinewMmpdeTrainerStore(t[0], file));
    check_call(SinewFilePublish(&file));
    train(t[0], 17);
    train(t[1], 2);
    check_call(SinewFileOpen(PETSC_COMM_WORLD, s.state, &file));
    check_call(SinewMmpdeTrainerLoad(t[1], file));
    check_call(SinewFileClose(&file));
    assert_int_equal(SinewMmpdeTrainerSteps(t[1]), stop);
    train(t[1], 17);
    for (int k = 0; k < 2; k++) check_call(SinewMmpdeGetParameters(SinewMmpdeTrainerNetwork(t[k]), &count, &p[k]));
    for (PetscInt k = 0; k < count; k++) wrong += !!memcmp(p[0][k].value, p[1][k].value, p[0][k].size * sizeof(float));
    for (int k = 0; k < 2; k++) check_call(SinewMmpdeTrainerDestroy(&t[k]));
  }
  check_all(wrong == 0);
  finish(&s);
}

/* Losses of all ranks together and of each alone, in double precision. */
static void equals_one_rank(void **state)
{
  const SinewMmpdeTrainerOptions o = small_options(SINEW_FLOAT64);
  Setting s = begin();
  const char *const names[] = {"u"}, *const files[] = {s.path};
  const SinewDatasetOptions options = {
      .files = 1, .file = files, .scalars = 1, .scalar = names, .axes_yx = PETSC_TRUE, .step = 0.5};
  SinewDataset alone;
  SinewMmpdeTrainer t[2];
  double loss[2], norm[2];

  (void)state;
  check_call(SinewDatasetOpen(PETSC_COMM_SELF, &options, &alone));
  check_call(SinewMmpdeTrainerCreate(PETSC_COMM_WORLD, &o, s.data, s.mover, &t[0]));
  check_call(SinewMmpdeTrainerCreate(PETSC_COMM_SELF, &o, alone, s.mover, &t[1]));
  for (int step = 0; step < 14; step++) {
    for (int k = 0; k < 2; k++)
      check_call(SinewMmpdeTrainerStep(t[k], SinewMmpdeTrainerRate(t[k]), &loss[k], &norm[k]));
    check_close(loss[0], loss[1], 1e-8 * loss[1]); /* AdamW magnifies rounding of small gradients */
    check_close(norm[0], norm[1], 1e-6 * norm[1]);
  }
  for (int k = 0; k < 2; k++) check_call(SinewMmpdeTrainerDestroy(&t[k]));
  check_call(SinewDatasetClose(&alone));
  finish(&s);
}

/* The original's schedule, with and without its decay at epoch 0. */
static void rates_are_the_originals(void **state)
{
  SinewMmpdeTrainerOptions o = small_options(SINEW_FLOAT32);
  Setting s = begin();
  SinewMmpdeTrainer t;

  (void)state;
  o.schedule.base = 6e-4;
  for (int quirk = 0; quirk < 2; quirk++) {
    o.decay_at_start = (PetscBool)quirk;
    check_call(SinewMmpdeTrainerCreate(PETSC_COMM_WORLD, &o, s.data, s.mover, &t));
    check_close(SinewMmpdeTrainerRate(t), quirk ? 2.4e-4 : 6e-4, 1e-18);
    train(t, 11); /* an epoch of the identity, and one step */
    check_close(SinewMmpdeTrainerRate(t), quirk ? 2.4e-4 : 6e-4, 1e-18);
    check_call(SinewMmpdeTrainerDestroy(&t));
  }
  check_close(SinewScheduleRate(&o.schedule, 29), 6e-4, 1e-18);
  check_close(SinewScheduleRate(&o.schedule, 30), 2.4e-4, 1e-18);
  check_close(SinewScheduleRate(&o.schedule, 70), 6e-4 * 0.4 * 0.4 * 0.4, 1e-18);
  finish(&s);
}

static void says_what_does_not_fit(void **state)
{
  SinewMmpdeTrainerOptions o = small_options(SINEW_FLOAT32);
  Setting s = begin();
  SinewDMM wild = random_mover(11, 5);
  SinewMmpdeTrainer t = NULL;
  double loss, norm;

  (void)state;
  check_call(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  o.model.fields = 2;
  assert_int_equal(SinewMmpdeTrainerCreate(PETSC_COMM_WORLD, &o, s.data, s.mover, &t), SINEW_ERR_INPUT);
  check_call(SinewMmpdeTrainerDestroy(&t));
  o.model.fields = 1;
  o.tail = FRAMES;
  assert_int_equal(SinewMmpdeTrainerCreate(PETSC_COMM_WORLD, &o, s.data, s.mover, &t), SINEW_ERR_INPUT);
  check_call(SinewMmpdeTrainerDestroy(&t));
  o.tail = 0;
  check_call(SinewMmpdeTrainerCreate(PETSC_COMM_WORLD, &o, s.data, wild, &t));
  assert_int_equal(SinewMmpdeTrainerStep(t, SinewMmpdeTrainerRate(t), &loss, &norm), SINEW_ERR_INPUT);
  check_call(SinewMmpdeTrainerDestroy(&t));
  check_call(PetscPopErrorHandler());
  check_call(SinewDMMDestroy(&wild));
  finish(&s);
}

SINEW_TEST_MAIN(cmocka_unit_test(learns), cmocka_unit_test(goes_on_with_the_same_bits),
                cmocka_unit_test(equals_one_rank), cmocka_unit_test(rates_are_the_originals),
                cmocka_unit_test(says_what_does_not_fit))

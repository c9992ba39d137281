// RANKS 1 2 4
// TIMEOUT 240
/*
  Training: the original's gradients and AdamW changes come out of the trainer with any number of groups and parts;
  unrolled gradients agree with differences; a training that is stored and loaded goes on with the same bits.
*/
#include "neural/trainer.h"
#include "tests/io/files.h"
#include "tests/neural/golden.h"

/* ---- data ---- */

static void write_field(SinewFile file, const char *name, PetscInt64 n, PetscInt64 frames, PetscInt64 ny, PetscInt64 nx,
                        double *data)
{
  const SinewArray array = {
      .name = name, .dtype = SINEW_FLOAT64, .rank = 4, .shape = {n, frames, ny, nx}, .data = data};

  check_call(SinewFileWrite(file, &array));
}

/* A file with trajectories [n][frames][component][ny][nx], components a, b, ... */
static void write_data(const char *path, int n, int frames, int components, int ny, int nx, const double *all)
{
  const size_t cells = (size_t)(ny * nx);
  double *one = malloc((size_t)(n * frames) * cells * sizeof(double));
  SinewFile file;

  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  for (int c = 0; c < components; c++) {
    const char name[] = {'/', (char)('a' + c), 0};

    for (int k = 0; k < n * frames; k++)
      memcpy(one + (size_t)k * cells, all + (size_t)(k * components + c) * cells, cells * sizeof(double));
    write_field(file, name, n, frames, ny, nx, one);
  }
  check_call(SinewFilePublish(&file));
  free(one);
}

static SinewDataset open_data(const char *path, int components)
{
  static const char *const names[] = {"a", "b", "c", "d"};
  const SinewDatasetOptions options = {
      .files = 1, .file = &path, .scalars = components, .scalar = names, .axes_yx = PETSC_TRUE};
  SinewDataset data;

  check_call(SinewDatasetOpen(PETSC_COMM_WORLD, &options, &data));
  return data;
}

static double value_of(SinewDtype dtype, const void *values, size_t k)
{
  return dtype == SINEW_FLOAT64 ? ((const double *)values)[k] : (double)((const float *)values)[k];
}

/* ---- parameters ---- */

static size_t whole_size(const SinewParameter *p)
{
  size_t n = 1;

  for (int d = 0; d < p->rank; d++) n *= (size_t)p->shape[d];
  return n;
}

/* Where a rank's part of a parameter begins in the whole. */
static size_t first_value(const SinewParameter *p)
{
  return p->part ? (size_t)p->row * (whole_size(p) / (size_t)p->shape[0]) : 0;
}

/* A parameter's values or gradient, of which this rank may have a part, all together. Collective; to be freed. */
static double *whole(SinewDtype dtype, const SinewParameter *p, const void *values)
{
  const size_t n = whole_size(p);
  double *all = malloc(n * sizeof(*all));

  for (size_t i = 0; i < n; i++) all[i] = -INFINITY;
  for (size_t i = 0; i < p->size; i++) all[first_value(p) + i] = value_of(dtype, values, i);
  MPI_Allreduce(MPI_IN_PLACE, all, (int)n, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD);
  return all;
}

/* ---- the original's numbers ---- */

static const char *golden_file;

/* input and target of the file as trajectories of 5 frames: an epoch of 10 samples holds each of the two five times. */
static SinewDataset golden_data(SinewFile file, const char *path, SinewSinenetModel *model)
{
  const int frames = (int)model->history + 1, components = (int)model->components;
  const size_t frame = (size_t)(components * model->ny * model->nx);
  double *input = golden_array(file, "/input", NULL), *target = golden_array(file, "/target", NULL);
  double *all = malloc(2 * (size_t)frames * frame * sizeof(double));

  for (int b = 0; b < 2; b++) {
    memcpy(all + (size_t)(b * frames) * frame, input + (size_t)(b * model->history) * frame,
           (size_t)model->history * frame * sizeof(double));
    memcpy(all + (size_t)(b * frames + frames - 1) * frame, target + (size_t)b * frame, frame * sizeof(double));
  }
  write_data(path, 2, frames, components, (int)model->ny, (int)model->nx, all);
  free(input);
  free(target);
  free(all);
  return open_data(path, components);
}

static double flat_error(SinewTrainer t, SinewDtype dtype, int gradients, const double *before, const double *want)
{
  const SinewParameter *p;
  PetscInt count;
  double sums[2] = {0};
  size_t at = 0;

  check_call(SinewNetworkGetParameters(SinewTrainerNetwork(t), &count, &p));
  for (PetscInt k = 0; k < count; k++) {
    double *values = whole(dtype, &p[k], gradients ? p[k].gradient : p[k].value);

    for (size_t i = 0; i < whole_size(&p[k]); i++, at++) {
      const double have = values[i] - (gradients ? 0 : before[at]);

      sums[0] += (have - want[at]) * (have - want[at]);
      sums[1] += want[at] * want[at];
    }
    free(values);
  }
  return sqrt(sums[0] / sums[1]);
}

/* Gradients are there to be looked at where all are kept: for clipping, for parts. Streamed they show in the changes.
 */
static void golden_steps(SinewFile file, SinewDataset data, SinewSinenetModel *model, SinewDtype dtype, int groups,
                         int accumulate, int stream)
{
  const double factor = dtype == SINEW_FLOAT32 ? 10 : 0, rate = golden_real(file, "/adamw", "lr", 0);
  SinewTrainerOptions o = {.network = model->options,
                           .history = model->history,
                           .unroll = 1,
                           .groups = groups,
                           .batch = 10,
                           .accumulate = accumulate,
                           .loss = SINEW_LOSS_SCALED_L2};
  double *want = golden_array(file, "/scaledl2/grad_flat", NULL),
         *change = golden_array(file, "/adamw/delta_flat", NULL);
  double *losses = golden_array(file, "/adamw/losses", NULL), *before, loss, norm, worst = 0;
  const SinewParameter *p;
  PetscInt count;
  SinewTrainer t;
  size_t at = 0;
  char what[64];

  o.network.dtype = dtype;
  check_call(PetscOptionsSetValue(NULL, "-sinew_shared_cells", accumulate > 1 || groups > 1 ? "256" : "0"));
  check_call(SinewOptimizerDefaults(&o.optimizer));
  o.optimizer.clip = stream ? 0 : 1e30;
  check_call(SinewTrainerCreate(PETSC_COMM_WORLD, &o, data, &t));
  check_call(SinewTrainerLoadWeights(t, file, golden_file));
  before = malloc((size_t)SinewNetworkParameterCount(SinewTrainerNetwork(t)) * sizeof(*before));
  check_call(SinewNetworkGetParameters(SinewTrainerNetwork(t), &count, &p));
  for (PetscInt k = 0; k < count; k++) {
    double *values = whole(dtype, &p[k], p[k].value);

    memcpy(before + at, values, whole_size(&p[k]) * sizeof(*values));
    at += whole_size(&p[k]);
    free(values);
  }
  for (int step = 0; step < 3; step++) {
    check_call(SinewTrainerStep(t, rate, &loss, &norm));
    worst = fmax(worst, fabs(loss - losses[step]) / losses[step]);
    if (step || stream) continue;
    snprintf(what, sizeof(what), "f%d groups %d parts %d gradients", factor > 0 ? 32 : 64, groups, accumulate);
    golden_check(golden_file, what, flat_error(t, dtype, 1, NULL, want),
                 factor > 0 ? factor * golden_real(file, "/scaledl2", "grad_rel_l2_f32_vs_f64", 1e-6) : 1e-12);
  }
  golden_check(golden_file, "losses", worst, factor > 0 ? 1e-5 : 1e-12);
  golden_check(golden_file, "changes in 3 steps", flat_error(t, dtype, 0, before, change),
               factor > 0 ? factor * golden_real(file, "/adamw", "delta_rel_l2_f32_vs_f64", 1e-6) : 1e-7);
  check_call(SinewTrainerDestroy(&t));
  free(want);
  free(change);
  free(losses);
  free(before);
}

static void golden_training(void **state)
{
  static char path[PETSC_MAX_PATH_LEN + 32];
  const char *directory;
  SinewSinenetModel model;
  SinewDataset data;
  SinewFile file;

  (void)state;
  if (golden_missing("sinenet")) skip();
  directory = scratch();
  snprintf(path, sizeof(path), "%s/sinenet/zeros_dis_32x32.h5", golden_folder());
  golden_file = path;
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewSinenetReadModel(file, path, &model));
  data = golden_data(file, in(directory, "golden.h5"), &model);
  for (int groups = 1; groups <= PetscMin(all_ranks(), 2); groups++) {
    golden_steps(file, data, &model, SINEW_FLOAT64, groups, 1, 0);
    check_call(PetscOptionsSetValue(NULL, "-sinew_gradient_bucket", "5000")); /* from here in many messages */
    golden_steps(file, data, &model, SINEW_FLOAT32, groups, groups == 1 ? 5 : 1, groups == 2);
  }
  check_call(SinewDatasetClose(&data));
  check_call(SinewFileClose(&file));
  scratch_remove(directory);
}

/* ---- a small problem ---- */

#define SIDE 16

/* Waves that travel: 3 trajectories of `frames` frames of two components. */
static SinewDataset waves(const char *path, int frames)
{
  double *all = malloc((size_t)(3 * frames * 2 * SIDE * SIDE) * sizeof(double)), *at = all;

  for (int n = 0; n < 3; n++)
    for (int f = 0; f < frames; f++)
      for (int c = 0; c < 2; c++)
        for (int y = 0; y < SIDE; y++)
          for (int x = 0; x < SIDE; x++)
            *at++ = 0.2 + sin(2 * M_PI * (x + 0.5) / SIDE + n - 0.3 * f) * cos(2 * M_PI * y / SIDE + c + 0.5 * n);
  write_data(path, 3, frames, 2, SIDE, SIDE, all);
  free(all);
  return open_data(path, 2);
}

static SinewTrainerOptions small_options(int batch)
{
  SinewTrainerOptions o = {.history = 2, .unroll = 1, .groups = 1, .batch = batch, .accumulate = 1, .seed = 3};

  check_call(PetscOptionsSetValue(NULL, "-sinew_shared_cells", "16")); /* parameters in parts */
  check_call(SinewSinenetDefaults(&o.network));
  o.network.hidden = 4;
  o.network.mult = 1.3;
  o.network.periodic = PETSC_TRUE;
  o.network.dtype = SINEW_FLOAT64;
  check_call(SinewOptimizerDefaults(&o.optimizer));
  o.optimizer.decay = 0;
  return o;
}

/* Moves parameters along cos(k); returns the loss there, and the derivative along it when asked. */
static double loss_at(SinewTrainer t, double along, double *derivative)
{
  const SinewParameter *p;
  PetscInt count;
  double loss, norm;
  size_t at = 0;

  check_call(SinewNetworkGetParameters(SinewTrainerNetwork(t), &count, &p));
  for (PetscInt k = 0; k < count; at += whole_size(&p[k++]))
    for (size_t i = 0; i < p[k].size; i++)
      ((double *)p[k].value)[i] += along * cos((double)(at + first_value(&p[k]) + i));
  check_call(SinewNetworkUpdate(SinewTrainerNetwork(t)));
  check_call(SinewTrainerStep(t, 0, &loss, &norm)); /* of rate 0 */
  if (derivative) *derivative = 0;
  at = 0;
  for (PetscInt k = 0; k < count; at += whole_size(&p[k++])) {
    double *gradient = whole(SINEW_FLOAT64, &p[k], p[k].gradient);

    for (size_t i = 0; i < whole_size(&p[k]) && derivative; i++) *derivative += cos((double)(at + i)) * gradient[i];
    for (size_t i = 0; i < p[k].size; i++)
      ((double *)p[k].value)[i] -= along * cos((double)(at + first_value(&p[k]) + i));
    free(gradient);
  }
  return loss;
}

static void unrolled_gradients(void **state)
{
  const char *directory = scratch();
  SinewDataset data = waves(in(directory, "waves.h5"), 5); /* 2 + 3 frames: one window a trajectory */
  SinewTrainerOptions o = small_options(15);
  const double eps = 1e-5;
  double slope, sum = 0, ends[2];
  SinewTrainer t;

  (void)state;
  o.unroll = 3;
  for (int loss = 0; loss < 3; loss++) {
    o.loss = (SinewLossKind)loss;
    check_call(SinewTrainerCreate(PETSC_COMM_WORLD, &o, data, &t));
    loss_at(t, 0, &slope);
    ends[0] = loss_at(t, -eps, NULL);
    ends[1] = loss_at(t, eps, NULL);
    check_close((ends[1] - ends[0]) / (2 * eps), slope, (loss == 2 ? 1e-5 : 1e-7) * fabs(slope));
    sum += fabs(slope);
    check_call(SinewTrainerDestroy(&t));
  }
  assert_true(sum > 1e-3);
  check_call(SinewDatasetClose(&data));
  scratch_remove(directory);
}

/* Pushed forward, the loss is that of the third prediction, and its gradient that of one step from what came before. */
static void pushed_forward(void **state)
{
  const char *directory = scratch();
  SinewDataset data = waves(in(directory, "waves.h5"), 5);
  SinewTrainerOptions o = small_options(15);
  double loss[4], norm;
  SinewTrainer t;

  (void)state;
  for (int unroll = 1; unroll <= 4; unroll++) { /* 4: the mean over three, not pushed */
    o.unroll = PetscMin(unroll, 3);
    o.push_forward = (PetscBool)(unroll < 4);
    check_call(SinewTrainerCreate(PETSC_COMM_WORLD, &o, data, &t));
    check_call(SinewTrainerStep(t, 0, &loss[unroll - 1], &norm));
    check_call(SinewTrainerDestroy(&t));
  }
  assert_true(fabs(loss[2] - loss[3]) > 1e-6 * loss[3]);
  check_call(SinewDatasetClose(&data));
  scratch_remove(directory);
}

/* ---- learning, files ---- */

static void validate(SinewTrainer t, SinewDataset data, SinewTrainerErrors *errors)
{
  const PetscReal mean[] = {0, 0}, sd[] = {1, 1};

  check_call(SinewTrainerValidate(t, data, mean, sd, 3, 0, errors));
}

/* Some steps; stored and loaded on the way into another trainer when path is given. */
static SinewTrainer train(const SinewTrainerOptions *o, SinewDataset data, int steps, const char *path, double *loss)
{
  SinewTrainer t;
  SinewFile file;
  double norm;

  check_call(SinewTrainerCreate(PETSC_COMM_WORLD, o, data, &t));
  for (int k = 0; k < steps; k++) {
    check_call(SinewTrainerStep(t, 3e-3, loss, &norm));
    if (!path || k != steps / 2) continue;
    check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
    check_call(SinewTrainerStore(t, file));
    check_call(SinewFilePublish(&file));
    check_call(SinewTrainerDestroy(&t));
    check_call(SinewTrainerCreate(PETSC_COMM_WORLD, o, data, &t));
    check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
    check_call(SinewTrainerLoad(t, file));
    check_call(SinewFileClose(&file));
  }
  return t;
}

static void learns_and_goes_on(void **state)
{
  const char *directory = scratch();
  SinewDataset data = waves(in(directory, "waves.h5"), 8);
  SinewTrainerOptions o = small_options(4);
  SinewTrainerErrors first, last, again;
  double loss, other;
  SinewTrainer t;

  (void)state;
  o.network.dtype = SINEW_FLOAT32;
  o.optimizer.average = 0.9;
  o.augment.shift[0] = o.augment.flip[1] = PETSC_TRUE;
  o.groups = PetscMin(2, all_ranks());
  t = train(&o, data, 0, NULL, &loss);
  validate(t, data, &first);
  check_call(SinewTrainerDestroy(&t));
  t = train(&o, data, 60, NULL, &loss);
  validate(t, data, &last);
  check_call(SinewTrainerDestroy(&t));
  t = train(&o, data, 60, in(directory, "half.h5"), &other);
  validate(t, data, &again);
  check_call(SinewTrainerDestroy(&t));
  assert_memory_equal(&loss, &other, sizeof(loss)); /* to the bit */
  assert_memory_equal(&last.one_step, &again.one_step, sizeof(last.one_step));
  assert_memory_equal(last.rollout, again.rollout, 3 * sizeof(*last.rollout));
  assert_int_equal(last.steps, 3);
  check_all(last.one_step < 0.3 * first.one_step && last.rollout[2] > last.rollout[0]);
  check_close(last.mean, (last.rollout[0] + last.rollout[1] + last.rollout[2]) / 3, 1e-15);
  check_call(SinewDatasetClose(&data));
  scratch_remove(directory);
}

/* ---- conditional networks, noise ---- */

static void conditional(SinewTrainerOptions *o)
{
  o->network.kind = SINEW_SINENET_CONDITIONAL;
  o->network.scalar = PETSC_FALSE;
  o->history = 1;
  o->lead = 3;
}

/* Waves go ahead by one to three frames, as the network is told: it learns that, from noisy frames too, and in the same
   way whatever the groups. */
static void goes_ahead(void **state)
{
  const char *directory = scratch();
  SinewDataset data = waves(in(directory, "waves.h5"), 8);
  SinewTrainerOptions o = small_options(12);
  SinewTrainerErrors first, last;
  double loss[2], norm;
  SinewTrainer t;

  (void)state;
  conditional(&o);
  o.noise = 0.02;
  for (int k = 0; k < 2; k++) {
    if (k) o.groups = PetscMin(all_ranks(), 4);
    check_call(SinewTrainerCreate(PETSC_COMM_WORLD, &o, data, &t));
    for (int step = 0; step < 2; step++) check_call(SinewTrainerStep(t, 1e-3, &loss[k], &norm));
    check_call(SinewTrainerDestroy(&t));
  }
  check_close(loss[0], loss[1], 1e-11 * loss[0]);
  o.network.dtype = SINEW_FLOAT32;
  t = train(&o, data, 0, NULL, &loss[0]);
  validate(t, data, &first);
  check_call(SinewTrainerDestroy(&t));
  t = train(&o, data, 60, NULL, &loss[0]);
  validate(t, data, &last);
  check_call(SinewTrainerDestroy(&t));
  check_all(last.one_step < 0.3 * first.one_step);
  o.noise = 0;
  check_call(SinewTrainerCreate(PETSC_COMM_WORLD, &o, data, &t));
  check_call(SinewTrainerStep(t, 0, &loss[1], &norm));
  check_call(SinewTrainerDestroy(&t));
  o.noise = 1;
  check_call(SinewTrainerCreate(PETSC_COMM_WORLD, &o, data, &t));
  check_call(SinewTrainerStep(t, 0, &loss[0], &norm));
  check_call(SinewTrainerDestroy(&t));
  check_all(fabs(loss[0] / loss[1] - 1) > 1e-3);
  o.unroll = 2;
  check_error(SinewTrainerCreate(PETSC_COMM_WORLD, &o, data, &t), SINEW_ERR_INPUT, "from one frame to one other");
  check_call(SinewTrainerDestroy(&t));
  check_call(SinewDatasetClose(&data));
  scratch_remove(directory);
}

/* ---- gradients that are not kept ---- */

typedef struct {
  double loss, norm, sums[2]; /* of parameters and their squares */
  SinewTrainerErrors errors;
  size_t memory;
} Outcome;

static Outcome outcome_of(const SinewTrainerOptions *o, SinewDataset data)
{
  const SinewParameter *p;
  SinewTrainer t;
  PetscInt count;
  Outcome out;

  memset(&out, 0, sizeof(out));
  check_call(SinewTrainerCreate(PETSC_COMM_WORLD, o, data, &t));
  for (int k = 0; k < 4; k++) check_call(SinewTrainerStep(t, 3e-3, &out.loss, &out.norm));
  check_call(SinewNetworkGetParameters(SinewTrainerNetwork(t), &count, &p));
  for (PetscInt k = 0; k < count; k++)
    for (size_t i = 0; i < p[k].size; i++) {
      const double value = value_of(o->network.dtype, p[k].value, i);

      out.sums[0] += value * cos((double)k + 0.1 * (double)i);
      out.sums[1] += value * value;
    }
  out.memory = SinewTrainerMemory(t);
  validate(t, data, &out.errors);
  check_call(SinewTrainerDestroy(&t));
  return out;
}

/* The optimiser in the backward pass leaves the bits of one that waits for all gradients, which clipping needs. */
static void streamed(void **state)
{
  const char *directory = scratch();
  SinewDataset data = waves(in(directory, "waves.h5"), 8);
  SinewTrainerOptions o = small_options(4);

  (void)state;
  check_call(PetscOptionsSetValue(NULL, "-sinew_gradient_bucket", "500")); /* many, which take turns in memory */
  check_call(PetscOptionsSetValue(NULL, "-sinew_share_memory", "false"));  /* which sums in another order */
  o.groups = PetscMin(2, all_ranks());
  o.optimizer.average = 0.9;
  o.network.waves = 2;
  for (int k = 0; k < 4; k++) {
    Outcome kept, gone;

    if (k == 3) {
      conditional(&o);
      o.noise = 0.1;
    }

    o.network.dtype = k == 1 ? SINEW_FLOAT64 : SINEW_FLOAT32;
    o.network.recompute = (PetscBool)(k == 2);
    o.optimizer.kind = k == 1 ? SINEW_ADAMP : SINEW_ADAMW;
    o.optimizer.clip = 1e30;
    kept = outcome_of(&o, data);
    o.optimizer.clip = 0;
    gone = outcome_of(&o, data);
    check_all(gone.memory < kept.memory);
    gone.memory = kept.memory;
    assert_memory_equal(&kept, &gone, sizeof(kept));
  }
  check_call(PetscOptionsClearValue(NULL, "-sinew_share_memory"));
  check_call(SinewDatasetClose(&data));
  scratch_remove(directory);
}

/* All parameters of a trainer, one after the other, on every rank; to be freed. */
static double *all_values(SinewTrainer t, SinewDtype dtype, size_t *n)
{
  double *all = malloc((size_t)SinewNetworkParameterCount(SinewTrainerNetwork(t)) * sizeof(*all));
  const SinewParameter *p;
  PetscInt count;

  *n = 0;
  check_call(SinewNetworkGetParameters(SinewTrainerNetwork(t), &count, &p));
  for (PetscInt k = 0; k < count; *n += whole_size(&p[k++])) {
    double *values = whole(dtype, &p[k], p[k].value);

    memcpy(all + *n, values, whole_size(&p[k]) * sizeof(*all));
    free(values);
  }
  return all;
}

static void compare_trainers(SinewTrainer a, SinewTrainer b, SinewDtype dtype, double tolerance)
{
  size_t n, m;
  double *x = all_values(a, dtype, &n), *y = all_values(b, dtype, &m), difference = 0, size = 0;

  assert_int_equal(n, m);
  for (size_t i = 0; i < n; i++) {
    difference += (x[i] - y[i]) * (x[i] - y[i]);
    size += x[i] * x[i];
  }
  check_all(sqrt(difference / size) <= tolerance);
  free(x);
  free(y);
}

static PetscBool shares(SinewTrainer t)
{
  const SinewParameter *p;
  PetscInt count;

  check_call(SinewNetworkGetParameters(SinewTrainerNetwork(t), &count, &p));
  for (PetscInt k = 0; k < count; k++)
    if (!p[k].part) return PETSC_FALSE;
  return PETSC_TRUE;
}

/* Sums of two ranks have no order: their bits are those of messages. What one kind of memory stores, the other goes on
 * from. */
static void shared_memory(void **state)
{
  const char *directory = scratch();
  SinewDataset data = waves(in(directory, "waves.h5"), 8);
  SinewTrainerOptions o = small_options(4);
  double loss[2], norm[2];
  SinewTrainer t[2];
  SinewFile file;

  (void)state;
  check_call(PetscOptionsSetValue(NULL, "-sinew_gradient_bucket", "500"));
  o.optimizer.average = 0.9;
  o.network.waves = 2;
  for (int k = 0; k < 6; k++) {
    o.groups = k % 2 ? PetscMin(2, all_ranks()) : 1;
    o.network.dtype = k < 2 ? SINEW_FLOAT32 : SINEW_FLOAT64;
    o.network.recompute = (PetscBool)(k > 3);
    for (int i = 0; i < 2; i++) {
      check_call(PetscOptionsSetValue(NULL, "-sinew_share_memory", i ? "false" : "true"));
      check_call(SinewTrainerCreate(PETSC_COMM_WORLD, &o, data, &t[i]));
      for (int step = 0; step < 4; step++) check_call(SinewTrainerStep(t[i], 3e-3, &loss[i], &norm[i]));
    }
    check_all(shares(t[0]) == (all_ranks() > o.groups) && !shares(t[1]));
    check_close(loss[0], loss[1], (k < 2 ? 1e-5 : 1e-12) * loss[1]);
    check_close(norm[0], norm[1], (k < 2 ? 1e-4 : 1e-11) * norm[1]);
    compare_trainers(t[0], t[1], o.network.dtype, all_ranks() <= 2 ? 0 : k < 2 ? 1e-3 : 1e-12);
    check_all(all_ranks() == o.groups || SinewTrainerMemory(t[0]) < SinewTrainerMemory(t[1]));
    check_call(SinewFileCreate(PETSC_COMM_WORLD, in(directory, "checkpoint.h5"), &file));
    check_call(SinewTrainerStore(t[0], file));
    check_call(SinewFilePublish(&file));
    check_call(SinewFileOpen(PETSC_COMM_WORLD, in(directory, "checkpoint.h5"), &file));
    for (int i = 0; i < 2; i++) {
      check_call(SinewTrainerLoad(t[i], file));
      check_call(SinewTrainerStep(t[i], 3e-3, &loss[i], &norm[i]));
    }
    check_call(SinewFileClose(&file));
    check_close(loss[0], loss[1], 1e-14 * loss[1]);
    for (int i = 0; i < 2; i++) check_call(SinewTrainerDestroy(&t[i]));
  }
  check_call(PetscOptionsClearValue(NULL, "-sinew_share_memory"));
  check_call(SinewDatasetClose(&data));
  scratch_remove(directory);
}

/* A gradient that overflows where the loss does not, in the middle of the way back. */
static void torn(void **state)
{
  const char *directory = scratch();
  SinewDataset data = waves(in(directory, "waves.h5"), 8);
  SinewTrainerOptions o = small_options(4);
  double loss, norm, before;
  const SinewParameter *p;
  SinewTrainer t;
  SinewFile file;
  PetscInt count;

  (void)state;
  o.network.dtype = SINEW_FLOAT32;
  o.loss = SINEW_LOSS_MEAN_SQUARE;
  check_call(SinewTrainerCreate(PETSC_COMM_WORLD, &o, data, &t));
  check_call(SinewTrainerStep(t, 1e-3, &before, &norm));
  check_all(isfinite(norm));
  check_call(SinewNetworkGetParameters(SinewTrainerNetwork(t), &count, &p));
  for (PetscInt k = 0; k < count; k++)
    for (size_t i = 0; i < p[k].size && !strcmp(p[k].name, "final.weight"); i++) ((float *)p[k].value)[i] *= 1e25F;
  check_call(SinewNetworkUpdate(SinewTrainerNetwork(t)));
  check_call(SinewTrainerStep(t, 1e-3, &loss, &norm));
  check_all(isfinite(loss) && loss > before && !isfinite(norm));
  assert_int_equal(SinewTrainerSteps(t), 1);
  check_call(SinewFileCreate(PETSC_COMM_WORLD, in(directory, "torn.h5"), &file));
  check_error(SinewTrainerStore(t, file), PETSC_ERR_ORDER, "not finite in the middle of a step");
  check_error(SinewTrainerStoreWeights(t, file), PETSC_ERR_ORDER, "not finite in the middle of a step");
  check_call(SinewFileClose(&file));
  check_call(SinewTrainerDestroy(&t));
  check_call(SinewDatasetClose(&data));
  scratch_remove(directory);
}

/* Computing waves once more changes no bit. */
static void recomputed(void **state)
{
  const char *directory = scratch();
  SinewDataset data = waves(in(directory, "waves.h5"), 8);
  SinewTrainerOptions o = small_options(4);
  SinewTrainerErrors kept, again;
  size_t memory[2];
  double loss;
  SinewTrainer t;

  (void)state;
  o.network.dtype = SINEW_FLOAT32;
  o.network.waves = 3;
  t = train(&o, data, 8, NULL, &loss);
  validate(t, data, &kept);
  memory[0] = SinewTrainerMemory(t);
  check_call(SinewTrainerDestroy(&t));
  o.network.recompute = PETSC_TRUE;
  t = train(&o, data, 8, NULL, &loss);
  validate(t, data, &again);
  memory[1] = SinewTrainerMemory(t);
  check_call(SinewTrainerDestroy(&t));
  assert_memory_equal(&kept.one_step, &again.one_step, sizeof(kept.one_step));
  assert_memory_equal(kept.rollout, again.rollout, 3 * sizeof(*kept.rollout));
  check_all(memory[1] < memory[0]);
  check_call(SinewDatasetClose(&data));
  scratch_remove(directory);
}

/* What is judged does not depend on groups, nor on how many samples go at a time. */
static void judged_alike(void **state)
{
  const char *directory = scratch();
  SinewDataset data = waves(in(directory, "waves.h5"), 8);
  SinewTrainerOptions o = small_options(12);
  SinewTrainerErrors one, other;
  SinewTrainer t;

  (void)state;
  check_call(SinewTrainerCreate(PETSC_COMM_WORLD, &o, data, &t));
  validate(t, data, &one);
  check_call(SinewTrainerDestroy(&t));
  o.groups = all_ranks();
  o.accumulate = 12 / o.groups;
  check_call(SinewTrainerCreate(PETSC_COMM_WORLD, &o, data, &t));
  validate(t, data, &other);
  check_close(one.one_step, other.one_step, 1e-13 * one.one_step);
  for (int k = 0; k < 3; k++) check_close(one.rollout[k], other.rollout[k], 1e-13 * one.rollout[k]);
  check_call(SinewTrainerDestroy(&t));
  o.accumulate = 5;
  check_error(SinewTrainerCreate(PETSC_COMM_WORLD, &o, data, &t), SINEW_ERR_INPUT, "cannot be dealt out");
  check_call(SinewTrainerDestroy(&t));
  check_call(SinewDatasetClose(&data));
  scratch_remove(directory);
}

SINEW_TEST_MAIN(cmocka_unit_test(golden_training), cmocka_unit_test(unrolled_gradients),
                cmocka_unit_test(pushed_forward), cmocka_unit_test(learns_and_goes_on), cmocka_unit_test(recomputed),
                cmocka_unit_test(goes_ahead), cmocka_unit_test(streamed), cmocka_unit_test(shared_memory),
                cmocka_unit_test(torn), cmocka_unit_test(judged_alike))

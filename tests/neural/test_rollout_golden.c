// RANKS 1 2 4
// TIMEOUT 120
/* Roll-outs: a network fed with its own predictions, and the measures of them, against the original's (rollout_*). */
#include "neural/loss.h"
#include "neural/sinenet.h"
#include "tests/neural/golden.h"

typedef struct {
  const char *path;
  SinewFile file;
  SinewSinenetModel model;
  SinewLayout layout;
  SinewNetwork network;
  SinewTensor prediction, truth; /* one frame, in double */
  PetscInt batch, frames, steps, history, components, cells;
  double *trajectory, *window, *mean,
      *sd; /* this rank's boxes: [batch][frames][components][cells], [batch][history]... */
} Case;

static double bound(const Case *c, double exact, double single)
{
  return c->model.options.dtype == SINEW_FLOAT64 ? exact : single;
}

static void check_case(const Case *c, const char *what, double error, double tolerance)
{
  char text[80];

  snprintf(text, sizeof(text), "%s %s", c->model.options.dtype == SINEW_FLOAT64 ? "f64" : "f32", what);
  golden_check(c->path, text, error, tolerance);
}

static void open_case(const char *path, SinewDtype dtype, Case *c)
{
  SinewSinenetOptions *o = &c->model.options;
  SinewArray array;
  PetscBool exists;
  SinewBox box;

  *c = (Case){.path = path};
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &c->file));
  check_call(SinewSinenetReadModel(c->file, path, &c->model));
  check_call(SinewFileInquire(c->file, "/trajectory", &exists, &array));
  c->batch = o->batch = (PetscInt)array.shape[0];
  c->frames = (PetscInt)array.shape[1];
  check_call(SinewFileInquire(c->file, "/rollout", &exists, &array));
  c->steps = (PetscInt)array.shape[1];
  o->dtype = dtype;
  check_call(
      SinewLayoutCreate(PETSC_COMM_WORLD, c->model.ny, c->model.nx, o->periodic, SINEW_SINENET_LEVELS, &c->layout));
  check_call(SinewSinenetCreate(c->layout, o, &c->network));
  check_call(SinewNetworkLoad(c->network, c->file, path, "/weights"));
  box = SinewLayoutBox(c->layout);
  c->cells = box.ny * box.nx;
  c->history = c->model.history;
  c->components = c->model.components;
  check_call(SinewTensorCreate(c->layout, SINEW_FLOAT64, c->batch, c->components, 0, NULL, &c->prediction));
  check_call(SinewTensorCreate(c->layout, SINEW_FLOAT64, c->batch, c->components, 0, NULL, &c->truth));
  c->trajectory = golden_box(c->file, "/trajectory", c->layout);
  c->window = malloc((size_t)(c->batch * o->inputs * c->cells) * sizeof(double) + 1);
  c->mean = golden_array(c->file, "/mean", NULL);
  c->sd = golden_array(c->file, "/sd", NULL);
}

static void close_case(Case *c)
{
  free(c->trajectory);
  free(c->window);
  free(c->mean);
  free(c->sd);
  check_call(SinewTensorDestroy(&c->prediction));
  check_call(SinewTensorDestroy(&c->truth));
  check_call(SinewNetworkDestroy(&c->network));
  check_call(SinewLayoutDestroy(&c->layout));
  check_call(SinewFileClose(&c->file));
}

static double *frame_of(const Case *c, double *frames, PetscInt n, PetscInt b, PetscInt t)
{
  return frames + (b * n + t) * c->components * c->cells;
}

/* out = (in - mean) / sd, or back */
static void scale(const Case *c, const double *in, double *out, int normalise)
{
  for (PetscInt k = 0; k < c->components; k++)
    for (PetscInt i = k * c->cells; i < (k + 1) * c->cells; i++)
      out[i] = normalise ? (in[i] - c->mean[k]) / c->sd[k] : in[i] * c->sd[k] + c->mean[k];
}

static void start(const Case *c, PetscInt first)
{
  for (PetscInt b = 0; b < c->batch; b++)
    for (PetscInt t = 0; t < c->history; t++)
      scale(c, frame_of(c, c->trajectory, c->frames, b, first + t), frame_of(c, c->window, c->history, b, t), 1);
}

/* One step: the normalised prediction joins the window; the de-normalised one is returned, [batch][components][cells].
 */
static double *advance(const Case *c)
{
  const size_t frame = (size_t)(c->components * c->cells);
  double *out;

  check_call(SinewTensorSetPlanes(SinewNetworkInput(c->network), c->window));
  check_call(SinewNetworkForward(c->network));
  out = golden_planes(SinewNetworkOutput(c->network));
  for (PetscInt b = 0; b < c->batch; b++) {
    double *oldest = frame_of(c, c->window, c->history, b, 0), *p = out + (size_t)b * frame;

    memmove(oldest, oldest + frame, frame * (size_t)(c->history - 1) * sizeof(double));
    memcpy(frame_of(c, c->window, c->history, b, c->history - 1), p, frame * sizeof(double));
    scale(c, p, p, 0);
  }
  return out;
}

/* The distance of one frame from the trajectory's frame t. */
static double distance(const Case *c, const double *frame, PetscInt t,
                       PetscErrorCode (*function)(SinewTensor, SinewTensor, double *, SinewTensor), int normalise)
{
  const size_t n = (size_t)(c->components * c->cells);
  double *truth = malloc((size_t)c->batch * n * sizeof(double) + 1),
         *given = malloc((size_t)c->batch * n * sizeof(double) + 1), d;

  for (PetscInt b = 0; b < c->batch; b++) {
    memcpy(truth + (size_t)b * n, frame_of(c, c->trajectory, c->frames, b, t), n * sizeof(double));
    memcpy(given + (size_t)b * n, frame + (size_t)b * n, n * sizeof(double));
    if (normalise) scale(c, truth + (size_t)b * n, truth + (size_t)b * n, 1);
    if (normalise) scale(c, given + (size_t)b * n, given + (size_t)b * n, 1);
  }
  check_call(SinewTensorSetPlanes(c->prediction, given));
  check_call(SinewTensorSetPlanes(c->truth, truth));
  check_call(function(c->prediction, c->truth, &d, NULL));
  free(truth);
  free(given);
  return d;
}

static void compare_attribute(const Case *c, const char *key, double have)
{
  const double want = golden_real(c->file, "/", key, NAN);

  if (!isnan(want)) check_case(c, key, fabs(have - want) / fabs(want), bound(c, 1e-12, 1e-5));
}

/* A frame of the stored roll-out; it is kept in float. */
static void compare_step(const Case *c, const double *all, PetscInt step, const double *frame)
{
  const size_t n = (size_t)(c->components * c->cells);
  double sums[2] = {0};
  char what[32];

  for (PetscInt b = 0; b < c->batch; b++) {
    const double *want = all + (size_t)(b * c->steps + step) * n;

    for (size_t k = 0; k < n; k++) {
      const double d = frame[(size_t)b * n + k] - want[k];

      sums[0] += d * d;
      sums[1] += want[k] * want[k];
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  snprintf(what, sizeof(what), "step %d", (int)step);
  check_case(c, what, sqrt(sums[0] / sums[1]),
             bound(c, 1e-7, 10 * golden_real(c->file, "/rollout", "rel_l2_f32_vs_f64", 1e-6)));
}

static void compare_check(const Case *c, const double *checks, PetscInt step, const double *frame)
{
  const SinewBox box = SinewLayoutBox(c->layout);
  double s[3] = {0}, error;

  for (PetscInt p = 0; p < c->batch * c->components; p++)
    for (PetscInt k = 0; k < c->cells; k++) {
      const double v = frame[p * c->cells + k];
      const PetscInt index = (p * c->model.ny + box.y + k / box.nx) * c->model.nx + box.x + k % box.nx;

      s[0] += v;
      s[1] += v * v;
      s[2] += v * cos(0.7 * (double)index + 0.3);
    }
  MPI_Allreduce(MPI_IN_PLACE, s, 3, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  s[1] = sqrt(s[1]);
  error =
      fmax(fabs(s[0] - checks[3 * step]), fmax(fabs(s[1] - checks[3 * step + 1]), fabs(s[2] - checks[3 * step + 2])));
  check_case(c, "fingerprint", error / checks[3 * step + 1], bound(c, 1e-10, 1e-4));
}

static void compare_first_window(Case *c)
{
  double *frame, scalar = 0;

  start(c, 0);
  frame = advance(c);
  scalar = distance(c, frame, c->history, SinewLossMeanSquare, 0) * (double)c->components;
  compare_attribute(c, "eval_mse", scalar);
  compare_attribute(c, "eval_scaledl2", distance(c, frame, c->history, SinewLossScaledL2, 0));
  compare_attribute(c, "train_scaledl2", distance(c, frame, c->history, SinewLossScaledL2, 1));
  free(frame);
}

static void run_rollout(const char *path, SinewDtype dtype)
{
  Case c;
  double *all, *checks, *want, *losses;
  PetscInt starts;

  open_case(path, dtype, &c);
  compare_first_window(&c);
  all = golden_box(c.file, "/rollout", c.layout);
  checks = golden_array(c.file, "/rollout_checks", NULL);
  want = golden_array(c.file, "/rollout_loss_t", NULL);
  losses = calloc((size_t)c.steps, sizeof(*losses));
  starts = c.frames - c.history - c.steps + 1;
  for (PetscInt first = 0; first < starts; first++) {
    start(&c, first);
    for (PetscInt step = 0; step < c.steps; step++) {
      double *frame = advance(&c);

      if (!first) compare_step(&c, all, step, frame);
      if (!first) compare_check(&c, checks, step, frame);
      losses[step] += distance(&c, frame, first + c.history + step, SinewLossScaledL2, 0) / (double)starts;
      free(frame);
    }
  }
  for (PetscInt step = 0; step < c.steps; step++)
    check_case(&c, "loss of a step", fabs(losses[step] - want[step]) / want[step], bound(&c, 1e-12, 1e-5));
  free(all);
  free(checks);
  free(want);
  free(losses);
  close_case(&c);
}

static void rollout_file(const char *path)
{
  run_rollout(path, SINEW_FLOAT64);
  run_rollout(path, SINEW_FLOAT32);
}

static void rollouts(void **state)
{
  (void)state;
  golden_each("sinenet", (const char *const[]){"rollout_", NULL}, rollout_file);
  check_all(golden_compared > 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(rollouts)};

  if (golden_missing("sinenet")) return 77;
  return run_group(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}

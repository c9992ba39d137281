// RANKS 1 2 4
// TIMEOUT 180
// Training a mesh network without data: the loss falls, a stored run goes on with the same bits, ranks share the work.
#include "neural/dmm_training.h"

#include "io/random.h"
#include "tests/harness.h"

#define SIZE   12
#define FIELDS 6

static const SinewDMMTrainerOptions options = {.fields = 4, .points = 40, .border = 9, .seed = 3};

/* Bumps at different places. */
static double *make_fields(void)
{
  double *u = malloc(sizeof(double) * FIELDS * SIZE * SIZE);

  for (int f = 0; f < FIELDS; f++)
    for (int j = 0; j < SIZE; j++)
      for (int i = 0; i < SIZE; i++) {
        const double x = i / (SIZE - 1.) - 0.4 - 0.04 * f, y = j / (SIZE - 1.) - 0.6 + 0.05 * f;

        u[(f * SIZE + j) * SIZE + i] = exp(-(x * x + y * y) / 0.05);
      }
  return u;
}

typedef struct {
  SinewDMM dmm;
  SinewDMMTrainer trainer;
  double *u;
} Run;

static Run new_run(void)
{
  Run r = {.u = make_fields()};

  check_call(SinewDMMCreateEmpty(SIZE, 12, 8, 10, 16, &r.dmm));
  check_call(SinewDMMTrainerInitialise(r.dmm, 5));
  check_call(SinewDMMTrainerCreate(PETSC_COMM_WORLD, r.dmm, FIELDS, r.u, &options, &r.trainer));
  return r;
}

static void free_run(Run *r)
{
  check_call(SinewDMMTrainerDestroy(&r->trainer));
  check_call(SinewDMMDestroy(&r->dmm));
  free(r->u);
}

static double train(Run *r, int steps)
{
  SinewDMMLoss loss = {.total = 0};
  double mean = 0;

  for (int k = 0; k < steps; k++) {
    check_call(SinewDMMTrainerStep(r->trainer, 2e-3, &loss, NULL));
    if (k >= steps - 20) mean += loss.total / PetscMin(20, steps);
  }
  return mean;
}

static void the_loss_falls(void **state)
{
  Run r = new_run();
  double before, after;
  PetscBool kept;

  (void)state;
  before = train(&r, 1);
  after = train(&r, 40);
  check_all(after < 0.7 * before);
  check_call(SinewDMMTrainerFeatures(r.trainer, 3, &kept));
  free_run(&r);
}

/* Checksum-free comparison: all parameters of two networks. */
static double difference(SinewDMM a, SinewDMM b)
{
  double worst = 0;

  for (PetscInt p = 0;; p++) {
    SinewArray x, y;
    PetscInt64 n;

    check_call(SinewDMMGetParameter(a, p, &x));
    check_call(SinewDMMGetParameter(b, p, &y));
    if (!x.name) return worst;
    n = SinewArraySize(&x);
    for (PetscInt64 i = 0; i < n; i++) worst = fmax(worst, fabs(((double *)x.data)[i] - ((double *)y.data)[i]));
  }
}

static void a_stored_run_goes_on(void **state)
{
  Run whole = new_run(), part = new_run(), rest = new_run();
  char name[64];
  SinewFile file;
  PetscMPIInt ranks;

  (void)state;
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  snprintf(name, sizeof(name), "dmm_training_%d.h5", ranks);
  train(&whole, 5);
  train(&part, 2);
  check_call(SinewFileCreate(PETSC_COMM_WORLD, name, &file));
  check_call(SinewDMMTrainerStore(part.trainer, file));
  check_call(SinewFilePublish(&file));
  check_call(SinewFileOpen(PETSC_COMM_WORLD, name, &file));
  check_call(SinewDMMTrainerLoad(rest.trainer, file));
  check_call(SinewFileClose(&file));
  train(&rest, 3);
  check_all(difference(whole.dmm, rest.dmm) == 0);
  check_all(difference(whole.dmm, part.dmm) > 0);
  free_run(&whole);
  free_run(&part);
  free_run(&rest);
}

/* What one rank has after three steps, computed by every rank alone. */
static void ranks_share_the_work(void **state)
{
  Run together = new_run(), alone = {.u = make_fields()};

  (void)state;
  check_call(SinewDMMCreateEmpty(SIZE, 12, 8, 10, 16, &alone.dmm));
  check_call(SinewDMMTrainerInitialise(alone.dmm, 5));
  check_call(SinewDMMTrainerCreate(PETSC_COMM_SELF, alone.dmm, FIELDS, alone.u, &options, &alone.trainer));
  train(&together, 3);
  train(&alone, 3);
  check_all(difference(together.dmm, alone.dmm) < 1e-9);
  free_run(&together);
  free_run(&alone);
}

/* The loss at parameters moved by h along a direction. */
static double loss_along(SinewDMM dmm, const SinewDMMSample *sample, double h)
{
  SinewDMMLoss loss;

  for (int back = 0; back < 2; back++) {
    for (PetscInt p = 0;; p++) {
      SinewArray a;
      PetscInt64 n;

      check_call(SinewDMMGetParameter(dmm, p, &a));
      if (!a.name) break;
      n = SinewArraySize(&a);
      for (PetscInt64 i = 0; i < n; i++) ((double *)a.data)[i] += (back ? -h : h) * (SinewUniform(8, p, i) - 0.5);
    }
    check_call(SinewDMMCollapse(dmm));
    if (!back) check_call(SinewDMMEvaluateLoss(dmm, sample, &loss, NULL));
  }
  return loss.total;
}

/* With walls, a floor, straight slopes and a window: the gradient is the loss's slope. */
static void gradients_beyond_the_original(void **state)
{
  enum { POINTS = 20 };
  double xi[2 * POINTS], border[4][4], *gradient, sum = 0, slope, *u = make_fields();
  SinewDMMSample sample = {.fields = 1,
                           .points = POINTS,
                           .u = u,
                           .xi = xi,
                           .border = 2,
                           .monitor = {.floor = 0.3, .straight = PETSC_TRUE, .window = 5}};
  SinewDMMLoss loss;
  PetscInt at = 0;
  SinewDMM dmm;

  (void)state;
  for (int k = 0; k < 2 * POINTS; k++) xi[k] = 0.1 + 0.8 * SinewUniform(9, 0, k);
  for (int side = 0; side < 4; side++) {
    for (int k = 0; k < 4; k++) border[side][k] = (k % 2 == side / 2) ? side % 2 : 0.3 + 0.1 * k;
    sample.border_xi[side] = border[side];
  }
  for (int walls = 0; walls < 2; walls++, at = 0, sum = 0) {
    check_call(SinewDMMCreateEmpty(SIZE, 12, 8, 10, 16, &dmm));
    check_call(SinewDMMSetWalls(dmm, (PetscBool)walls));
    check_call(SinewDMMTrainerInitialise(dmm, 5));
    gradient = malloc(sizeof(double) * 100000);
    check_call(SinewDMMEvaluateLoss(dmm, &sample, &loss, gradient));
    check_all(walls ? loss.bound == 0 : loss.bound > 0);
    for (PetscInt p = 0;; p++) {
      SinewArray a;
      PetscInt64 n;

      check_call(SinewDMMGetParameter(dmm, p, &a));
      if (!a.name) break;
      n = SinewArraySize(&a);
      for (PetscInt64 i = 0; i < n; i++) sum += gradient[at++] * (SinewUniform(8, p, i) - 0.5);
    }
    slope = (4 * (loss_along(dmm, &sample, 1e-4) - loss_along(dmm, &sample, -1e-4)) / 2e-4 -
             (loss_along(dmm, &sample, 2e-4) - loss_along(dmm, &sample, -2e-4)) / 4e-4) /
            3;
    check_close(slope, sum, 1e-8 * fabs(sum));
    check_call(SinewDMMDestroy(&dmm));
    free(gradient);
  }
  free(u);
}

/* Nodes on sides stay on them, whatever the parameters. */
static void walls_hold(void **state)
{
  double c[16], xi[8] = {0, 0.3, 1, 0.8, 0.4, 0, 0.7, 1}, phi[4], x[4], y[4], *u = make_fields();
  SinewDMM dmm;

  (void)state;
  check_call(SinewDMMCreateEmpty(SIZE, 12, 8, 10, 16, &dmm));
  check_call(SinewDMMSetWalls(dmm, PETSC_TRUE));
  check_call(SinewDMMTrainerInitialise(dmm, 5));
  check_call(SinewDMMField(dmm, u, c, NULL));
  check_call(SinewDMMEvaluate(dmm, c, 4, xi, phi, (double *const[2]){x, y}, NULL));
  for (int k = 0; k < 4; k++) {
    check_close(k < 2 ? x[k] : y[k], 0, 1e-15);
    check_all(fabs(k < 2 ? y[k] : x[k]) > 1e-8); /* they slide */
  }
  check_call(SinewDMMDestroy(&dmm));
  free(u);
}

SINEW_TEST_MAIN(cmocka_unit_test(gradients_beyond_the_original), cmocka_unit_test(walls_hold),
                cmocka_unit_test(the_loss_falls), cmocka_unit_test(a_stored_run_goes_on),
                cmocka_unit_test(ranks_share_the_work))

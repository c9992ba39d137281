// RANKS 1 2 4
// TIMEOUT 180
// Training a mesh network without data: the loss falls, a stored run goes on with the same bits, ranks share the work.
#include "neural/dmm_training.h"

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
    PetscInt64 n = 1;

    check_call(SinewDMMGetParameter(a, p, &x));
    check_call(SinewDMMGetParameter(b, p, &y));
    if (!x.name) return worst;
    for (int k = 0; k < x.rank; k++) n *= x.shape[k];
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

SINEW_TEST_MAIN(cmocka_unit_test(the_loss_falls), cmocka_unit_test(a_stored_run_goes_on),
                cmocka_unit_test(ranks_share_the_work))

// MM-PDE put together: the same on any number of ranks, gradients, the mesh and its folds, files.
// RANKS 1 2 4
// LEAKS it is given files that are refused
#include "neural/mmpde_private.h"
#include "tests/neural/mmpde_random.h"

enum { N = 14, BATCH = 2, F = 2, VALUES = BATCH * N * N * F };

static const double times[BATCH] = {0.5, 1.5};

/* A front in each field, at a place that depends on the sample; periodic. */
static double field(PetscInt b, PetscInt y, PetscInt x, PetscInt f)
{
  return tanh(4 * sin(2 * M_PI * ((double)x / N + 0.2 * (double)b)) * cos(2 * M_PI * (double)y / N)) + 0.3 * (double)f;
}

typedef struct {
  SinewLayout layout;
  SinewDMM mover;
  SinewMmpde m;
  PetscInt values;
  double *u;
} Net;

static void make(Net *n, MPI_Comm comm, const SinewMmpdeModel *model, double strength)
{
  const SinewMmpdeOptions options = {.dtype = SINEW_FLOAT64, .batch = BATCH, .training = PETSC_TRUE};
  SinewBox box;

  check_call(SinewLayoutCreate(comm, N, N, model->periodic, 0, &n->layout));
  box = SinewLayoutBox(n->layout);
  n->mover = random_mover(11, strength);
  check_call(SinewMmpdeCreate(n->layout, model, &options, n->mover, &n->m));
  random_parameters(n->m, SINEW_FLOAT64);
  n->values = BATCH * box.ny * box.nx * F;
  n->u = malloc(sizeof(double) * VALUES);
  for (PetscInt i = 0; i < n->values; i++) {
    const PetscInt c = i / F;

    n->u[i] = field(c / (box.nx * box.ny), box.y + c / box.nx % box.ny, box.x + c % box.nx, i % F);
  }
}

static void end(Net *n)
{
  check_call(SinewMmpdeDestroy(&n->m));
  check_call(SinewDMMDestroy(&n->mover));
  check_call(SinewLayoutDestroy(&n->layout));
  free(n->u);
}

/* Where value i of a rank's box is among those of the whole map. */
static PetscInt global(const Net *n, PetscInt i)
{
  const SinewBox box = SinewLayoutBox(n->layout);
  const PetscInt c = i / F;

  return ((c / (box.nx * box.ny) * N + box.y + c / box.nx % box.ny) * N + box.x + c % box.nx) * F + i % F;
}

static void weigh(PetscInt values, const Net *n, double *d)
{
  for (PetscInt i = 0; i < values; i++) d[i] = SinewUniform(5, 0, global(n, i)) - 0.5;
}

/* Forward and backward of a task on all ranks together, and on each alone. */
static void compare_tasks(const SinewMmpdeModel *model, SinewMmpdeTask task, PetscBool statistics)
{
  static double out[2][VALUES], du[2][VALUES], d[VALUES];
  double worst[3] = {0};
  Net net[2];
  SinewMmpdeMesh mesh[2];

  for (int k = 0; k < 2; k++) {
    Net *n = &net[k];

    make(n, k ? PETSC_COMM_SELF : PETSC_COMM_WORLD, model, 0.02);
    weigh(n->values, n, d);
    check_call(SinewMmpdeMove(n->m, n->u, PETSC_FALSE, &mesh[k]));
    check_call(SinewMmpdeForward(n->m, task, times, n->u, statistics, out[k]));
    check_call(SinewMmpdeBackward(n->m, d, du[k]));
  }
  for (PetscInt i = 0; i < net[0].values; i++) {
    worst[0] = PetscMax(worst[0], fabs(out[0][i] - out[1][global(&net[0], i)]));
    worst[1] = PetscMax(worst[1], fabs(du[0][i] - du[1][global(&net[0], i)]));
  }
  for (size_t i = 0; i < net[0].m->table.trained; i++)
    worst[2] =
        PetscMax(worst[2], fabs(((double *)net[0].m->table.gradients)[i] - ((double *)net[1].m->table.gradients)[i]));
  check_all(mesh[0].folded == 0 && mesh[1].folded == 0);
  check_close(mesh[0].least, mesh[1].least, 1e-12);
  check_all(!model->moving || (mesh[0].least < 0.99 && mesh[0].least > 0.2)); /* it does move */
  for (int k = 0; k < 3; k++) check_close(worst[k], 0, 1e-10);
  for (int k = 0; k < 2; k++) end(&net[k]);
}

static void equals_one_rank(void **state)
{
  SinewMmpdeModel model = random_mmpde_model(F);

  (void)state;
  compare_tasks(&model, SINEW_MMPDE_STEP, PETSC_TRUE);
  compare_tasks(&model, SINEW_MMPDE_IDENTITY, PETSC_FALSE);
  model.mirrored = model.unprojected = PETSC_TRUE;
  compare_tasks(&model, SINEW_MMPDE_STEP, PETSC_FALSE);
  model = random_mmpde_model(F);
  model.periodic = PETSC_TRUE;
  compare_tasks(&model, SINEW_MMPDE_STEP, PETSC_TRUE);
  model.skip = PETSC_TRUE;
  model.offset = N;
  compare_tasks(&model, SINEW_MMPDE_STEP, PETSC_TRUE);
  model.moving = PETSC_FALSE;
  compare_tasks(&model, SINEW_MMPDE_STEP, PETSC_TRUE);
  for (int periodic = 0; periodic < 2; periodic++) { /* meshes that are solved for */
    model = random_mmpde_model(F);
    model.periodic = (PetscBool)periodic;
    model.classical = PETSC_TRUE;
    model.share = model.power = 0.5;
    model.smoothing = 0.05;
    compare_tasks(&model, SINEW_MMPDE_STEP, PETSC_TRUE);
  }
}

/* sum of out * d at parameters moved by s along a direction */
static double functional(Net *n, SinewMmpdeTask task, double s, const double *d)
{
  static double out[VALUES];
  const ParameterTable *table = &n->m->table;
  double sum = 0;

  for (int back = 0; back < 2; back++) {
    for (PetscInt k = 0; k < table->count; k++)
      for (size_t i = 0; table->entry[k].gradient && i < table->entry[k].size; i++)
        ((double *)table->entry[k].value)[i] += (back ? -s : s) * (SinewUniform(6, k, (PetscInt64)i) - 0.5);
    if (back) break;
    check_call(SinewMmpdeForward(n->m, task, times, n->u, PETSC_TRUE, out));
  }
  for (PetscInt i = 0; i < n->values; i++) sum += out[i] * d[i];
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  return sum;
}

/* Central differences over h and 2h, extrapolated. A kink of a rectifier between the four points spoils them, so steps
   of several lengths are tried: the nearest to `wanted`. */
static double slope_near(Net *n, SinewMmpdeTask task, const double *d, double wanted)
{
  double best = INFINITY;

  for (double h = 1e-4; h > 1e-7; h /= 3) {
    const double one = (functional(n, task, h, d) - functional(n, task, -h, d)) / (2 * h),
                 two = (functional(n, task, 2 * h, d) - functional(n, task, -2 * h, d)) / (4 * h),
                 slope = (4 * one - two) / 3;

    if (fabs(slope - wanted) < fabs(best - wanted)) best = slope;
  }
  return best;
}

/* Adjoints of the parts are tested to rounding elsewhere; this is how they are put together. */
static void gradients_are_slopes(void **state)
{
  const SinewMmpdeModel model = random_mmpde_model(F);
  static double out[VALUES], d[VALUES];
  Net n;

  (void)state;
  make(&n, PETSC_COMM_WORLD, &model, 0.02);
  weigh(n.values, &n, d);
  check_call(SinewMmpdeMove(n.m, n.u, PETSC_FALSE, NULL));
  for (int task = SINEW_MMPDE_STEP; task <= SINEW_MMPDE_IDENTITY; task++) {
    double sum = 0;

    check_call(SinewMmpdeForward(n.m, (SinewMmpdeTask)task, times, n.u, PETSC_TRUE, out));
    check_call(SinewMmpdeBackward(n.m, d, NULL));
    for (PetscInt k = 0; k < n.m->table.count; k++)
      for (size_t i = 0; n.m->table.entry[k].gradient && i < n.m->table.entry[k].size; i++)
        sum += ((double *)n.m->table.entry[k].gradient)[i] * (SinewUniform(6, k, (PetscInt64)i) - 0.5);
    check_close(slope_near(&n, (SinewMmpdeTask)task, d, sum), sum, 1e-9);
  }
  end(&n);
}

/* A skip is as if a cut that gives nothing had the field added: values, adjoint and gradients. */
static void skip_goes_past(void **state)
{
  static double out[2][VALUES], du[2][VALUES], d[VALUES];
  double worst = 0;
  Net n[2];

  (void)state;
  for (int k = 0; k < 2; k++) {
    SinewMmpdeModel model = random_mmpde_model(F);

    model.skip = (PetscBool)k;
    make(&n[k], PETSC_COMM_WORLD, &model, 0.02);
    for (PetscInt p = 0; p < n[k].m->table.count; p++)
      if (strstr(n[k].m->table.entry[p].name, "down."))
        memset(n[k].m->table.entry[p].value, 0, n[k].m->table.entry[p].size * sizeof(double));
    weigh(n[k].values, &n[k], d);
    check_call(SinewMmpdeMove(n[k].m, n[k].u, PETSC_FALSE, NULL));
    check_call(SinewMmpdeForward(n[k].m, SINEW_MMPDE_STEP, times, n[k].u, PETSC_TRUE, out[k]));
    check_call(SinewMmpdeBackward(n[k].m, d, du[k]));
  }
  for (PetscInt i = 0; i < n[0].values; i++) {
    worst = PetscMax(worst, fabs(out[1][i] - out[0][i] - n[0].u[i]));
    worst = PetscMax(worst, fabs(du[1][i] - du[0][i] - d[i]));
  }
  check_all(n[1].m->table.trained < n[0].m->table.trained);
  for (PetscInt p = 0; p < n[1].m->table.count; p++) /* the cut's are the last of the other table */
    for (size_t i = 0; n[1].m->table.entry[p].gradient && i < n[1].m->table.entry[p].size; i++)
      worst = PetscMax(
          worst, fabs(((double *)n[1].m->table.entry[p].gradient)[i] - ((double *)n[0].m->table.entry[p].gradient)[i]));
  check_close(worst, 0, 1e-13);
  for (int k = 0; k < 2; k++) end(&n[k]);
}

/* Weights of a first layer that sees places, for one that sees them by differences times s. */
static void change_variables(const SinewParameter *p, PetscInt neighbours, double s)
{
  const PetscInt rows = (PetscInt)p->shape[0], columns = (PetscInt)p->shape[1];
  double *w = p->value;

  if (strstr(p->name, "message_net_1.0.weight"))
    for (PetscInt i = 0; i < 2 * rows; i++) w[i / 2 * columns + columns - 3 + i % 2] /= s;
  if (strstr(p->name, "itpnet/layers.0.weight") || strstr(p->name, "itpnet/layers2.0.weight"))
    for (PetscInt i = 0; i < rows; i++)
      for (PetscInt k = 0; k < 2 * neighbours; k++) {
        w[i * columns + 2 * neighbours + k % 2] += w[i * columns + k];
        w[i * columns + k] /= s;
      }
}

/* With an offset the networks are the same functions of other weights; a skip takes the cut's place. */
static void offset_changes_variables(void **state)
{
  static double out[2][VALUES];
  double worst = 0;

  (void)state;
  for (int periodic = 0; periodic < 2; periodic++) {
    for (int k = 0; k < 2; k++) {
      SinewMmpdeModel model = random_mmpde_model(F);
      Net n;

      model.periodic = (PetscBool)periodic;
      model.skip = PETSC_TRUE;
      model.offset = k ? 5 : 0;
      make(&n, PETSC_COMM_WORLD, &model, 0.02);
      for (PetscInt p = 0; k && p < n.m->table.count; p++)
        change_variables(&n.m->table.entry[p], model.interpolation, model.offset);
      check_call(SinewMmpdeMove(n.m, n.u, PETSC_FALSE, NULL));
      check_call(SinewMmpdeForward(n.m, SINEW_MMPDE_STEP, times, n.u, PETSC_FALSE, out[k]));
      for (PetscInt i = 0; k && i < n.values; i++) {
        worst = PetscMax(worst, fabs(out[1][i] - out[0][i]));
        assert_true(out[0][i] != n.u[i]); /* there is more than the skip */
      }
      end(&n);
    }
  }
  check_close(worst, 0, 1e-12);
}

/* Sides stay sides, corners stay corners; a strong mover folds, and damping unfolds. */
static void mesh_is_looked_at(void **state)
{
  const SinewMmpdeModel model = random_mmpde_model(F);
  SinewMmpdeMesh mesh;
  SinewBox box;
  Net n;

  (void)state;
  make(&n, PETSC_COMM_WORLD, &model, 3);
  box = SinewLayoutBox(n.layout);
  check_call(SinewMmpdeMove(n.m, n.u, PETSC_FALSE, &mesh));
  check_all(mesh.folded > 0 && mesh.least <= 0 && mesh.scale == 1);
  check_call(SinewMmpdeMove(n.m, n.u, PETSC_TRUE, &mesh));
  check_all(mesh.folded == 0 && mesh.least > 0.05 && mesh.scale < 1);
  for (PetscInt i = 0; i < BATCH * box.ny * box.nx; i++) {
    const PetscInt column = box.x + i % box.nx, row = box.y + i / box.nx % box.ny;
    const double *x = SinewMmpdeNodes(n.m) + 2 * i;

    assert_true((column > 0 || x[0] == 0) && (column < N - 1 || x[0] == 1));
    assert_true((row > 0 || x[1] == 0) && (row < N - 1 || x[1] == 1));
  }
  end(&n);
}

/* What is written is read: model, parameters, and the same result. */
static void files_hold_it(void **state)
{
  SinewMmpdeModel model = random_mmpde_model(F), found;
  static double out[2][VALUES];
  double worst = 0;
  char path[64];
  PetscMPIInt ranks;
  SinewFile file;
  Net n;

  (void)state;
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  snprintf(path, sizeof(path), "test_mmpde_%d.h5", (int)ranks);
  model.mirrored = model.skip = PETSC_TRUE;
  for (int c = 0; c < 3; c++) model.cut[c] = c % 2 ? 16 : 4; /* there is none: a file does not say */
  model.offset = 3.5;
  make(&n, PETSC_COMM_WORLD, &model, 0.02);
  check_call(SinewMmpdeMove(n.m, n.u, PETSC_FALSE, NULL));
  check_call(SinewMmpdeForward(n.m, SINEW_MMPDE_STEP, times, n.u, PETSC_FALSE, out[0]));
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewMmpdeWriteModel(file, &model));
  check_call(SinewMmpdeStore(n.m, file, "/weights"));
  store_mover(n.mover, file, "/weights/mover");
  check_call(SinewFilePublish(&file));
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewMmpdeReadModel(file, path, &found));
  assert_memory_equal(&model, &found, offsetof(SinewMmpdeModel, classical) + sizeof(model.classical));
  check_all(model.share == found.share && model.power == found.power && model.smoothing == found.smoothing);
  check_call(SinewMmpdeInitialize(n.m, 99));
  check_call(SinewMmpdeLoad(n.m, file, path, "/weights"));
  check_call(SinewMmpdeForward(n.m, SINEW_MMPDE_STEP, times, n.u, PETSC_FALSE, out[1]));
  check_call(SinewFileClose(&file));
  for (PetscInt i = 0; i < n.values; i++) worst = PetscMax(worst, fabs(out[0][i] - out[1][i]));
  check_close(worst, 0, 0);
  end(&n);
  MPI_Barrier(PETSC_COMM_WORLD);
  (void)remove(path);
}

SINEW_TEST_MAIN(cmocka_unit_test(equals_one_rank), cmocka_unit_test(gradients_are_slopes),
                cmocka_unit_test(skip_goes_past), cmocka_unit_test(offset_changes_variables),
                cmocka_unit_test(mesh_is_looked_at), cmocka_unit_test(files_hold_it))

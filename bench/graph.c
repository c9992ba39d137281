/*
  One forward and one backward of MM-PDE's graph solver on n x n nodes, in seconds of processor time.

    graph -make MODEL            writes a seeded random network
    graph -model MODEL [-n 48] [-neighbours 35] [-runs 3] [-precision f32] [-dump FOLDER]

  prints one line of `key value` pairs: least and median of the runs' processor time, what of it are edges, nodes and
  the search for neighbours (on nodes that are not a lattice), and the rate of the plain count of products (three times
  the forward's). -dump: input, neighbours, output and gradients for graph.py, which does the same in PyTorch.
*/
#include <math.h>
#include <petscsys.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/random.h"
#include "neural/mmpde_private.h"

typedef struct {
  PetscInt n, neighbours, runs;
  SinewDtype dtype;
  SinewLayout layout;
  SinewMmpde net;
  float *u, *y, *d, *du;
  double *wide[4]; /* u, y, d, du in double precision */
} Bench;

static double processor_time(void)
{
  struct timespec t;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static PetscErrorCode create(Bench *b)
{
  SinewMmpdeModel model;
  const SinewMmpdeOptions options = {.dtype = b->dtype, .batch = 1, .training = PETSC_TRUE};
  const size_t n = (size_t)(b->n * b->n);

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeDefaults(&model));
  model.moving = PETSC_FALSE;
  model.neighbours = b->neighbours;
  PetscCall(SinewLayoutCreate(PETSC_COMM_WORLD, b->n, b->n, PETSC_FALSE, 0, &b->layout));
  PetscCall(SinewMmpdeCreate(b->layout, &model, &options, NULL, &b->net));
  PetscCall(PetscCalloc4(n, &b->u, n, &b->y, n, &b->d, n, &b->du));
  PetscCall(PetscCalloc4(n, &b->wide[0], n, &b->wide[1], n, &b->wide[2], n, &b->wide[3]));
  for (size_t i = 0; i < n; i++) {
    b->wide[0][i] = b->u[i] = (float)SinewUniform(1, 0, (PetscInt64)i);
    b->wide[2][i] = b->d[i] = (float)(SinewUniform(1, 1, (PetscInt64)i) - 0.5);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(Bench *b)
{
  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeDestroy(&b->net));
  PetscCall(SinewLayoutDestroy(&b->layout));
  PetscCall(PetscFree4(b->u, b->y, b->d, b->du));
  PetscCall(PetscFree4(b->wide[0], b->wide[1], b->wide[2], b->wide[3]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode make(Bench *b, const char path[])
{
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeInitialize(b->net, 3));
  PetscCall(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  PetscCall(SinewMmpdeStore(b->net, file, "/weights"));
  PetscCall(SinewFilePublish(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(Bench *b, double *seconds)
{
  const PetscBool narrow = (PetscBool)(b->dtype == SINEW_FLOAT32);
  const double t = 0.4, begin = processor_time();

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeForward(b->net, SINEW_MMPDE_STEP, &t, narrow ? (void *)b->u : b->wide[0], PETSC_TRUE,
                              narrow ? (void *)b->y : b->wide[1]));
  PetscCall(SinewMmpdeBackward(b->net, narrow ? (void *)b->d : b->wide[2], narrow ? (void *)b->du : b->wide[3]));
  *seconds = processor_time() - begin;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void write_file(const char folder[], const char name[], const void *data, size_t bytes)
{
  char path[512];
  FILE *file;

  snprintf(path, sizeof(path), "%s/%s", folder, name);
  file = fopen(path, "wb");
  if (!file || fwrite(data, 1, bytes, file) != bytes) fprintf(stderr, "cannot write %s\n", path);
  if (file) fclose(file);
}

/* Doubles, whatever the precision. */
static PetscErrorCode write_values(const Bench *b, const char folder[], const char name[], size_t n, const void *values)
{
  double *wide;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &wide));
  for (size_t i = 0; i < n; i++)
    wide[i] = b->dtype == SINEW_FLOAT32 ? (double)((const float *)values)[i] : ((const double *)values)[i];
  write_file(folder, name, wide, n * sizeof(double));
  PetscCall(PetscFree(wide));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode dump(const Bench *b, const char folder[])
{
  const PetscBool narrow = (PetscBool)(b->dtype == SINEW_FLOAT32);
  const size_t n = (size_t)(b->n * b->n);
  const SinewParameter *p;
  PetscInt count;

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeGetParameters(b->net, &count, &p));
  write_file(folder, "u", b->u, n * sizeof(float));
  write_file(folder, "d", b->d, n * sizeof(float));
  write_file(folder, "index", SinewNeighboursIndex(b->net->uniform), n * (size_t)b->neighbours * sizeof(PetscInt));
  PetscCall(write_values(b, folder, "y", n, narrow ? (void *)b->y : b->wide[1]));
  PetscCall(write_values(b, folder, "du", n, narrow ? (void *)b->du : b->wide[3]));
  PetscCall(write_values(b, folder, "gradient", p[0].size, p[0].gradient)); /* of the very first layer */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Neighbours of nodes off the lattice, as a moved mesh's. */
static PetscErrorCode search(Bench *b, double *seconds)
{
  const PetscInt n = b->n * b->n;
  SinewNeighbours graph;
  PetscInt64 *number;
  double *at;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(n, &number, (size_t)(2 * n), &at));
  for (PetscInt i = 0; i < n; i++) {
    const double x = (double)(i % b->n) / (double)(b->n - 1), y = (double)(i / b->n) / (double)(b->n - 1);

    number[i] = i;
    at[2 * i] = x + 0.1 * sin(2 * M_PI * x) * cos(M_PI * y);
    at[2 * i + 1] = y + 0.1 * sin(2 * M_PI * y) * cos(M_PI * x);
  }
  const SinewNodes points = {.count = n, .at = at, .number = number};
  PetscCall(SinewNeighboursCreate(PETSC_COMM_WORLD, b->neighbours, NULL, PETSC_FALSE, &graph));
  PetscCall(SinewNeighboursFind(graph, 1, &points, &points));
  *seconds = processor_time();
  PetscCall(SinewNeighboursFind(graph, 1, &points, &points));
  *seconds = processor_time() - *seconds;
  PetscCall(SinewNeighboursDestroy(&graph));
  PetscCall(PetscFree2(number, at));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

static PetscErrorCode event_time(const char name[], double *seconds)
{
  PetscLogEvent event;
  PetscEventPerfInfo info;

  PetscFunctionBeginUser;
  *seconds = 0;
  PetscCall(PetscLogEventGetId(name, &event));
  PetscCall(PetscLogEventGetPerfInfo(PETSC_DETERMINE, event, &info));
  *seconds = info.time;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode measure(Bench *b)
{
  const char *const names[] = {"MessageEdges", "MessageEdgesAdj", "MessageNodes", "MessageNodesAdj"};
  double times[64], find = 0, part[4] = {0}, flops;

  PetscFunctionBeginUser;
  PetscCall(run(b, &times[0])); /* memory and caches */
  for (PetscInt r = 0; r < b->runs; r++) PetscCall(run(b, &times[r]));
  qsort(times, (size_t)b->runs, sizeof(times[0]), ascending);
  PetscCall(search(b, &find));
  for (int k = 0; k < 4; k++) PetscCall(event_time(names[k], &part[k]));
  flops = 3 * SinewMmpdeFlops(b->net);
  printf("least %.4f median %.4f find %.4f edges %.3f nodes %.3f gflops %.2f\n", times[0], times[b->runs / 2], find,
         (part[0] + part[1]) / (part[0] + part[1] + part[2] + part[3]),
         (part[2] + part[3]) / (part[0] + part[1] + part[2] + part[3]), 1e-9 * flops / times[0]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode work(void)
{
  Bench b = {.n = 48, .neighbours = 35, .runs = 3, .dtype = SINEW_FLOAT32};
  char path[PETSC_MAX_PATH_LEN], folder[PETSC_MAX_PATH_LEN], precision[8] = "f32";
  PetscBool given, making, dumping;
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(PetscLogDefaultBegin());
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-n", &b.n, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-neighbours", &b.neighbours, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-runs", &b.runs, NULL));
  b.runs = PetscMax(1, PetscMin(b.runs, 64));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-precision", precision, sizeof(precision), NULL));
  if (!strcmp(precision, "f64")) b.dtype = SINEW_FLOAT64;
  PetscCall(create(&b));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-make", path, sizeof(path), &making));
  if (making) {
    PetscCall(make(&b, path));
    PetscCall(destroy(&b));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscOptionsGetString(NULL, NULL, "-model", path, sizeof(path), &given));
  PetscCheck(given, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "graph: -make MODEL or -model MODEL");
  PetscCall(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  PetscCall(SinewMmpdeLoad(b.net, file, path, "/weights"));
  PetscCall(SinewFileClose(&file));
  PetscCall(measure(&b));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-dump", folder, sizeof(folder), &dumping));
  if (dumping) PetscCall(dump(&b, folder));
  PetscCall(destroy(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(work());
  return PetscFinalize();
}

/* What members of an ensemble leave, and the data set that is made of it. */
#include "solvers/ensemble_private.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static SinewDtype dtype_of(SinewEnsemble e)
{
  return e->section.precision ? SINEW_FLOAT32 : SINEW_FLOAT64;
}

/* ---- a member's file ---- */

/* The numbers of a box in the file's type, in place. */
static void *narrow(SinewDtype dtype, PetscInt64 n, PetscReal data[])
{
  float *single = (float *)(void *)data;

  for (PetscInt64 i = 0; dtype == SINEW_FLOAT32 && i < n; i++) {
    const float value = (float)data[i];

    memcpy(&single[i], &value, sizeof(value)); /* behind what is still to be read */
  }
  return data;
}

static PetscErrorCode write_fields(SinewFile file, SinewSimulation s, PetscReal *const data[])
{
  const PetscInt dim = SinewGridDim(s->grid);
  SinewArray array = {.dtype = dtype_of(s->ensemble), .rank = (int)dim + 1, .distributed = PETSC_TRUE};
  PetscInt64 n = s->ensemble->frames;

  PetscFunctionBeginUser;
  array.shape[0] = array.count[0] = s->ensemble->frames;
  for (PetscInt d = 0; d < dim; d++) {
    const SinewAxis *a = SinewGridAxis(s->grid, d);
    PetscInt start, count;

    EnsembleKept(&s->ensemble->section, a, &start, &count);
    array.shape[1 + d] = a->cells / s->ensemble->section.stride;
    array.start[1 + d] = start;
    array.count[1 + d] = count;
    n *= count;
  }
  for (PetscInt f = 0; f < s->ensemble->fields; f++) {
    char name[80];

    PetscCall(PetscSNPrintf(name, sizeof(name), "/fields/%s", s->ensemble->name[f]));
    array.name = name;
    array.data = narrow(array.dtype, n, data[f]);
    PetscCall(SinewFileWrite(file, &array));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Centres of the cells that are kept along each axis and their distance, whole on every rank. */
static PetscErrorCode write_axes(SinewFile file, SinewSimulation s)
{
  static const char *const names[] = {"/x", "/y", "/z"}, *const sizes[] = {"/dx", "/dy", "/dz"};
  const PetscInt stride = s->ensemble->section.stride;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < SinewGridDim(s->grid); d++) {
    const SinewAxis *a = SinewGridAxis(s->grid, d);
    const PetscReal cell = (a->upper - a->lower) / (PetscReal)a->cells;
    PetscReal *center, size = (PetscReal)stride * cell;
    SinewArray array = {.name = names[d], .dtype = SINEW_FLOAT64, .rank = 1, .shape = {a->cells / stride}};
    SinewArray one = {.name = sizes[d], .dtype = SINEW_FLOAT64, .rank = 1, .shape = {1}, .data = &size};

    PetscInt start, count;

    EnsembleKept(&s->ensemble->section, a, &start, &count);
    PetscCall(PetscMalloc1((size_t)(a->cells / stride), &center));
    for (PetscInt i = 0; i < a->cells / stride; i++) center[i] = a->lower + ((PetscReal)(i * stride) + 0.5) * cell;
    for (PetscInt i = start; i < start + count; i++) center[i] = a->center[a->ghosts + i * stride - a->start];
    array.data = center;
    PetscCall(SinewFileWrite(file, &array));
    PetscCall(SinewFileWrite(file, &one));
    PetscCall(PetscFree(center));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EnsembleWriteMember(const EnsembleRun *run, SinewSimulation s, PetscInt member, PetscReal *const data[],
                                   const char failure[])
{
  const PetscInt64 frames = s->ensemble->frames;
  char path[PETSC_MAX_PATH_LEN];
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(EnsemblePath(run, member, sizeof(path), path));
  PetscCall(SinewFileCreate(run->comm, path, &file));
  if (data) PetscCall(write_fields(file, s, data));
  if (data) PetscCall(write_axes(file, s));
  if (!data) PetscCall(SinewFileWriteString(file, "/", "failed", failure));
  PetscCall(SinewFileWriteInts(file, "/", "frames", 1, &frames));
  PetscCall(SinewFileWriteReals(file, "/", "drawn", s->ensemble->draws, s->ensemble->drawn));
  PetscCall(SinewFileWriteString(file, "/", "effective_deck", SinewDeckEffective(run->deck)));
  PetscCall(SinewFilePublish(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- which are there ---- */

static PetscErrorCode check_member(const EnsembleRun *run, const char path[])
{
  PetscInt64 frames = 0;
  PetscInt n;
  char *stored;
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(SinewFileOpen(run->world, path, &file));
  PetscCall(SinewFileReadString(file, "/", "effective_deck", &stored));
  PetscCall(SinewFileReadInts(file, "/", "frames", 1, &n, &frames));
  PetscCheck(stored && n == 1, run->world, SINEW_ERR_INPUT, "%s: not a member of an ensemble", path);
  PetscCheck(frames == run->ensemble->frames, run->world, SINEW_ERR_INPUT,
             "%s: a member with %" PetscInt64_FMT " frames; the deck asks for %" PetscInt_FMT
             ": remove %s or choose another ensemble.file",
             path, frames, run->ensemble->frames, run->folder);
  if (strcmp(stored, SinewDeckEffective(run->deck))) {
    PetscCall(SinewDeckCompareEffective(run->deck, stored, 0, NULL, NULL));
    if (SinewDeckMistakes(run->deck))
      PetscCall(PetscFPrintf(run->world, stderr,
                             "%s: a member of another ensemble: remove %s or choose another ensemble.file\n", path,
                             run->folder));
    PetscCall(SinewDeckCheck(run->deck));
  }
  PetscCall(PetscFree(stored));
  PetscCall(SinewFileClose(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EnsembleFindDone(const EnsembleRun *run, PetscBool done[])
{
  const PetscInt members = run->ensemble->section.members;
  char path[PETSC_MAX_PATH_LEN];
  struct stat status;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(run->world, &rank));
  for (PetscInt m = 0; rank == 0 && m < members; m++) {
    PetscCall(EnsemblePath(run, m, sizeof(path), path));
    done[m] = (PetscBool)!stat(path, &status);
  }
  PetscCallMPI(MPI_Bcast(done, (PetscMPIInt)members, SINEW_MPI_BOOL, 0, run->world));
  for (PetscInt m = 0; m < members; m++) {
    if (!done[m]) continue;
    PetscCall(EnsemblePath(run, m, sizeof(path), path));
    PetscCall(check_member(run, path));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the data set ---- */

typedef struct {
  const EnsembleRun *run;
  SinewFile file;
  char group[PETSC_MAX_PATH_LEN];
  PetscInt good, failed;                  /* members */
  PetscInt *member, *lost;                /* which */
  PetscReal (*drawn)[ENSEMBLE_DRAWS_MAX]; /* of the good ones */
} Collection;

/* Who broke down, and what the others drew. */
static PetscErrorCode survey(Collection *c)
{
  const PetscInt members = c->run->ensemble->section.members;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3((size_t)members, &c->member, (size_t)members, &c->lost, (size_t)members, &c->drawn));
  for (PetscInt m = 0; m < members; m++) {
    char path[PETSC_MAX_PATH_LEN], *why;
    SinewFile file;
    PetscInt n;

    PetscCall(EnsemblePath(c->run, m, sizeof(path), path));
    PetscCall(SinewFileOpen(c->run->world, path, &file));
    PetscCall(SinewFileReadString(file, "/", "failed", &why));
    if (why)
      c->lost[c->failed++] = m;
    else {
      PetscCall(SinewFileReadReals(file, "/", "drawn", ENSEMBLE_DRAWS_MAX, &n, c->drawn[c->good]));
      c->member[c->good++] = m;
    }
    PetscCall(PetscFree(why));
    PetscCall(SinewFileClose(&file));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Along x over all ranks. */
static PetscErrorCode deal_out(const Collection *c, SinewArray *array)
{
  PetscMPIInt rank, size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(c->run->world, &rank));
  PetscCallMPI(MPI_Comm_size(c->run->world, &size));
  array->distributed = PETSC_TRUE;
  for (int d = 0; d < array->rank; d++) {
    array->start[d] = 0;
    array->count[d] = array->shape[d];
  }
  array->start[1] = array->shape[1] * rank / size;
  array->count[1] = array->shape[1] * (rank + 1) / size - array->start[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A member's array [frame][x]... as a row of the data set's [trajectory][frame][x]...(1) */
static SinewArray as_row(const Collection *c, const SinewArray *array)
{
  SinewArray row = *array;

  row.rank = array->rank + 1 + (c->run->ensemble->section.layout == LAYOUT_PDEBENCH);
  for (int d = 0; d < SINEW_ARRAY_RANK_MAX; d++) row.shape[d] = row.count[d] = 1, row.start[d] = 0;
  for (int d = 0; d < array->rank; d++) {
    row.shape[d + 1] = array->shape[d];
    row.start[d + 1] = array->start[d];
    row.count[d + 1] = array->count[d];
  }
  return row;
}

/* One field: member after member, each read by all ranks. */
static PetscErrorCode collect_field(const Collection *c, PetscInt f)
{
  const SinewEnsemble e = c->run->ensemble;
  char name[PETSC_MAX_PATH_LEN], path[PETSC_MAX_PATH_LEN], source[80];
  SinewParts parts = NULL;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(source, sizeof(source), "/fields/%s", e->name[f]));
  PetscCall(PetscSNPrintf(name, sizeof(name), "%s/%s", c->group, e->name[f]));
  for (PetscInt k = 0; k < c->good; k++) {
    SinewArray array, row, whole;
    PetscInt64 n = 1;
    PetscBool exists;
    SinewFile file;

    PetscCall(EnsemblePath(c->run, c->member[k], sizeof(path), path));
    PetscCall(SinewFileOpen(c->run->world, path, &file));
    PetscCall(SinewFileInquire(file, source, &exists, &array));
    PetscCheck(exists, c->run->world, SINEW_ERR_INPUT, "%s: no array %s", path, source);
    PetscCall(deal_out(c, &array));
    for (int d = 0; d < array.rank; d++) n *= array.count[d];
    PetscCall(PetscMalloc((size_t)(n + 1) * SinewDtypeSize(array.dtype), &array.data));
    PetscCall(SinewFileRead(file, &array));
    PetscCall(SinewFileClose(&file));
    row = as_row(c, &array);
    row.name = name;
    whole = row;
    whole.shape[0] = c->good;
    if (!parts) PetscCall(SinewPartsCreate(c->file, &whole, &parts));
    PetscCall(SinewPartsWrite(parts, k, &row));
    PetscCall(PetscFree(array.data));
  }
  PetscCall(SinewPartsFinish(&parts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_numbers(const Collection *c, const char key[], SinewDtype dtype, PetscInt64 rows,
                                    PetscInt64 columns, void *data)
{
  char name[PETSC_MAX_PATH_LEN];
  SinewArray array = {.name = name, .dtype = dtype, .rank = columns ? 2 : 1, .shape = {rows, columns}, .data = data};

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(name, sizeof(name), "%s/%s", c->group, key));
  PetscCall(SinewFileWrite(c->file, &array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same row for every trajectory (PDEArena), or once (PDEBench). */
static PetscErrorCode write_repeated(const Collection *c, const char key[], PetscInt64 n, const PetscReal row[],
                                     PetscBool single)
{
  const PetscBool once = (PetscBool)(c->run->ensemble->section.layout == LAYOUT_PDEBENCH);
  const PetscInt64 rows = once ? 1 : c->good;
  PetscReal *all;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)(rows * n), &all));
  for (PetscInt64 k = 0; k < rows; k++) PetscCall(PetscArraycpy(all + k * n, row, n));
  if (once || single)
    PetscCall(write_numbers(c, key, SINEW_FLOAT64, rows * n, 0, all));
  else
    PetscCall(write_numbers(c, key, SINEW_FLOAT64, rows, n, all));
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode collect_axes(const Collection *c)
{
  static const char *const names[] = {"x", "dx", "y", "dy", "z", "dz"};
  char path[PETSC_MAX_PATH_LEN], name[8];
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(EnsemblePath(c->run, c->member[0], sizeof(path), path));
  PetscCall(SinewFileOpen(c->run->world, path, &file));
  for (int k = 0; k < 6; k++) {
    SinewArray array;
    PetscBool exists;

    PetscCall(PetscSNPrintf(name, sizeof(name), "/%s", names[k]));
    PetscCall(SinewFileInquire(file, name, &exists, &array));
    if (!exists) continue;
    PetscCall(PetscMalloc1((size_t)array.shape[0], (PetscReal **)&array.data));
    array.dtype = SINEW_FLOAT64;
    PetscCall(SinewFileRead(file, &array));
    PetscCall(write_repeated(c, names[k], array.shape[0], (const PetscReal *)array.data, (PetscBool)(k % 2)));
    PetscCall(PetscFree(array.data));
  }
  PetscCall(SinewFileClose(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode collect_times(const Collection *c)
{
  const SinewEnsemble e = c->run->ensemble;
  PetscReal *t;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)e->frames, &t));
  for (PetscInt f = 0; f < e->frames; f++) t[f] = e->section.first + (PetscReal)f * e->section.every;
  PetscCall(write_repeated(c, "t", e->frames, t, PETSC_FALSE));
  PetscCall(write_repeated(c, "dt", 1, &e->section.every, PETSC_TRUE));
  PetscCall(PetscFree(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What tells the trajectories apart. */
static PetscErrorCode collect_draws(const Collection *c)
{
  const SinewEnsemble e = c->run->ensemble;
  PetscInt64 *numbers;
  PetscReal *values;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2((size_t)c->good, &numbers, (size_t)c->good, &values));
  for (PetscInt k = 0; k < c->good; k++) numbers[k] = c->member[k];
  PetscCall(write_numbers(c, "member", SINEW_INT64, c->good, 0, numbers));
  for (PetscInt k = 0; k < c->good; k++) numbers[k] = EnsembleInitialSeed(e->section.seed, c->member[k]);
  PetscCall(write_numbers(c, "seed", SINEW_INT64, c->good, 0, numbers));
  for (PetscInt d = 0; d < e->draws; d++) {
    for (PetscInt k = 0; k < c->good; k++) values[k] = c->drawn[k][d];
    PetscCall(write_numbers(c, e->draw[d], SINEW_FLOAT64, c->good, 0, values));
  }
  PetscCall(PetscFree2(numbers, values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode describe(const Collection *c)
{
  const SinewSimulation s = c->run->sample;
  PetscInt64 members = c->run->ensemble->section.members, seed = c->run->ensemble->section.seed, lost[64];

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < PetscMin(c->failed, 64); k++) lost[k] = c->lost[k];
  PetscCall(SinewFileWriteInts(c->file, "/", "ensemble_members", 1, &members));
  PetscCall(SinewFileWriteInts(c->file, "/", "ensemble_seed", 1, &seed));
  if (c->failed) PetscCall(SinewFileWriteInts(c->file, "/", "failed", PetscMin(c->failed, 64), lost));
  PetscCall(SinewFileWriteString(c->file, "/", "equation", s->equation->type->name));
  PetscCall(SinewFileWriteString(c->file, "/", "effective_deck", SinewDeckEffective(c->run->deck)));
  PetscCall(SinewProvenanceWrite(&s->provenance, c->file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_data_set(Collection *c)
{
  const EnsembleSection *s = &c->run->ensemble->section;

  PetscFunctionBeginUser;
  if (s->layout == LAYOUT_PDEBENCH)
    PetscCall(PetscSNPrintf(c->group, sizeof(c->group), "/%s/%" PetscInt_FMT, s->split, s->seed));
  else
    PetscCall(PetscSNPrintf(c->group, sizeof(c->group), "/%s", s->split));
  PetscCall(SinewFileCreate(c->run->world, c->run->file, &c->file));
  for (PetscInt f = 0; f < c->run->ensemble->fields; f++) PetscCall(collect_field(c, f));
  PetscCall(collect_axes(c));
  PetscCall(collect_times(c));
  PetscCall(collect_draws(c));
  PetscCall(describe(c));
  PetscCall(SinewFilePublish(&c->file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode remove_members(const EnsembleRun *run)
{
  char path[PETSC_MAX_PATH_LEN];
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(run->world, &rank));
  for (PetscInt m = 0; rank == 0 && m < run->ensemble->section.members; m++) {
    PetscCall(EnsemblePath(run, m, sizeof(path), path));
    (void)unlink(path);
  }
  if (rank == 0) (void)rmdir(run->folder); /* stays when it holds more */
  PetscCallMPI(MPI_Barrier(run->world));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EnsembleCollect(const EnsembleRun *run, PetscInt *good)
{
  Collection c = {.run = run};

  PetscFunctionBeginUser;
  PetscCall(survey(&c));
  *good = c.good;
  if (c.failed)
    PetscCall(PetscFPrintf(run->world, stderr, "%" PetscInt_FMT " of %" PetscInt_FMT " members broke down\n", c.failed,
                           run->ensemble->section.members));
  if (c.good) {
    PetscCall(write_data_set(&c));
    PetscCall(remove_members(run));
  }
  PetscCall(PetscFree3(c.member, c.lost, c.drawn));
  PetscFunctionReturn(PETSC_SUCCESS);
}

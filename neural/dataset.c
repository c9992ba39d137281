/* Data sets: which files, which groups, which trajectories. Reading is in dataset_read.c. */
#include "io/deck.h"
#include "io/random.h"
#include "neural/dataset_private.h"
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_PART 0x70617274 /* "part" */

static const char *const part_names[] = {"train", "valid", "test"};
#define PARTS 3

/* ---- components ---- */

static PetscErrorCode add_component(SinewDataset d, MPI_Comm comm, const char name[])
{
  DatasetComponent *c = &d->component[d->components];
  char *bracket;

  PetscFunctionBeginUser;
  PetscCheck(d->components < DATASET_COMPONENTS_MAX, comm, SINEW_ERR_INPUT,
             "data: expected at most %d components, found more", DATASET_COMPONENTS_MAX);
  PetscCall(PetscStrallocpy(name, &c->name));
  PetscCall(PetscStrallocpy(name, &c->array));
  c->element = -1;
  d->components++;
  bracket = strchr(c->array, '[');
  if (!bracket) PetscFunctionReturn(PETSC_SUCCESS);
  c->element = (PetscInt)strtol(bracket + 1, NULL, 10);
  *bracket = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_components(SinewDataset d, MPI_Comm comm, const SinewDatasetOptions *o)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < o->scalars; k++) PetscCall(add_component(d, comm, o->scalar[k]));
  for (PetscInt k = 0; k < 2 * o->vectors; k++) PetscCall(add_component(d, comm, o->vector[k]));
  d->scalars = o->scalars;
  PetscCheck(d->components, comm, SINEW_ERR_INPUT, "data: names no fields");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- files ---- */

/* Rank 0: what a pattern stands for, below the folder or else from here; one that matches nothing stands for itself. */
static int look_for(const char folder[], const char pattern[], glob_t *found)
{
  char path[PETSC_MAX_PATH_LEN];

  if (folder && pattern[0] != '/') {
    snprintf(path, sizeof(path), "%s/%s", folder, pattern);
    if (!glob(path, 0, NULL, found)) return 0;
    globfree(found);
  }
  return glob(pattern, GLOB_NOCHECK, NULL, found);
}

/* The names that a pattern stands for, from rank 0. Freed by the caller. */
static PetscErrorCode match(MPI_Comm comm, const char folder[], const char pattern[], char **text, PetscInt *count)
{
  PetscMPIInt rank;
  PetscInt head[2] = {0, 0}; /* names, bytes */
  glob_t found = {0};
  int code = 0;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) {
    code = look_for(folder, pattern, &found);
    head[0] = code ? 0 : (PetscInt)found.gl_pathc;
    for (PetscInt i = 0; i < head[0]; i++) head[1] += (PetscInt)strlen(found.gl_pathv[i]) + 1;
  }
  PetscCallMPI(MPI_Bcast(head, 2, MPIU_INT, 0, comm));
  PetscCall(PetscMalloc1((size_t)head[1] + 1, text));
  if (rank == 0) {
    char *at = *text;

    for (PetscInt i = 0; i < head[0]; i++) {
      strcpy(at, found.gl_pathv[i]);
      at += strlen(at) + 1;
    }
    globfree(&found);
  }
  PetscCallMPI(MPI_Bcast(*text, (PetscMPIInt)head[1], MPI_CHAR, 0, comm));
  *count = head[0];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *base_of(const char path[])
{
  const char *slash = strrchr(path, '/');

  return slash ? slash + 1 : path;
}

/* Whether one of the path's directories (not its last name) is `word`. */
static PetscBool below(const char path[], const char word[])
{
  const size_t n = strlen(word);

  for (const char *at = path; (at = strstr(at, word)); at += n) {
    if ((at == path || at[-1] == '/') && at[n] == '/') return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* Whether an array of a file is one of the part's; group names decide before file names. */
static PetscBool of_part(const char file[], const char name[], const char part[])
{
  PetscBool grouped = PETSC_FALSE;

  if (!part) return PETSC_TRUE;
  for (int p = 0; p < PARTS; p++) grouped = (PetscBool)(grouped || below(name, part_names[p]));
  if (grouped) return below(name, part);
  return (PetscBool)(strstr(base_of(file), part) != NULL);
}

/* ---- blocks ---- */

const char *DatasetWhere(SinewExtract extract, size_t size, char text[])
{
  const char *name = SinewExtractName(extract);

  snprintf(text, size, "%s: array %s", SinewExtractPath(extract), name[0] == '/' ? name + 1 : name);
  return text;
}

/* What the axes of an array mean; false when no layout has such a shape. */
static PetscBool find_axes(SinewExtract x, PetscInt element, DatasetAxes *a)
{
  const PetscInt64 *n = SinewExtractShape(x);
  const int rank = SinewExtractRank(x), numbers = element >= 0 ? rank - 1 : rank;

  *a = (DatasetAxes){0, 1, 2, 3, element >= 0 ? rank - 1 : -1};
  if (element >= 0 && (rank < 1 || element >= n[rank - 1])) return PETSC_FALSE;
  if (numbers == 4) return PETSC_TRUE;
  if (numbers == 3) *a = (DatasetAxes){-1, 0, 1, 2, a->element};
  if (numbers == 5 && n[4] != 1 && n[2] == 1) *a = (DatasetAxes){0, 1, 3, 4, a->element};
  return (PetscBool)(numbers == 3 || (numbers == 5 && (n[4] == 1 || n[2] == 1)));
}

/* Trajectories, frames and the two axes of an array. */
static void extent_of(SinewExtract x, const DatasetAxes *a, PetscInt64 extent[4])
{
  const PetscInt64 *n = SinewExtractShape(x);

  extent[0] = a->trajectory < 0 ? 1 : n[a->trajectory];
  extent[1] = n[a->frame];
  extent[2] = n[a->first];
  extent[3] = n[a->second];
}

/* An array must be like the first one of the data set. */
static PetscErrorCode check_extent(SinewDataset d, MPI_Comm comm, DatasetBlock *block, PetscInt c)
{
  char where[PETSC_MAX_PATH_LEN], like[PETSC_MAX_PATH_LEN];
  PetscInt64 extent[4];
  SinewExtract x = block->extract[c];

  PetscFunctionBeginUser;
  PetscCheck(find_axes(x, d->component[c].element, &block->axes[c]), comm, SINEW_ERR_INPUT,
             "%s: expected (trajectories, frames, x, y) or a layout of PDEArena or PDEBench, found %d axes%s",
             DatasetWhere(x, sizeof(where), where), SinewExtractRank(x),
             d->component[c].element >= 0 ? ", or fewer components than the index" : "");
  extent_of(x, &block->axes[c], extent);
  if (!d->frames_stored) {
    d->frames_stored = extent[1];
    d->n[0] = extent[2];
    d->n[1] = extent[3];
  }
  if (!c) block->count = (PetscInt)extent[0];
  PetscCheck(extent[0] == block->count, comm, SINEW_ERR_INPUT,
             "%s: has %" PetscInt64_FMT " trajectories, %s has %" PetscInt_FMT, DatasetWhere(x, sizeof(where), where),
             extent[0], SinewExtractName(block->extract[0]), block->count);
  PetscCheck(extent[1] == d->frames_stored && extent[2] == d->n[0] && extent[3] == d->n[1], comm, SINEW_ERR_INPUT,
             "%s: has %" PetscInt64_FMT " frames of %" PetscInt64_FMT " x %" PetscInt64_FMT
             " cells, expected %" PetscInt64_FMT " of %" PetscInt64_FMT " x %" PetscInt64_FMT " as in %s",
             DatasetWhere(x, sizeof(where), where), extent[1], extent[2], extent[3], d->frames_stored, d->n[0], d->n[1],
             DatasetWhere(d->blocks ? d->block[0].extract[0] : block->extract[0], sizeof(like), like));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One number a trajectory, or one for all of the block's. */
static PetscErrorCode read_parameter(SinewDataset d, SinewFile file, const char group[], const char parameter[],
                                     DatasetBlock *block)
{
  char name[PETSC_MAX_PATH_LEN], where[PETSC_MAX_PATH_LEN], why[PETSC_MAX_PATH_LEN];
  PetscInt64 zero[SINEW_ARRAY_RANK_MAX] = {0}, n = 1;
  PetscBool ok, failed;
  PetscReal *value;
  SinewExtract x;
  MPI_Comm comm;

  PetscFunctionBeginUser;
  (void)d;
  comm = SinewFileComm(file);
  PetscCall(PetscSNPrintf(name, sizeof(name), "%s/%s", group, parameter));
  PetscCall(SinewExtractCreate(file, name, &x));
  for (int a = 0; a < SinewExtractRank(x); a++) n *= SinewExtractShape(x)[a];
  PetscCheck(n == 1 || n == block->count, comm, SINEW_ERR_INPUT,
             "%s: has %" PetscInt64_FMT " numbers, expected one for each of %" PetscInt_FMT " trajectories",
             DatasetWhere(x, sizeof(where), where), n, block->count);
  PetscCall(PetscMalloc1((size_t)PetscMax(n, (PetscInt64)block->count), &value));
  PetscCall(SinewExtractRead(x, zero, SinewExtractShape(x), value, &ok, sizeof(where), where));
  PetscCall(SinewAgree(comm, ok, where, &failed, sizeof(why), why));
  PetscCheck(!failed, comm, SINEW_ERR_INPUT, "%s", why);
  if (n == 1)
    for (PetscInt k = 1; k < block->count; k++) value[k] = value[0];
  block->parameter = value;
  PetscCall(SinewExtractDestroy(&x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode new_block(SinewDataset d, DatasetBlock **block)
{
  PetscFunctionBeginUser;
  if (d->blocks == d->blocks_size) {
    d->blocks_size = 2 * d->blocks_size + 16;
    PetscCall(PetscRealloc(sizeof(DatasetBlock) * (size_t)d->blocks_size, &d->block));
  }
  *block = &d->block[d->blocks];
  PetscCall(PetscMemzero(*block, sizeof(**block)));
  PetscCall(PetscCalloc2((size_t)d->components, &(*block)->extract, (size_t)d->components, &(*block)->axes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The group whose array of the first component is `name`. */
static PetscErrorCode add_block(SinewDataset d, SinewFile file, const char name[], const char parameter[])
{
  char group[PETSC_MAX_PATH_LEN], other[PETSC_MAX_PATH_LEN];
  MPI_Comm comm = SinewFileComm(file);
  DatasetBlock *block = NULL;

  PetscFunctionBeginUser;
  PetscCall(PetscStrncpy(group, name, sizeof(group)));
  group[PetscMax(base_of(name) - name - 1, 0)] = 0; /* "" at the root */
  PetscCall(new_block(d, &block));
  for (PetscInt c = 0; c < d->components; c++) {
    PetscCall(PetscSNPrintf(other, sizeof(other), "%s/%s", group, d->component[c].array));
    PetscCall(SinewExtractCreate(file, other, &block->extract[c]));
    PetscCall(check_extent(d, comm, block, c));
  }
  block->first = d->total;
  if (parameter) PetscCall(read_parameter(d, file, group, parameter, block));
  d->total += block->count;
  d->blocks++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- time between frames ---- */

/* The first number of an array, or the difference of the first two along its last axis. */
static PetscErrorCode read_step(SinewFile file, const char group[], const char key[], PetscBool difference,
                                PetscReal *step)
{
  PetscInt64 start[SINEW_ARRAY_RANK_MAX] = {0}, count[SINEW_ARRAY_RANK_MAX] = {1, 1, 1, 1, 1, 1};
  PetscBool exists, ok = PETSC_TRUE, failed;
  char name[PETSC_MAX_PATH_LEN], why[PETSC_MAX_PATH_LEN], what[PETSC_MAX_PATH_LEN];
  double value[2] = {0, 0};
  MPI_Comm comm = SinewFileComm(file);
  SinewArray array;
  SinewExtract x;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(name, sizeof(name), "%s/%s", group, key));
  PetscCall(SinewFileInquire(file, name, &exists, &array));
  if (!exists || (array.dtype != SINEW_FLOAT64 && array.dtype != SINEW_FLOAT32)) PetscFunctionReturn(PETSC_SUCCESS);
  if (difference && (!array.rank || array.shape[array.rank - 1] < 2)) PetscFunctionReturn(PETSC_SUCCESS);
  for (int a = 0; a < array.rank; a++)
    if (!array.shape[a]) PetscFunctionReturn(PETSC_SUCCESS);
  if (difference) count[array.rank - 1] = 2;
  PetscCall(SinewExtractCreate(file, name, &x));
  PetscCall(SinewExtractRead(x, start, count, value, &ok, sizeof(what), what));
  PetscCall(SinewExtractDestroy(&x));
  PetscCall(SinewAgree(comm, ok, what, &failed, sizeof(why), why));
  PetscCheck(!failed, comm, SINEW_ERR_INPUT, "%s", why);
  *step = difference ? value[1] - value[0] : value[0];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_step(SinewDataset d, SinewFile file, const char name[])
{
  static const struct {
    const char *key;
    PetscBool difference;
  } places[] = {{"t", PETSC_TRUE}, {"t-coordinate", PETSC_TRUE}, {"grid/t", PETSC_TRUE}, {"dt", PETSC_FALSE}};
  char group[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(PetscStrncpy(group, name, sizeof(group)));
  group[PetscMax(base_of(name) - name - 1, 0)] = 0;
  for (size_t k = 0; !(d->step > 0) && k < sizeof(places) / sizeof(places[0]); k++)
    PetscCall(read_step(file, group, places[k].key, places[k].difference, &d->step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- opening ---- */

static PetscErrorCode add_file(SinewDataset d, MPI_Comm comm, const char path[], const SinewDatasetOptions *o,
                               PetscBool *known)
{
  const char *first = d->component[0].array;
  SinewFile file;
  PetscInt count;
  char **names;

  PetscFunctionBeginUser;
  PetscCall(SinewFileOpen(comm, path, &file));
  PetscCall(SinewFileList(file, "/", &count, &names));
  for (PetscInt i = 0; i < count; i++) {
    if (strcmp(base_of(names[i]), first)) continue;
    *known = PETSC_TRUE;
    if (!of_part(path, names[i], o->part)) continue;
    PetscCall(find_step(d, file, names[i]));
    PetscCall(add_block(d, file, names[i], o->parameter));
  }
  for (PetscInt i = 0; i < count; i++) PetscCall(PetscFree(names[i]));
  PetscCall(PetscFree(names));
  PetscCall(SinewFileClose(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nothing was found: what the first file has instead. */
static PetscErrorCode nothing_found(SinewDataset d, MPI_Comm comm, const char path[], const SinewDatasetOptions *o,
                                    PetscBool known)
{
  const char *first = d->component[0].array, *near, **bases;
  char there[512] = "";
  SinewFile file;
  PetscInt count;
  char **names;

  PetscFunctionBeginUser;
  if (known)
    SETERRQ(comm, SINEW_ERR_INPUT,
            "%s: neither a group nor the file's name says which trajectories are %s; give data.split", path, o->part);
  PetscCall(SinewFileOpen(comm, path, &file));
  PetscCall(SinewFileList(file, "/", &count, &names));
  PetscCall(PetscMalloc1((size_t)count + 1, &bases));
  for (PetscInt i = 0; i < count; i++) {
    bases[i] = base_of(names[i]);
    if (i < 8) {
      PetscCall(PetscStrlcat(there, i ? ", " : "", sizeof(there)));
      PetscCall(PetscStrlcat(there, names[i] + (names[i][0] == '/'), sizeof(there)));
    }
  }
  near = SinewNearestName(first, count, bases);
  SETERRQ(comm, SINEW_ERR_INPUT, "%s: no array %s in any group%s%s%s; there %s %s%s", path, first,
          near ? ": did you mean " : "", near ? near : "", near ? "?" : "", count ? "are" : "is nothing", there,
          count > 8 ? ", ..." : "");
}

static PetscErrorCode choose_part(SinewDataset d, MPI_Comm comm, const SinewDatasetOptions *o)
{
  PetscInt end;

  PetscFunctionBeginUser;
  d->trajectories = d->total;
  if (o->part || (!(o->from > 0) && !(o->to > 0))) PetscFunctionReturn(PETSC_SUCCESS);
  d->permuted = PETSC_TRUE;
  d->seed = o->seed;
  d->begin = (PetscInt)PetscFloorReal(o->from * (PetscReal)d->total + 0.5);
  end = PetscMin(d->total, (PetscInt)PetscFloorReal(o->to * (PetscReal)d->total + 0.5));
  d->trajectories = end - d->begin;
  PetscCheck(d->trajectories > 0, comm, SINEW_ERR_INPUT,
             "data.split: the part from %g to %g of %" PetscInt_FMT " trajectories is empty", (double)o->from,
             (double)o->to, d->total);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_frames(SinewDataset d, MPI_Comm comm, const SinewDatasetOptions *o)
{
  char where[PETSC_MAX_PATH_LEN];
  SinewDatasetShape shape;

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetGetShape(d, &shape));
  PetscCheck(shape.frames >= PetscMax(1, o->least), comm, SINEW_ERR_INPUT,
             "%s: has %" PetscInt64_FMT " frames, of which %" PetscInt_FMT " are taken; %" PetscInt_FMT " are needed",
             DatasetWhere(d->block[0].extract[0], sizeof(where), where), d->frames_stored, PetscMax(0, shape.frames),
             PetscMax(1, o->least));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_all(SinewDataset d, MPI_Comm comm, const SinewDatasetOptions *o)
{
  char first[PETSC_MAX_PATH_LEN] = "";
  PetscBool known = PETSC_FALSE;

  PetscFunctionBeginUser;
  PetscCheck(o->files, comm, SINEW_ERR_INPUT, "data: names no files");
  PetscCall(add_components(d, comm, o));
  for (PetscInt f = 0; f < o->files; f++) {
    PetscInt count = 0;
    char *text, *path;

    PetscCall(match(comm, o->folder, o->file[f], &text, &count));
    path = text;
    for (PetscInt i = 0; i < count; i++) {
      if (!first[0]) PetscCall(PetscStrncpy(first, path, sizeof(first)));
      PetscCall(add_file(d, comm, path, o, &known));
      path += strlen(path) + 1;
    }
    PetscCall(PetscFree(text));
  }
  PetscCheck(first[0], comm, SINEW_ERR_INPUT, "%s: cannot be looked for", o->file[0]);
  if (!d->total) PetscCall(nothing_found(d, comm, first, o, known));
  PetscCall(choose_part(d, comm, o));
  PetscCall(check_frames(d, comm, o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDatasetOpen(MPI_Comm comm, const SinewDatasetOptions *options, SinewDataset *dataset)
{
  SinewDataset d;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&d));
  d->axes_yx = options->axes_yx;
  d->faces = options->faces;
  d->skip = options->skip;
  d->every = PetscMax(1, options->every);
  d->step = options->step;
  *dataset = d; /* after an error the caller may close what there is */
  PetscCall(open_all(d, comm, options));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDatasetClose(SinewDataset *dataset)
{
  SinewDataset d = *dataset;

  PetscFunctionBeginUser;
  if (!d) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt b = 0; b < d->blocks; b++) {
    for (PetscInt c = 0; c < d->components; c++) PetscCall(SinewExtractDestroy(&d->block[b].extract[c]));
    PetscCall(PetscFree2(d->block[b].extract, d->block[b].axes));
    PetscCall(PetscFree(d->block[b].parameter));
  }
  for (PetscInt c = 0; c < d->components; c++) {
    PetscCall(PetscFree(d->component[c].name));
    PetscCall(PetscFree(d->component[c].array));
  }
  PetscCall(PetscFree(d->block));
  PetscCall(PetscFree(d->scratch));
  PetscCall(PetscFree(*dataset));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- questions ---- */

PetscErrorCode SinewDatasetGetShape(SinewDataset d, SinewDatasetShape *shape)
{
  PetscFunctionBeginUser;
  shape->trajectories = d->trajectories;
  shape->frames = ((PetscInt)d->frames_stored - d->skip + d->every - 1) / d->every;
  shape->ny = (PetscInt)d->n[d->axes_yx ? 0 : 1];
  shape->nx = (PetscInt)d->n[d->axes_yx ? 1 : 0];
  shape->components = d->components;
  shape->scalars = d->scalars;
  shape->step = d->step * (PetscReal)d->every;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewDatasetComponent(SinewDataset d, PetscInt c)
{
  return d->component[c].name;
}

const DatasetBlock *DatasetFind(SinewDataset d, PetscInt trajectory, PetscInt *within)
{
  PetscInt low = 0, high = d->blocks - 1, at = d->begin + trajectory;

  if (d->permuted) at = (PetscInt)SinewPermute(d->seed, STREAM_PART, d->total, at);
  while (low < high) {
    const PetscInt middle = (low + high + 1) / 2;

    if (d->block[middle].first <= at)
      low = middle;
    else
      high = middle - 1;
  }
  *within = at - d->block[low].first;
  return &d->block[low];
}

PetscReal SinewDatasetParameter(SinewDataset d, PetscInt trajectory)
{
  PetscInt within;
  const DatasetBlock *block = DatasetFind(d, trajectory, &within);

  return block->parameter ? block->parameter[within] : 0;
}

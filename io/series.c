#include "io/publish.h"
#include "io/series_private.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  char *key, *value;
} Provenance;

struct _p_SinewSeries {
  MPI_Comm comm;
  PetscMPIInt rank;
  char directory[PETSC_MAX_PATH_LEN], name[PETSC_MAX_PATH_LEN], path[PETSC_MAX_PATH_LEN], last[PETSC_MAX_PATH_LEN];
  PetscInt count;         /* states in the collection, on all ranks */
  PetscInt entries, size; /* rank 0: the same, and room for them */
  Entry *entry;           /* rank 0 */
  PetscInt provenances;
  Provenance *provenance;
  PetscBool single;    /* the one state has no number */
  PetscBool ours;      /* the collection on disk is this object's, no older run's */
  PetscBool mesh_done; /* the static mesh stands in its file */
  double bytes;
};

/* ---- making ---- */
PetscErrorCode SinewSeriesCreate(MPI_Comm comm, const char directory[], const char name[], SinewSeries *out)
{
  SinewSeries series;
  const char *dir = directory && directory[0] ? directory : ".";

  PetscFunctionBeginUser;
  *out = NULL;
  PetscCheck(strlen(dir) + strlen(name) + 32 < sizeof(series->path), comm, SINEW_ERR_OUTPUT, "cannot write %s/%s: %s",
             dir, name, strerror(ENAMETOOLONG));
  PetscCall(SinewMakeDirectory(comm, dir));
  PetscCall(PetscNew(&series));
  PetscCall(PetscCommDuplicate(comm, &series->comm, NULL));
  PetscCallMPI(MPI_Comm_rank(series->comm, &series->rank));
  PetscCall(PetscStrncpy(series->directory, dir, sizeof(series->directory)));
  PetscCall(PetscStrncpy(series->name, name, sizeof(series->name)));
  PetscCall(PetscSNPrintf(series->path, sizeof(series->path), "%s/%s.xmf", dir, name));
  *out = series;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSeriesCreateSingle(MPI_Comm comm, const char path[], SinewSeries *series)
{
  const size_t length = strlen(path);
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  char directory[PETSC_MAX_PATH_LEN], stem[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  *series = NULL;
  PetscCheck(strlen(name) > 3 && !strcmp(path + length - 3, ".h5"), comm, SINEW_ERR_INPUT,
             "%s: expected a name that ends in .h5", path);
  PetscCheck(length < sizeof(stem), comm, SINEW_ERR_OUTPUT, "cannot write %s: %s", path, strerror(ENAMETOOLONG));
  (void)snprintf(directory, sizeof(directory), "%.*s", slash == path ? 1 : slash ? (int)(slash - path) : 0, path);
  (void)snprintf(stem, sizeof(stem), "%.*s", (int)strlen(name) - 3, name);
  PetscCall(SinewSeriesCreate(comm, directory, stem, series));
  (*series)->single = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void drop_entries(SinewSeries series, PetscInt from)
{
  for (PetscInt i = from; i < series->entries; i++) free(series->entry[i].line);
  series->entries = PetscMin(series->entries, from);
}

PetscErrorCode SinewSeriesDestroy(SinewSeries *series)
{
  PetscFunctionBeginUser;
  if (!*series) PetscFunctionReturn(PETSC_SUCCESS);
  drop_entries(*series, 0);
  free((*series)->entry);
  for (PetscInt i = 0; i < (*series)->provenances; i++) {
    PetscCall(PetscFree((*series)->provenance[i].key));
    PetscCall(PetscFree((*series)->provenance[i].value));
  }
  PetscCall(PetscFree((*series)->provenance));
  PetscCall(PetscCommDestroy(&(*series)->comm));
  PetscCall(PetscFree(*series));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSeriesProvenance(SinewSeries series, const char key[], const char value[])
{
  PetscInt i;

  PetscFunctionBeginUser;
  for (i = 0; i < series->provenances; i++)
    if (!strcmp(series->provenance[i].key, key)) break;
  if (i < series->provenances) {
    PetscCall(PetscFree(series->provenance[i].value));
  } else {
    PetscCall(PetscRealloc((size_t)(i + 1) * sizeof(Provenance), &series->provenance));
    PetscCall(PetscStrallocpy(key, &series->provenance[i].key));
    series->provenances++;
  }
  PetscCall(PetscStrallocpy(value, &series->provenance[i].value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewSeriesPath(SinewSeries series)
{
  return series->path;
}

const char *SinewSeriesLastFile(SinewSeries series)
{
  return series->last;
}

PetscInt SinewSeriesCount(SinewSeries series)
{
  return series->count;
}

double SinewSeriesBytes(SinewSeries series)
{
  return series->bytes;
}

/* ---- the collection ---- */
static PetscErrorCode add_bytes(SinewSeries series, const char path[])
{
  struct stat status;
  double bytes = 0;

  PetscFunctionBeginUser;
  if (series->rank == 0 && !stat(path, &status)) bytes = (double)status.st_size;
  PetscCallMPI(MPI_Bcast(&bytes, 1, MPI_DOUBLE, 0, series->comm));
  series->bytes += bytes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Raises on all ranks what rank 0 says in `why` unless it is empty. */
static PetscErrorCode raise_rank0(SinewSeries series, PetscErrorCode code, const char why[])
{
  PetscBool failed;
  char line[PETSC_MAX_PATH_LEN + 256];

  PetscFunctionBeginUser;
  PetscCall(SinewAgree(series->comm, (PetscBool)(series->rank != 0 || !why[0]), why, &failed, sizeof(line), line));
  PetscCheck(!failed, series->comm, code, "%s", line);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A collection without states is no collection: readers choke on it. */
static PetscErrorCode remove_collection(SinewSeries series)
{
  char why[PETSC_MAX_PATH_LEN + 128] = "";

  PetscFunctionBeginUser;
  if (series->rank == 0 && unlink(series->path) && errno != ENOENT)
    snprintf(why, sizeof(why), "cannot write %s: %s", series->path, strerror(errno));
  PetscCall(raise_rank0(series, SINEW_ERR_OUTPUT, why));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode publish_collection(SinewSeries series)
{
  Text text = {0};
  PetscErrorCode code;

  PetscFunctionBeginUser;
  if (!series->count) {
    PetscCall(remove_collection(series));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (series->rank == 0) SinewXdmfCollection_Private(series->entries, series->entry, &text);
  PetscCall(raise_rank0(series, PETSC_ERR_MEM, text.failed ? "out of memory" : ""));
  code = SinewPublishText(series->comm, series->path, text.text);
  free(text.text);
  PetscCall(code);
  PetscCall(add_bytes(series, series->path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: the file's text with a zero behind it; NULL with errno when it cannot be read. */
static char *read_text(const char path[])
{
  FILE *in = fopen(path, "rb");
  struct stat status;
  char *text = NULL;

  if (!in) return NULL;
  if (!fstat(fileno(in), &status)) text = calloc((size_t)status.st_size + 1, 1);
  if (text && fread(text, 1, (size_t)status.st_size, in) != (size_t)status.st_size) {
    free(text);
    text = NULL;
    errno = EIO;
  }
  fclose(in);
  return text;
}

static PetscErrorCode read_collection(SinewSeries series)
{
  char why[PETSC_MAX_PATH_LEN + 128] = "";

  PetscFunctionBeginUser;
  if (series->rank == 0) {
    char *text = read_text(series->path);

    if (!text && errno != ENOENT) snprintf(why, sizeof(why), "%s: %s", series->path, strerror(errno));
    drop_entries(series, 0);
    free(series->entry);
    series->entry = NULL;
    series->size = 0;
    if (text && !SinewXdmfParse_Private(text, &series->entries, &series->entry))
      snprintf(why, sizeof(why), "%s: not a collection of Sinew's", series->path);
    series->size = series->entries;
    free(text);
  }
  PetscCall(raise_rank0(series, SINEW_ERR_INPUT, why));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The shorter collection is published at once: files that it no longer names will be overwritten. */
PetscErrorCode SinewSeriesTruncate(SinewSeries series, PetscReal t)
{
  const double latest = (double)t + 1e-12 * fabs((double)t);
  PetscInt64 head[2];

  PetscFunctionBeginUser;
  PetscCall(read_collection(series));
  head[1] = series->entries;
  for (head[0] = 0; head[0] < series->entries && series->entry[head[0]].time <= latest;) head[0]++;
  PetscCallMPI(MPI_Bcast(head, 2, MPIU_INT64, 0, series->comm));
  drop_entries(series, (PetscInt)head[0]);
  series->count = (PetscInt)head[0];
  series->ours = PETSC_TRUE;
  series->mesh_done = PETSC_FALSE;
  if (head[0] < head[1]) PetscCall(publish_collection(series));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a state ---- */
/* The nodes of this rank without the upper layers along unused axes, which files do not hold. */
static PetscErrorCode pack_nodes(const SinewMesh *mesh, SinewArray *array, double **packed)
{
  PetscInt64 given[3], kept[3];
  double *to;

  PetscFunctionBeginUser;
  *array = (SinewArray){.name = "/mesh/nodes", .dtype = SINEW_FLOAT64, .rank = 4, .distributed = PETSC_TRUE};
  array->shape[3] = array->count[3] = 3;
  for (int d = 0; d < 3; d++) {
    const PetscBool used = (PetscBool)(d < mesh->dim),
                    last = (PetscBool)(mesh->start[d] + mesh->count[d] == mesh->cells[d]);

    given[d] = mesh->count[d] ? mesh->count[d] + (last ? 1 : 0) : 0;
    kept[d] = used ? given[d] : mesh->count[d];
    array->shape[2 - d] = used ? mesh->cells[d] + 1 : 1;
    array->start[2 - d] = mesh->start[d];
    array->count[2 - d] = kept[d];
  }
  PetscCall(PetscMalloc1((size_t)(3 * kept[0] * kept[1] * kept[2]) + 1, packed));
  to = *packed;
  for (PetscInt64 k = 0; k < kept[2]; k++)
    for (PetscInt64 j = 0; j < kept[1]; j++) {
      const PetscReal *row = mesh->nodes + 3 * given[0] * (j + given[1] * k);

      for (PetscInt64 i = 0; i < 3 * kept[0]; i++) *to++ = (double)row[i];
    }
  array->data = *packed;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_nodes(SinewFile file, const SinewMesh *mesh)
{
  SinewArray array;
  PetscErrorCode code;
  double *packed;

  PetscFunctionBeginUser;
  PetscCall(pack_nodes(mesh, &array, &packed));
  code = SinewFileWrite(file, &array);
  PetscCall(PetscFree(packed));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_field(SinewFile file, const SinewMesh *mesh, const SinewSeriesField *field)
{
  char name[PETSC_MAX_PATH_LEN];
  SinewArray array = {.name = name,
                      .dtype = field->dtype,
                      .rank = field->components == 3 ? 4 : 3,
                      .distributed = PETSC_TRUE,
                      .data = (void *)(uintptr_t)field->data};

  PetscFunctionBeginUser;
  PetscCheck(field->components == 1 || field->components == 3, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "field %s has %" PetscInt_FMT " components: 1 or 3", field->name, field->components);
  PetscCheck(field->dtype == SINEW_FLOAT32 || field->dtype == SINEW_FLOAT64, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "field %s is neither float32 nor float64", field->name);
  PetscCall(PetscSNPrintf(name, sizeof(name), "/fields/%s", field->name));
  for (int d = 0; d < 3; d++) {
    array.shape[2 - d] = mesh->cells[d];
    array.start[2 - d] = mesh->start[d];
    array.count[2 - d] = mesh->count[d];
  }
  array.shape[3] = array.count[3] = 3;
  PetscCall(SinewFileWrite(file, &array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The box around all nodes. */
static PetscErrorCode find_extents(SinewSeries series, const SinewMesh *mesh, double bounds[6])
{
  PetscInt64 n = 1;

  PetscFunctionBeginUser;
  for (int d = 0; d < 3; d++) {
    n *= mesh->count[d] + (mesh->start[d] + mesh->count[d] == mesh->cells[d]);
    if (!mesh->count[d]) n = 0;
    bounds[d] = mesh->uniform ? -(double)mesh->lower[d] : -PETSC_MAX_REAL;
    bounds[3 + d] = mesh->uniform ? (double)mesh->upper[d] : -PETSC_MAX_REAL;
  }
  for (PetscInt64 i = 0; !mesh->uniform && i < 3 * n; i++) {
    bounds[i % 3] = PetscMax(bounds[i % 3], -mesh->nodes[i]);
    bounds[3 + i % 3] = PetscMax(bounds[3 + i % 3], mesh->nodes[i]);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, bounds, 6, MPI_DOUBLE, MPI_MAX, series->comm));
  for (int d = 0; d < 3; d++) bounds[d] = 0 - bounds[d]; /* no -0 */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_about(SinewSeries series, SinewFile file, const SinewMesh *mesh)
{
  const PetscInt64 dim = mesh->dim, cells[3] = {mesh->cells[0], mesh->cells[1], mesh->cells[2]};
  double bounds[6];

  PetscFunctionBeginUser;
  PetscCall(SinewFileWriteString(file, "/", "mesh_kind", mesh->uniform ? "uniform" : "nodes"));
  PetscCall(SinewFileWriteInts(file, "/", "mesh_dim", 1, &dim));
  PetscCall(SinewFileWriteInts(file, "/", "mesh_cells", 3, cells));
  PetscCall(find_extents(series, mesh, bounds));
  PetscCall(SinewFileWriteReals(file, "/", "mesh_lower", 3, bounds));
  PetscCall(SinewFileWriteReals(file, "/", "mesh_upper", 3, bounds + 3));
  for (PetscInt i = 0; i < series->provenances; i++)
    PetscCall(SinewFileWriteString(file, "/", series->provenance[i].key, series->provenance[i].value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_state(SinewSeries series, SinewFile file, PetscInt step, double t, const SinewMesh *mesh,
                                 const char mesh_name[], PetscInt count, const SinewSeriesField fields[])
{
  const PetscInt64 number = step;

  PetscFunctionBeginUser;
  PetscCall(SinewFileWriteReals(file, "/", "time", 1, &t));
  PetscCall(SinewFileWriteInts(file, "/", "step", 1, &number));
  PetscCall(write_about(series, file, mesh));
  if (!mesh->uniform && mesh->moving)
    PetscCall(write_nodes(file, mesh));
  else if (!mesh->uniform)
    PetscCall(SinewFileWriteString(file, "/", "mesh_file", mesh_name));
  for (PetscInt f = 0; f < count; f++) PetscCall(write_field(file, mesh, &fields[f]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_mesh(SinewSeries series, SinewFile file, const SinewMesh *mesh)
{
  PetscFunctionBeginUser;
  PetscCall(write_about(series, file, mesh));
  PetscCall(write_nodes(file, mesh));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Publishes what was filled without an error, drops it after one. */
static PetscErrorCode finish_file(SinewSeries series, PetscErrorCode code, const char path[], SinewFile *file)
{
  PetscFunctionBeginUser;
  if (code) PetscCall(SinewFileClose(file));
  PetscCall(code);
  PetscCall(SinewFilePublish(file));
  PetscCall(add_bytes(series, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode append_entry(SinewSeries series, double t, char line[])
{
  PetscFunctionBeginUser;
  if (series->rank == 0) {
    if (line && series->entries == series->size) {
      const PetscInt size = 2 * series->size + 16;
      Entry *grown = realloc(series->entry, (size_t)size * sizeof(Entry));

      if (grown) {
        series->entry = grown;
        series->size = size;
      }
    }
    if (line && series->entries < series->size)
      series->entry[series->entries++] = (Entry){t, line};
    else {
      free(line);
      line = NULL;
    }
  }
  PetscCall(raise_rank0(series, PETSC_ERR_MEM, line ? "" : "out of memory"));
  series->count++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A state that could not be entered on disk is none: the next one takes its number. */
static PetscErrorCode enter_state(SinewSeries series, double t, char line[])
{
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(append_entry(series, t, line));
  code = publish_collection(series);
  if (code) drop_entries(series, --series->count);
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Name of the next state's file; what an older run left of the collection goes. */
static PetscErrorCode begin_state(SinewSeries series, size_t size, char data[])
{
  PetscFunctionBeginUser;
  if (!series->ours) PetscCall(remove_collection(series)); /* its files are about to be overwritten */
  series->ours = PETSC_TRUE;
  if (series->single)
    PetscCall(PetscSNPrintf(data, size, "%s.h5", series->name));
  else
    PetscCall(PetscSNPrintf(data, size, "%s_%06" PetscInt_FMT ".h5", series->name, series->count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSeriesWrite(SinewSeries series, PetscInt step, PetscReal t, const SinewMesh *mesh, PetscInt count,
                                const SinewSeriesField fields[])
{
  char data[PETSC_MAX_PATH_LEN], mesh_name[PETSC_MAX_PATH_LEN], path[PETSC_MAX_PATH_LEN];
  char *line = NULL;
  PetscErrorCode code;
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(begin_state(series, sizeof(data), data));
  PetscCall(PetscSNPrintf(mesh_name, sizeof(mesh_name), "%s_mesh.h5", series->name));
  if (!mesh->uniform && !mesh->moving && !series->mesh_done) {
    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", series->directory, mesh_name));
    PetscCall(SinewFileCreate(series->comm, path, &file));
    code = fill_mesh(series, file, mesh);
    PetscCall(finish_file(series, code, path, &file));
    series->mesh_done = PETSC_TRUE;
  }
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", series->directory, data));
  PetscCall(SinewFileCreate(series->comm, path, &file));
  code = fill_state(series, file, step, (double)t, mesh, mesh_name, count, fields);
  PetscCall(finish_file(series, code, path, &file));
  if (series->rank == 0)
    line = SinewXdmfLine_Private((double)t, mesh, data, mesh->moving ? data : mesh_name, count, fields);
  PetscCall(enter_state(series, (double)t, line));
  PetscCall(PetscStrncpy(series->last, path, sizeof(series->last)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a state of a body ---- */

static PetscErrorCode fill_body(SinewSeries series, SinewFile file, PetscInt step, double t, const SinewSeriesBody *b)
{
  const PetscInt64 number = step, n = (PetscInt64)b->cell_count * b->corners;
  SinewArray array = {.dtype = SINEW_FLOAT64,
                      .rank = 2,
                      .distributed = PETSC_TRUE,
                      .shape = {b->vertices, 3},
                      .start = {b->first_vertex, 0},
                      .count = {b->vertex_count, 3}};
  PetscInt64 *cell;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(SinewFileWriteReals(file, "/", "time", 1, &t));
  PetscCall(SinewFileWriteInts(file, "/", "step", 1, &number));
  PetscCall(SinewFileWriteString(file, "/", "mesh_kind", "simplices"));
  for (PetscInt i = 0; i < series->provenances; i++)
    PetscCall(SinewFileWriteString(file, "/", series->provenance[i].key, series->provenance[i].value));
  array.name = "/mesh/nodes";
  array.data = (void *)(uintptr_t)b->place;
  PetscCall(SinewFileWrite(file, &array));
  array.name = "/fields/displacement";
  array.data = (void *)(uintptr_t)b->displacement;
  PetscCall(SinewFileWrite(file, &array));
  PetscCall(PetscMalloc1((size_t)n + 1, &cell));
  for (PetscInt64 i = 0; i < n; i++) cell[i] = b->cell[i];
  array = (SinewArray){.name = "/mesh/cells",
                       .dtype = SINEW_INT64,
                       .rank = 2,
                       .distributed = PETSC_TRUE,
                       .shape = {b->cells, b->corners},
                       .start = {b->first_cell, 0},
                       .count = {b->cell_count, b->corners},
                       .data = cell};
  code = SinewFileWrite(file, &array);
  PetscCall(PetscFree(cell));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSeriesWriteBody(SinewSeries series, PetscInt step, PetscReal t, const SinewSeriesBody *body)
{
  char data[PETSC_MAX_PATH_LEN], path[PETSC_MAX_PATH_LEN];
  char *line = NULL;
  PetscErrorCode code;
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(begin_state(series, sizeof(data), data));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", series->directory, data));
  PetscCall(SinewFileCreate(series->comm, path, &file));
  code = fill_body(series, file, step, (double)t, body);
  PetscCall(finish_file(series, code, path, &file));
  if (series->rank == 0) line = SinewXdmfBodyLine_Private((double)t, body, data);
  PetscCall(enter_state(series, (double)t, line));
  PetscCall(PetscStrncpy(series->last, path, sizeof(series->last)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

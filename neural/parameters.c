#include "neural/parameters_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/random.h"
#include "neural/tensor_private.h"

/* ---- values ---- */

/* A number in [-1, 1) that depends on seed, stream and index alone. */
static double uniform(PetscInt64 seed, PetscInt64 stream, PetscInt64 index)
{
  const uint64_t key = (uint64_t)seed * 0xd1342543de82ef95u + (uint64_t)stream * 0x2545f4914f6cdd1du + (uint64_t)index;

  return (double)(SinewRandomMix(SinewRandomMix(key)) >> 11) * 0x1p-52 - 1;
}

size_t ParameterRow(const SinewParameter *p)
{
  size_t n = 1;

  for (int d = 1; d < p->rank; ++d) n *= (size_t)p->shape[d];
  return n;
}

size_t ParameterFirst(const SinewParameter *p)
{
  return p->part ? (size_t)p->row * ParameterRow(p) : 0;
}

void ParametersInitialize(SinewDtype dtype, PetscInt count, const SinewParameter table[], PetscInt64 seed)
{
  for (PetscInt k = 0; k < count; ++k) {
    const SinewParameter *p = &table[k];
    const PetscInt64 first = (PetscInt64)ParameterFirst(p);

    for (size_t i = 0; i < p->size; ++i) {
      const double value = p->bound > 0 ? p->bound * uniform(seed, k, first + (PetscInt64)i) : p->constant;

      if (dtype == SINEW_FLOAT32)
        ((float *)p->value)[i] = (float)value;
      else
        ((double *)p->value)[i] = value;
    }
  }
}

/* ---- files ---- */

void ParameterArray(const SinewParameter *p, SinewDtype dtype, const char name[], void *data, SinewArray *array)
{
  *array = (SinewArray){.name = name, .dtype = dtype, .rank = p->rank, .data = data, .distributed = p->part};
  for (int d = 0; d < p->rank; ++d) {
    array->shape[d] = p->shape[d];
    array->start[d] = d ? 0 : p->row;
    array->count[d] = d ? p->shape[d] : p->rows;
  }
}

void ParameterArrayToWrite(const SinewParameter *p, SinewDtype dtype, const char name[], void *data, SinewArray *array)
{
  ParameterArray(p, dtype, name, data, array);
  if (p->spare) array->count[0] = 0;
}

static void print_shape(int rank, const PetscInt64 shape[], size_t size, char text[])
{
  size_t used = 1;

  (void)snprintf(text, size, "(");
  for (int k = 0; k < rank && used < size; ++k)
    used += (size_t)snprintf(text + used, size - used, "%s%lld", k ? ", " : "", (long long)shape[k]);
  if (used < size) (void)snprintf(text + used, size - used, ")");
}

static PetscErrorCode check_shape(MPI_Comm comm, const char path[], const SinewParameter *p, const SinewArray *array)
{
  char have[128], want[128];

  PetscFunctionBeginUser;
  if (array->rank == p->rank && !memcmp(array->shape, p->shape, (size_t)p->rank * sizeof(*p->shape)))
    PetscFunctionReturn(PETSC_SUCCESS);
  print_shape(array->rank, array->shape, sizeof(have), have);
  print_shape(p->rank, p->shape, sizeof(want), want);
  SETERRQ(comm, SINEW_ERR_INPUT, "%s: parameter %s has shape %s, the network needs %s", path, p->name, have, want);
}

/* The first entry of the whole parameter that is not finite, the same on every rank; -1: there is none. */
static PetscErrorCode first_bad(MPI_Comm comm, SinewDtype dtype, const SinewParameter *p, PetscInt64 *entry)
{
  const PetscInt64 first = (PetscInt64)ParameterFirst(p);
  PetscInt64 bad = INT64_MAX;

  PetscFunctionBeginUser;
  for (size_t i = 0; i < p->size && bad == INT64_MAX; ++i)
    if (!isfinite(dtype == SINEW_FLOAT32 ? (double)((const float *)p->value)[i] : ((const double *)p->value)[i]))
      bad = first + (PetscInt64)i;
  if (p->part) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &bad, 1, MPIU_INT64, MPI_MIN, comm));
  *entry = bad == INT64_MAX ? -1 : bad;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_finite(MPI_Comm comm, SinewDtype dtype, const char path[], const SinewParameter *p)
{
  PetscInt64 entry;

  PetscFunctionBeginUser;
  PetscCall(first_bad(comm, dtype, p, &entry));
  PetscCheck(entry < 0, comm, SINEW_ERR_INPUT, "%s: parameter %s is not finite at entry %lld", path, p->name,
             (long long)entry);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load_one(MPI_Comm comm, SinewDtype dtype, SinewFile file, const char path[], const char group[],
                               const SinewParameter *p)
{
  char name[256];
  SinewArray array;
  PetscBool exists;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(name, sizeof(name), "%s/%s", group, p->name));
  PetscCall(SinewFileInquire(file, name, &exists, &array));
  PetscCheck(exists, comm, SINEW_ERR_INPUT, "%s: parameter %s is missing", path, p->name);
  PetscCall(check_shape(comm, path, p, &array));
  ParameterArray(p, dtype, name, p->value, &array);
  PetscCall(SinewFileRead(file, &array));
  PetscCall(check_finite(comm, dtype, path, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool known(PetscInt count, const SinewParameter table[], const char name[], const char *const spare[])
{
  for (PetscInt k = 0; k < count; ++k)
    if (!strcmp(table[k].name, name)) return PETSC_TRUE;
  for (int k = 0; spare && spare[k]; ++k)
    if (strstr(name, spare[k])) return PETSC_TRUE;
  return PETSC_FALSE;
}

static PetscErrorCode check_extra(MPI_Comm comm, PetscInt count, const SinewParameter table[], SinewFile file,
                                  const char path[], const char group[], const char *const spare[])
{
  const size_t stem = strlen(group) + 1;
  PetscInt arrays;
  char **names, extra[256] = "";

  PetscFunctionBeginUser;
  PetscCall(SinewFileList(file, group, &arrays, &names));
  for (PetscInt k = 0; k < arrays; ++k) {
    if (!extra[0] && strlen(names[k]) > stem && !known(count, table, names[k] + stem, spare))
      (void)snprintf(extra, sizeof(extra), "%s", names[k] + stem);
    PetscCall(PetscFree(names[k]));
  }
  PetscCall(PetscFree(names));
  PetscCheck(!extra[0], comm, SINEW_ERR_INPUT, "%s: parameter %s is none of this network's", path, extra);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ParametersLoad(MPI_Comm comm, SinewDtype dtype, PetscInt count, const SinewParameter table[],
                              SinewFile file, const char path[], const char group[], const char *const spare[])
{
  PetscFunctionBeginUser;
  PetscCall(check_extra(comm, count, table, file, path, group, spare));
  for (PetscInt k = 0; k < count; ++k) PetscCall(load_one(comm, dtype, file, path, group, &table[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ParametersStore(MPI_Comm comm, SinewDtype dtype, PetscInt count, const SinewParameter table[],
                               SinewFile file, const char group[])
{
  char name[256];

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < count; ++k) {
    const SinewParameter *p = &table[k];
    SinewArray array;

    PetscCheck(p->value, comm, PETSC_ERR_ORDER, "%s was released after the first update", p->name);
    PetscCall(PetscSNPrintf(name, sizeof(name), "%s/%s", group, p->name));
    ParameterArrayToWrite(p, dtype, name, p->value, &array);
    PetscCall(SinewFileWrite(file, &array));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- tables with memory of their own ---- */

PetscErrorCode ParameterTableDeclare(ParameterTable *table, PetscBool trained, int rank, const PetscInt64 shape[],
                                     double bound, double constant, PetscInt *id, const char format[], ...)
{
  SinewParameter *p;
  va_list words;

  PetscFunctionBeginUser;
  if (table->count == table->room) {
    table->room = PetscMax(2 * table->room, 64);
    PetscCall(PetscRealloc(sizeof(*table->entry) * (size_t)table->room, &table->entry));
  }
  *id = table->count;
  p = &table->entry[table->count++];
  *p = (SinewParameter){.rank = rank, .size = 1, .bound = bound, .constant = constant};
  va_start(words, format);
  (void)vsnprintf(p->name, sizeof(p->name), format, words);
  va_end(words);
  for (int k = 0; k < rank; ++k) {
    p->shape[k] = shape[k];
    p->size *= (size_t)shape[k];
  }
  if (trained) table->trained += p->size;
  p->gradient = trained ? table : NULL; /* a mark, until there is memory */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ParameterTableAllocate(ParameterTable *table, PetscBool gradients)
{
  const size_t bytes = SinewDtypeSize(table->dtype);
  size_t all = 0, at = 0, gradient = 0;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < table->count; ++k) all += table->entry[k].size;
  PetscCall(NeuralAlloc(all * bytes, &table->values));
  if (gradients) PetscCall(NeuralAlloc(table->trained * bytes, &table->gradients));
  for (PetscInt k = 0; k < table->count; ++k) {
    SinewParameter *p = &table->entry[k];

    p->value = (char *)table->values + at * bytes;
    at += p->size;
    if (!p->gradient) continue;
    p->gradient = gradients ? (char *)table->gradients + gradient * bytes : NULL;
    gradient += p->size;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ParameterTableDestroy(ParameterTable *table)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(table->entry));
  free(table->values);
  free(table->gradients);
  *table = (ParameterTable){.dtype = table->dtype};
  PetscFunctionReturn(PETSC_SUCCESS);
}

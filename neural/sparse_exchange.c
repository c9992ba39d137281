#include "neural/sparse_exchange_private.h"

#include <string.h>

static int by_rank(const void *a, const void *b, void *context)
{
  const PetscMPIInt x = *(const PetscMPIInt *)a, y = *(const PetscMPIInt *)b;

  (void)context;
  return (x > y) - (x < y);
}

/* Records by destination: ranks, how many each, and the bytes in that order. */
static PetscErrorCode pack(size_t size, PetscInt count, const PetscMPIInt to[], const char records[],
                           PetscMPIInt *ranks, PetscMPIInt rank[], PetscInt n[], char bytes[])
{
  PetscMPIInt *key;
  PetscInt *order;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(count, &key, count, &order));
  for (PetscInt i = 0; i < count; i++) {
    key[i] = to[i];
    order[i] = i;
  }
  if (count > 1) /* PETSc 3.18 sorts 0 numbers wrongly */
    PetscCall(PetscTimSortWithArray(count, key, sizeof(*key), order, sizeof(*order), by_rank, NULL)); /* stable */
  *ranks = 0;
  for (PetscInt i = 0; i < count; i++) {
    if (i == 0 || key[i] != key[i - 1]) {
      rank[*ranks] = key[i];
      n[(*ranks)++] = 0;
    }
    n[*ranks - 1]++;
    memcpy(bytes + size * (size_t)i, records + size * (size_t)order[i], size);
  }
  PetscCall(PetscFree2(key, order));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSparseExchange(MPI_Comm comm, PetscMPIInt tag, size_t size, PetscInt count, const PetscMPIInt to[],
                                   const void *records, PetscInt *received, void **data, PetscMPIInt **from)
{
  PetscMPIInt ranks, senders, *rank, *sender;
  PetscInt *n, *m, all = 0;
  MPI_Request *request;
  MPI_Datatype record;
  char *out, *in;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(count, &rank, count, &n, size * (size_t)count, &out));
  PetscCall(pack(size, count, to, (const char *)records, &ranks, rank, n, out));
  PetscCall(PetscCommBuildTwoSided(comm, 1, MPIU_INT, ranks, rank, n, &senders, &sender, &m));
  PetscCall(PetscSortMPIIntWithIntArray(senders, sender, m));
  for (PetscMPIInt s = 0; s < senders; s++) all += m[s];
  PetscCall(PetscMalloc1(size * (size_t)all, &in));
  if (from) PetscCall(PetscMalloc1(all, from));
  PetscCall(PetscMalloc1((size_t)(ranks + senders), &request));
  PetscCallMPI(MPI_Type_contiguous((PetscMPIInt)size, MPI_BYTE, &record));
  PetscCallMPI(MPI_Type_commit(&record));
  *received = 0;
  for (PetscMPIInt s = 0; s < senders; s++) {
    PetscCallMPI(
        MPI_Irecv(in + size * (size_t)*received, (PetscMPIInt)m[s], record, sender[s], tag, comm, &request[s]));
    for (PetscInt i = 0; from && i < m[s]; i++) (*from)[*received + i] = sender[s];
    *received += m[s];
  }
  for (PetscMPIInt r = 0, sent = 0; r < ranks; sent += (PetscMPIInt)n[r++])
    PetscCallMPI(
        MPI_Isend(out + size * (size_t)sent, (PetscMPIInt)n[r], record, rank[r], tag, comm, &request[senders + r]));
  PetscCallMPI(MPI_Waitall(ranks + senders, request, MPI_STATUSES_IGNORE));
  PetscCallMPI(MPI_Type_free(&record));
  PetscCall(PetscFree(request));
  PetscCall(PetscFree(sender));
  PetscCall(PetscFree(m));
  PetscCall(PetscFree3(rank, n, out));
  *data = in;
  PetscFunctionReturn(PETSC_SUCCESS);
}

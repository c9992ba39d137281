#ifndef SINEW_SOLVERS_PROVENANCE_H
#define SINEW_SOLVERS_PROVENANCE_H
/* Where a file comes from: title, versions of Sinew and of what it stands on, ranks and hosts, command line and deck,
 * as pairs of key and value. */
#include "../io/arrays.h"
#include "../io/deck.h"
#include "../io/status.h"

#define SINEW_PROVENANCE_MAX 24

typedef struct {
  const char *pair[2 * SINEW_PROVENANCE_MAX + 1]; /* key, value, key, value, ..., NULL */
  char text[9][128];
} SinewProvenance;

/* Collective. The struct must stay where it is, and the deck and the words must outlive it. title, command_line: may be
 * NULL. */
PETSC_EXTERN PetscErrorCode SinewProvenanceCollect(MPI_Comm comm, SinewDeck deck, const char title[],
                                                   const char command_line[], SinewProvenance *provenance);
/* As attributes of the file. Collective. */
PETSC_EXTERN PetscErrorCode SinewProvenanceWrite(const SinewProvenance *provenance, SinewFile file);
/* As keys of a line of status.jsonl: all but long texts, which stand in every HDF5 file. Not collective. */
PETSC_EXTERN PetscErrorCode SinewProvenanceStatus(const SinewProvenance *provenance, SinewStatus status);

#endif

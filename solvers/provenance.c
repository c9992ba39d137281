#include "solvers/provenance.h"

#include <hdf5.h>
#include <string.h>

#include "io/version.h"

static PetscErrorCode add(SinewProvenance *p, const char key[], const char value[])
{
  PetscInt n = 0;

  PetscFunctionBeginUser;
  while (p->pair[n]) n += 2;
  if (!value || n >= 2 * SINEW_PROVENANCE_MAX) PetscFunctionReturn(PETSC_SUCCESS);
  p->pair[n] = key;
  p->pair[n + 1] = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewProvenanceCollect(MPI_Comm comm, SinewDeck deck, const char title[], const char command_line[],
                                      SinewProvenance *p)
{
  unsigned major, minor, release;
  int length;
  PetscMPIInt ranks;
  char mpi[MPI_MAX_LIBRARY_VERSION_STRING];

  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(p, sizeof(*p)));
  PetscCheck(!H5get_libversion(&major, &minor, &release), PETSC_COMM_SELF, PETSC_ERR_LIB, "H5get_libversion");
  PetscCallMPI(MPI_Get_library_version(mpi, &length));
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  PetscCall(PetscSNPrintf(p->text[0], sizeof(p->text[0]), "%s (%s)", SINEW_VERSION, SINEW_GIT));
  PetscCall(PetscSNPrintf(p->text[1], sizeof(p->text[1]), "%d.%d.%d", PETSC_VERSION_MAJOR, PETSC_VERSION_MINOR,
                          PETSC_VERSION_SUBMINOR));
  PetscCall(PetscSNPrintf(p->text[2], sizeof(p->text[2]), "%u.%u.%u", major, minor, release));
  PetscCall(PetscStrncpy(p->text[3], mpi, sizeof(p->text[3])));
  p->text[3][strcspn(p->text[3], ",\n")] = 0;
  PetscCall(PetscSNPrintf(p->text[4], sizeof(p->text[4]), "%d", (int)ranks));
  PetscCall(add(p, "title", title));
  PetscCall(add(p, "sinew_version", p->text[0]));
  PetscCall(add(p, "petsc_version", p->text[1]));
  PetscCall(add(p, "hdf5_version", p->text[2]));
  PetscCall(add(p, "mpi_version", p->text[3]));
  PetscCall(add(p, "ranks", p->text[4]));
  PetscCall(add(p, "command_line", command_line));
  PetscCall(add(p, "deck", SinewDeckText(deck)));
  PetscCall(add(p, "overrides", SinewDeckOverrides(deck)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewProvenanceWrite(const SinewProvenance *p, SinewFile file)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; p->pair[k]; k += 2) PetscCall(SinewFileWriteString(file, "/", p->pair[k], p->pair[k + 1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

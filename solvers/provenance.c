#define _GNU_SOURCE /* dladdr */
#include "solvers/provenance.h"

#include <dlfcn.h>
#include <dnnl.h>
#include <fftw3.h>
#include <hdf5.h>
#include <limits.h>
#include <petscblaslapack.h>
#include <stdlib.h>
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

/* OpenBLAS knows its version; of others the file that brings dgemm and its folder: "blis-openmp/libblas.so.3". */
static PetscErrorCode name_blas(size_t size, char text[])
{
  void (*gemm)(void) = (void (*)(void))BLASgemm_;
  char *(*config)(void) = NULL;
  void *address = dlsym(RTLD_DEFAULT, "openblas_get_config");
  char path[PATH_MAX], *part = path;
  Dl_info info;

  PetscFunctionBeginUser;
  if (address) {
    memcpy(&config, &address, sizeof(config)); /* ISO C has no cast between the two kinds of pointers */
    PetscCall(PetscStrncpy(text, config(), size));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  memcpy(&address, &gemm, sizeof(address));
  if (!dladdr(address, &info) || !info.dli_fname || !realpath(info.dli_fname, path)) PetscFunctionReturn(PETSC_SUCCESS);
  for (char *c = path, *last = path; *c; c++) {
    if (*c != '/') continue;
    part = last;
    last = c + 1;
  }
  PetscCall(PetscStrncpy(text, part, size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Machines, as those whose ranks share memory; two reductions. */
static PetscErrorCode count_hosts(MPI_Comm comm, PetscMPIInt *hosts)
{
  MPI_Comm host;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host));
  PetscCallMPI(MPI_Comm_rank(host, &rank));
  PetscCallMPI(MPI_Comm_free(&host));
  *hosts = rank == 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, hosts, 1, MPI_INT, MPI_SUM, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_versions(SinewProvenance *p)
{
  char(*text)[128] = p->text;
  const size_t size = sizeof(text[0]);
  const dnnl_version_t *dnnl = dnnl_version();
  char mpi[MPI_MAX_LIBRARY_VERSION_STRING];
  unsigned major, minor, release;
  int length;

  PetscFunctionBeginUser;
  PetscCheck(!H5get_libversion(&major, &minor, &release), PETSC_COMM_SELF, PETSC_ERR_LIB, "H5get_libversion");
  PetscCallMPI(MPI_Get_library_version(mpi, &length));
  mpi[strcspn(mpi, ",\n")] = 0;
  PetscCall(PetscSNPrintf(text[0], size, "%s (%s)", SINEW_VERSION, SINEW_GIT));
  PetscCall(PetscSNPrintf(text[1], size, "%d.%d.%d", PETSC_VERSION_MAJOR, PETSC_VERSION_MINOR, PETSC_VERSION_SUBMINOR));
  PetscCall(PetscSNPrintf(text[2], size, "%u.%u.%u", major, minor, release));
  PetscCall(PetscStrncpy(text[3], mpi, size));
  PetscCall(PetscStrncpy(text[4], strncmp(fftw_version, "fftw-", 5) ? fftw_version : fftw_version + 5, size));
  PetscCall(PetscSNPrintf(text[5], size, "%d.%d.%d", dnnl->major, dnnl->minor, dnnl->patch));
  PetscCall(name_blas(size, text[6]));
  PetscCall(add(p, "sinew_version", text[0]));
  PetscCall(add(p, "petsc_version", text[1]));
  PetscCall(add(p, "hdf5_version", text[2]));
  PetscCall(add(p, "mpi_version", text[3]));
  PetscCall(add(p, "fftw_version", text[4]));
  PetscCall(add(p, "onednn_version", text[5]));
  PetscCall(add(p, "blas", text[6][0] ? text[6] : NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewProvenanceCollect(MPI_Comm comm, SinewDeck deck, const char title[], const char command_line[],
                                      SinewProvenance *p)
{
  char(*text)[128] = p->text + 7;
  PetscMPIInt ranks, hosts;

  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(p, sizeof(*p)));
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  PetscCall(count_hosts(comm, &hosts));
  PetscCall(PetscSNPrintf(text[0], sizeof(text[0]), "%d", (int)ranks));
  PetscCall(PetscSNPrintf(text[1], sizeof(text[1]), "%d", (int)hosts));
  PetscCall(add(p, "title", title));
  PetscCall(add_versions(p));
  PetscCall(add(p, "ranks", text[0]));
  PetscCall(add(p, "hosts", text[1]));
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

PetscErrorCode SinewProvenanceStatus(const SinewProvenance *p, SinewStatus status)
{
  static const char *const numbers[] = {"ranks", "hosts"}, *const elsewhere[] = {"deck", "overrides", "command_line"};

  PetscFunctionBeginUser;
  for (PetscInt k = 0; p->pair[k]; k += 2) {
    const char *key = p->pair[k], *value = p->pair[k + 1];
    PetscBool number = PETSC_FALSE, skip = PETSC_FALSE;

    for (int i = 0; i < 2; i++) number = (PetscBool)(number || !strcmp(key, numbers[i]));
    for (int i = 0; i < 3; i++) skip = (PetscBool)(skip || !strcmp(key, elsewhere[i]));
    if (number)
      PetscCall(SinewStatusInt(status, key, strtoll(value, NULL, 10)));
    else if (!skip)
      PetscCall(SinewStatusText(status, key, value));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

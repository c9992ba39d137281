#ifndef SINEW_IO_ARRAYS_PRIVATE_H
#define SINEW_IO_ARRAYS_PRIVATE_H
/*
  What the files behind io/arrays.h share. Not installed.

  Who does what. HDF5 is used serially: by rank 0 to lay out a file, and to look one up. The bytes
  of the arrays go past HDF5: rank 0 asks where a contiguous array lies and the ranks move their
  boxes there themselves (arrays_transfer.c). There are two reasons. A collective write of
  MPI-IO that fails on one rank may leave the others waiting for ever; a plain pwrite reports its
  errno, on which the ranks then agree. And an HDF5 (1.10) whose flush has failed cannot close the
  file any more and crashes in MPI_Finalize. So HDF5 never writes to the disk: rank 0 keeps its view
  of the file in memory, with holes where the arrays lie, and copies all but the holes when the file
  is published.
*/
#include "arrays.h"
#include <hdf5.h>

typedef struct {
  PetscInt64 offset, bytes;
} Region;

struct _p_SinewFile {
  MPI_Comm comm;
  PetscMPIInt rank, size, tag;
  PetscBool writing, dead; /* dead: a write has failed and the file is gone */
  char path[PETSC_MAX_PATH_LEN];
  char disk[PETSC_MAX_PATH_LEN]; /* what is open now: path, or path.part */
  PetscBool foreign;             /* rank 0, reading: h5 is a view of a safetensors file */
  hid_t h5;                      /* rank 0; when reading also ranks that must read through HDF5 */
  int fd;                        /* the file itself; opened by the ranks that touch it, else -1 */
  int memory;                    /* rank 0, writing: HDF5's view of the file */
  size_t regions, regions_size;  /* rank 0, writing: where the arrays lie */
  Region *region;
};

/* What a rank has to say about its part of a collective operation: the first thing that failed. */
typedef struct {
  PetscBool ok;
  char why[512];
} Verdict;

#define VERDICT_GOOD \
  {                  \
    PETSC_TRUE, ""   \
  }
PETSC_INTERN void SinewBlame_Private(Verdict *verdict, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);
/* Collective: raises `code` with the lowest failing rank's words if any rank failed. A file being
 * written is discarded first. */
PETSC_INTERN PetscErrorCode SinewFileVerdict_Private(SinewFile file, const Verdict *verdict);
PETSC_INTERN PetscErrorCode SinewFileCheckAlive_Private(SinewFile file, PetscBool writing);

/* An array as it stands in a file; plain data, broadcast from rank 0. */
typedef struct {
  PetscBool found, contiguous, has_crc;
  PetscBool readable; /* numbers, of a type and rank that we know */
  PetscBool damaged;  /* HDF5 cannot make sense of it */
  PetscBool hollow;   /* claims more values than its bytes can stand for */
  int rank;
  PetscInt64 shape[SINEW_ARRAY_RANK_MAX];
  PetscInt64 offset, elements;
  SinewDtype dtype; /* the one that holds its values */
  size_t type_size, encoded_size;
  unsigned char encoded[256]; /* its exact type, by H5Tencode */
  uint32_t crc;
} Stored;

PETSC_INTERN PetscErrorCode SinewFileLookUp_Private(SinewFile file, const char name[], Stored *stored);
PETSC_INTERN void SinewFileJudge_Private(SinewFile file, const char name[], const Stored *stored, Verdict *verdict);
PETSC_INTERN htri_t SinewFileLinked_Private(SinewFile file, const char name[]);
/* Collective: rank 0's bytes to all; more than an int counts. */
PETSC_INTERN PetscErrorCode SinewFileSpread_Private(SinewFile file, void *data, PetscInt64 bytes);
PETSC_INTERN hid_t SinewDtypeH5_Private(SinewDtype dtype);
PETSC_INTERN PetscInt64 SinewArrayElements_Private(int rank, const PetscInt64 extent[]);

/*
  Moves bytes between the ranks and the file; collective. `box` describes this rank's data with
  elements of `size` bytes (its dtype is not looked at; its boxes even when it is not distributed);
  TRANSFER_VERIFY moves nothing and looks at the shape alone. *whole says whether all of the array's
  bytes passed, so that *crc is its checksum; both are the same on all ranks. What goes wrong is in
  *verdict, on the rank where it went wrong.
*/
typedef enum { TRANSFER_WRITE, TRANSFER_READ, TRANSFER_VERIFY } FileTransfer;
PETSC_INTERN PetscErrorCode SinewFileTransfer_Private(SinewFile file, FileTransfer kind, const SinewArray *box,
                                                      size_t size, PetscInt64 offset, void *data, uint32_t *crc,
                                                      PetscBool *whole, Verdict *verdict);
/* A list of names that rank 0 gathers; collective is only the sharing, which sorts, frees, and raises what rank 0 says
 * in its verdict. */
typedef struct {
  char *text; /* one after the other, each with its zero */
  size_t used, size;
  PetscInt count;
  PetscInt64 groups; /* how many more may be entered */
  PetscBool failed;
} Names;
PETSC_INTERN void SinewNamesAdd_Private(Names *names, const char name[]);
PETSC_INTERN PetscErrorCode SinewNamesShare_Private(SinewFile file, const Verdict *verdict, Names *names,
                                                    PetscInt *count, char ***out);
/* How files are opened; the caller closes the list. */
PETSC_INTERN hid_t SinewAccessList_Private(void);
/* Opens HDF5's view of a file being read on this rank if it is not yet; negative when that fails. */
PETSC_INTERN hid_t SinewFileOpenH5_Private(SinewFile file);
/* Opens the file on this rank if it is not yet; 0 or an errno. */
PETSC_INTERN int SinewFileDescriptor_Private(SinewFile file);
/* 0, an errno, or -1 when the file ends too early. */
PETSC_INTERN int SinewReadBytes_Private(int fd, void *data, size_t bytes, PetscInt64 offset);
PETSC_INTERN int SinewWriteBytes_Private(int fd, const void *data, size_t bytes, PetscInt64 offset);

/*
  The seal behind a file (arrays_seal.c), rank 0's business. Write: `crc` of the `length` bytes before it but for the
  regions, which are sorted; 0, an errno, or -1. Check: before HDF5 opens the file, which blames a file whose structure
  is damaged; *sealed says whether there is a seal. Missing: after HDF5 has opened a file without one, which blames a
  file that ends in a part of one.
*/
PETSC_INTERN int SinewSealWrite_Private(SinewFile file, PetscInt64 length, uint32_t crc);
PETSC_INTERN void SinewSealCheck_Private(SinewFile file, PetscBool *sealed, Verdict *verdict);
PETSC_INTERN void SinewSealMissing_Private(SinewFile file, Verdict *verdict);

/* HDF5 prints nothing between these two. */
typedef struct {
  H5E_auto2_t print;
  void *context;
} Silence;
PETSC_INTERN Silence SinewSilenceH5_Private(void);
PETSC_INTERN void SinewRestoreH5_Private(Silence silence);

typedef enum { EVENT_WRITE, EVENT_READ, EVENT_PUBLISH, EVENT_VERIFY, EVENT_COUNT } FileEvent;
PETSC_INTERN PetscErrorCode SinewFileEvent_Private(FileEvent which, PetscLogEvent *event);

#endif

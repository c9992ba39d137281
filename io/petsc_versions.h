#ifndef SINEW_IO_PETSC_VERSIONS_H
#define SINEW_IO_PETSC_VERSIONS_H
/* What is named otherwise from one PETSc to another: Sinew is written for 3.18 and compiles up to 3.25. Nothing else in
   the tree asks for a version. */
#include <petscsys.h>

#if PETSC_VERSION_LT(3, 19, 0) && !defined(PETSC_SUCCESS)
#  define PETSC_SUCCESS ((PetscErrorCode)0)
#endif

/* The MPI type of a PetscBool. */
#if PETSC_VERSION_LT(3, 24, 0)
#  define SINEW_MPI_BOOL MPIU_BOOL
#else
#  define SINEW_MPI_BOOL MPI_C_BOOL
#endif

/* What destroys the context of a container gets it, or its address. */
#if PETSC_VERSION_LT(3, 23, 0)
typedef void *SinewContextToDestroy;
#  define SINEW_CONTEXT_OF(context)   (context)
#  define PetscContainerSetCtxDestroy PetscContainerSetUserDestroy
#elif PETSC_VERSION_LT(3, 25, 0)
typedef void **SinewContextToDestroy;
#  define SINEW_CONTEXT_OF(context) (*(context))
#else
typedef PetscCtxRt SinewContextToDestroy;
#  define SINEW_CONTEXT_OF(context) (*(void **)(context))
#endif

/* For MatFDColoringSetFunction: PetscErrorCode f(void *, Vec, Vec, void *). */
#if PETSC_VERSION_LT(3, 24, 0)
#  define SINEW_COLORING_FUNCTION(f) ((PetscErrorCode(*)(void))(void (*)(void))(f))
#else
#  define SINEW_COLORING_FUNCTION(f) (f)
#endif

#endif

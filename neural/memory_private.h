#ifndef SINEW_NEURAL_MEMORY_PRIVATE_H
#define SINEW_NEURAL_MEMORY_PRIVATE_H
/* Memory for arrays of numbers. */
#include "io/petsc_versions.h"

#define CACHE_LINE 64 /* bytes */

/*
  Zeroed memory that vector instructions and oneDNN like: it begins on a cache line, and is in huge pages as far as it
  fills them and the system gives them, since a thousand small ones are looked up again and again by processors, and
  one by one by the kernel when it copies a message to another rank. Freed by free().
*/
PETSC_INTERN PetscErrorCode NeuralAlloc(size_t bytes, void **memory);
/* The same with nothing in it, nor touched: it takes memory only as it is written. */
PETSC_INTERN PetscErrorCode NeuralReserve(size_t bytes, void **memory);

/* Arrays side by side in such memory: what one of `bytes` bytes takes, all of its cache lines and a gap; and the gap
 * behind it, of which a sanitizer reports any use from then on. */
PETSC_INTERN size_t NeuralRoom(size_t bytes);
PETSC_INTERN void NeuralGuard(void *array, size_t bytes);

/*
  Arrays that are freed together: side by side in huge pages, each on a cache line, in one piece of memory for all that
  were expected before the first was taken. They are not touched, so they take memory only as they are written. A pool
  begins as zeros.
*/
typedef struct {
  size_t expected; /* bytes */
  void *memory[8]; /* more pieces for what was not expected */
  PetscInt count;
  size_t left; /* bytes at the end of the last one */
  char *next;
} NeuralPool;

PETSC_INTERN void NeuralPoolExpect(NeuralPool *pool, size_t bytes);
PETSC_INTERN PetscErrorCode NeuralPoolTake(NeuralPool *pool, size_t bytes, void **array);
PETSC_INTERN void NeuralPoolFree(NeuralPool *pool);

#endif

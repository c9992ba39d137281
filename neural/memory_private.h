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

/* Arrays side by side in such memory: what one of `bytes` bytes takes, all of its cache lines and a gap; and the gap
 * behind it, of which a sanitizer reports any use from then on. */
PETSC_INTERN size_t NeuralRoom(size_t bytes);
PETSC_INTERN void NeuralGuard(void *array, size_t bytes);

#endif

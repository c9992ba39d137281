/* Memory for arrays of numbers; see memory_private.h. */
#define _DEFAULT_SOURCE /* madvise */
#include "neural/memory_private.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature) /* clang */
#  if __has_feature(address_sanitizer)
#    define SANITIZED
#  endif
#elif defined(__SANITIZE_ADDRESS__) /* gcc */
#  define SANITIZED
#endif
#ifdef SANITIZED
#  include <sanitizer/asan_interface.h>
#endif

#define HUGE_PAGE (1 << 21) /* bytes, of x86 and most ARM; where pages are larger the kernel leaves them small */

size_t NeuralRoom(size_t bytes)
{
  return (bytes / CACHE_LINE + 1) * CACHE_LINE;
}

void NeuralGuard(void *array, size_t bytes)
{
#ifdef SANITIZED
  __asan_poison_memory_region((char *)array + bytes, NeuralRoom(bytes) - bytes);
#else
  (void)array;
  (void)bytes;
#endif
}

PetscErrorCode NeuralReserve(size_t bytes, void **memory)
{
  const size_t size = NeuralRoom(bytes), huge = size / HUGE_PAGE * HUGE_PAGE;

  PetscFunctionBeginUser;
  PetscCheck(!posix_memalign(memory, huge ? HUGE_PAGE : CACHE_LINE, size), PETSC_COMM_SELF, PETSC_ERR_MEM,
             "no memory for %zu bytes", size);
#ifdef MADV_HUGEPAGE
  if (huge) (void)madvise(*memory, huge, MADV_HUGEPAGE); /* a wish, which may be declined */
#endif
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NeuralAlloc(size_t bytes, void **memory)
{
  PetscFunctionBeginUser;
  PetscCall(NeuralReserve(bytes, memory));
  memset(*memory, 0, NeuralRoom(bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NeuralPoolExpect(NeuralPool *pool, size_t bytes)
{
  pool->expected += NeuralRoom(bytes);
}

PetscErrorCode NeuralPoolTake(NeuralPool *pool, size_t bytes, void **array)
{
  const size_t room = NeuralRoom(bytes);

  PetscFunctionBeginUser;
  if (room > pool->left) {
    pool->left = PetscMax(pool->expected, room);
    PetscCheck(pool->count < (PetscInt)(sizeof(pool->memory) / sizeof(*pool->memory)), PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "%zu bytes that a pool did not expect", bytes);
    PetscCall(NeuralReserve(pool->left, &pool->memory[pool->count]));
    pool->next = pool->memory[pool->count++];
  }
  *array = pool->next;
  NeuralGuard(pool->next, bytes);
  pool->next += room;
  pool->left -= room;
  pool->expected -= PetscMin(room, pool->expected);
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NeuralPoolFree(NeuralPool *pool)
{
  for (PetscInt k = 0; k < pool->count; ++k) free(pool->memory[k]);
  *pool = (NeuralPool){.count = 0};
}

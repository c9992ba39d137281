#define _GNU_SOURCE /* RTLD_DEFAULT */
#include "blas.h"
#include <dlfcn.h>
#include <string.h>

typedef void Action(void);
typedef char *Name(void);

/* Kernels without AVX: what OpenBLAS falls back to on x86-64. */
static PetscBool is_ancient(const char *core)
{
  const char *const ancient[] = {"Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Athlon", "Opteron"};

  for (size_t k = 0; k < sizeof(ancient) / sizeof(ancient[0]); k++)
    if (!strncmp(core, ancient[k], strlen(ancient[k]))) return PETSC_TRUE;
  return PETSC_FALSE;
}

static const char *better_core(void)
{
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq"))
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return NULL;
}

/* POSIX's way from an object pointer to a function pointer */
#define LOOK_UP(type, variable, symbol) \
  type *variable = NULL;                \
  *(void **)&variable = dlsym(RTLD_DEFAULT, symbol)

PetscErrorCode SinewBlasTune(void)
{
  static PetscBool done = PETSC_FALSE;
  const char *core = better_core();
  LOOK_UP(Name, name, "openblas_get_corename");
  LOOK_UP(Action, leave, "gotoblas_dynamic_quit");
  LOOK_UP(Action, choose, "gotoblas_dynamic_init");

  PetscFunctionBegin;
  if (done || !core || !name || !leave || !choose || getenv("OPENBLAS_CORETYPE")) PetscFunctionReturn(PETSC_SUCCESS);
  done = PETSC_TRUE;
  if (!is_ancient(name())) PetscFunctionReturn(PETSC_SUCCESS);
  setenv("OPENBLAS_CORETYPE", core, 1);
  leave();
  choose();
  unsetenv("OPENBLAS_CORETYPE");
  PetscCall(PetscInfo(NULL, "OpenBLAS did not know this processor: kernels for %s chosen\n", name()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

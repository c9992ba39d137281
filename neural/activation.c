/* Names of activations. */
#include "neural/kernels_private.h"
#include <string.h>

const char *const ActivationNames[ACTIVATIONS] = {"none", "gelu", "relu", "silu", "tanh", "sigmoid"};

PetscBool ActivationFind(const char name[], Activation *activation)
{
  for (int k = 0; k < ACTIVATIONS; ++k)
    if (!strcmp(name, ActivationNames[k])) {
      *activation = (Activation)k;
      return PETSC_TRUE;
    }
  return PETSC_FALSE;
}

#ifndef SINEW_TESTS_NEURAL_MMPDE_RANDOM_H
#define SINEW_TESTS_NEURAL_MMPDE_RANDOM_H
/* Small seeded random networks of MM-PDE, with a mover that moves nodes a little, or folds the mesh. */
#include <string.h>

#include "io/random.h"
#include "neural/mmpde.h"
#include "tests/harness.h"

static inline SinewMmpdeModel random_mmpde_model(PetscInt fields)
{
  return (SinewMmpdeModel){.fields = fields,
                           .hidden = 12,
                           .layers = 2,
                           .kernel = {4, 2, 1},
                           .channels = {3, 2},
                           .weights = {16, 8},
                           .cut = {2, 4, 2},
                           .neighbours = 8,
                           .interpolation = 6,
                           .mover_field = fields - 1,
                           .output_scale = 0.1,
                           .time_scale = 2,
                           .moving = PETSC_TRUE,
                           .share = 0.7,
                           .power = 0.5,
                           .smoothing = 0.03};
}

/* strength: about the largest displacement; 0.01 is harmless, 10 folds */
static inline SinewDMM random_mover(PetscInt size, double strength)
{
  SinewDMM mover;
  SinewArray a;

  check_call(SinewDMMCreateEmpty(size, 10, 6, 5, 8, &mover));
  for (PetscInt i = 0;; i++) {
    PetscInt64 count = 1, fan = 1;

    check_call(SinewDMMGetParameter(mover, i, &a));
    if (!a.name) break;
    for (int k = 0; k < a.rank; k++) count *= a.shape[k];
    for (int k = 1; k < a.rank; k++) fan *= a.shape[k];
    for (PetscInt64 k = 0; k < count; k++)
      ((double *)a.data)[k] = (2 * SinewUniform(11, i, k) - 1) / sqrt((double)fan) * (strstr(a.name, "trunk") ? 4 : 1) *
                              (strstr(a.name, "out_nn.layers.1") ? strength : 1);
  }
  check_call(SinewDMMCollapse(mover));
  return mover;
}

static inline void store_mover(SinewDMM mover, SinewFile file, const char group[])
{
  char name[128];
  SinewArray a;

  for (PetscInt i = 0;; i++) {
    check_call(SinewDMMGetParameter(mover, i, &a));
    if (!a.name) break;
    snprintf(name, sizeof(name), "%s/%s", group, a.name);
    a.name = name;
    check_call(SinewFileWrite(file, &a));
  }
}

/* Initial values with batch norms that have seen something. */
static inline void random_parameters(SinewMmpde m, SinewDtype dtype)
{
  const SinewParameter *p;
  PetscInt count;

  check_call(SinewMmpdeInitialize(m, 4));
  check_call(SinewMmpdeGetParameters(m, &count, &p));
  for (PetscInt k = 0; k < count; k++)
    for (size_t i = 0; strstr(p[k].name, "running_") && i < p[k].size; i++) {
      const double value = (strstr(p[k].name, "var") ? 0.6 : -0.2) + 0.4 * SinewUniform(12, k, (PetscInt64)i);

      if (dtype == SINEW_FLOAT32)
        ((float *)p[k].value)[i] = (float)value;
      else
        ((double *)p[k].value)[i] = value;
    }
}

#endif

#include "solvers/steppers/integrating_factor_kernels.h"

#define ROW 256 /* complex numbers that stay in the first-level cache from level to level */

void SinewIFFactors(PetscInt n, PetscReal h, const PetscReal D[], PetscReal factor[])
{
  for (PetscInt i = 0; i < n; i++) factor[i] = PetscExpReal(h * D[i]);
}

static void multiply(PetscInt n, const PetscReal E[], PetscReal v[])
{
  for (PetscInt i = 0; i < n; i++) {
    v[2 * i] *= E[i];
    v[2 * i + 1] *= E[i];
  }
}

static void add(PetscInt n, PetscReal factor, const PetscReal N[], PetscReal v[])
{
  for (PetscInt i = 0; i < n; i++) v[i] += factor * N[i];
}

void SinewIFCombine(const SinewIFTerms *terms, PetscInt first, PetscInt n, const PetscReal E[], const PetscReal v[],
                    PetscReal out[])
{
  for (PetscInt begin = 0; begin < n; begin += ROW) {
    const PetscInt count = PetscMin(ROW, n - begin), at = 2 * (first + begin);
    PetscReal *to = out + at;
    PetscInt term = 0;

    for (PetscInt i = 0; i < 2 * count; i++) to[i] = v[at + i];
    for (PetscInt level = 0; level <= terms->levels; level++) {
      if (level && E) multiply(count, E + begin, to);
      for (; term < terms->count && terms->level[term] == level; term++)
        add(2 * count, terms->factor[term], terms->N[term] + at, to);
    }
  }
}

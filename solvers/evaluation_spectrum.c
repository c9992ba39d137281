/* Spectra of frames: squares of Fourier or cosine modes, summed over rings of one wavenumber. */
#include "solvers/evaluation_private.h"
#include <fftw3.h>
#include <math.h>

double *EvaluateRings(Evaluation *e, PetscInt which, PetscInt side, PetscInt component)
{
  return e->spectrum + ((2 * which + side) * e->shape.components + component) * e->rings;
}

static void add(Evaluation *e, double ky, double kx, double power, double rings[])
{
  const PetscInt ring = (PetscInt)floor(sqrt(ky * ky + kx * kx) + 0.5);

  if (ring < e->rings) rings[ring] += power / (double)e->trajectories;
}

/* Real to complex: modes with 0 < kx < nx / 2 stand for two. */
static void fourier(Evaluation *e, double map[], double rings[])
{
  const PetscInt ny = e->shape.ny, nx = e->shape.nx, half = nx / 2 + 1;
  const double scale = 1 / ((double)ny * (double)nx);
  fftw_complex *modes = fftw_alloc_complex((size_t)(ny * half));
  fftw_plan plan = fftw_plan_dft_r2c_2d((int)ny, (int)nx, map, modes, FFTW_ESTIMATE);

  fftw_execute(plan);
  for (PetscInt j = 0; j < ny; j++) {
    for (PetscInt i = 0; i < half; i++) {
      const double *mode = (const double *)&modes[j * half + i]; /* whether complex.h is known or not */
      const double re = mode[0] * scale, im = mode[1] * scale;
      const double weight = i == 0 || 2 * i == nx ? 1 : 2;

      add(e, (double)(2 * j > ny ? j - ny : j), (double)i, weight * (re * re + im * im), rings);
    }
  }
  fftw_destroy_plan(plan);
  fftw_free(modes);
}

/* Cosines of half waves, so that no wall looks like a jump; scaled so that the sum is the mean square. */
static void cosine(Evaluation *e, double map[], double rings[])
{
  const PetscInt ny = e->shape.ny, nx = e->shape.nx;
  const double scale = 1 / (4 * (double)ny * (double)nx);
  fftw_plan plan = fftw_plan_r2r_2d((int)ny, (int)nx, map, map, FFTW_REDFT10, FFTW_REDFT10, FFTW_ESTIMATE);

  fftw_execute(plan);
  for (PetscInt j = 0; j < ny; j++) {
    for (PetscInt i = 0; i < nx; i++) {
      const double mode = map[j * nx + i] * scale, weight = (j ? 2 : 1) * (i ? 2 : 1);

      add(e, (double)j, (double)i, weight * mode * mode, rings);
    }
  }
  fftw_destroy_plan(plan);
}

PetscErrorCode EvaluateSpectrum(Evaluation *e, PetscInt trajectory, PetscInt which, const double truth[],
                                const double predicted[])
{
  const PetscMPIInt root = (PetscMPIInt)(trajectory % e->size);
  const double *const frame[2] = {truth, predicted};
  double *map;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)(e->shape.ny * e->shape.nx), &map));
  for (PetscInt side = 0; side < 2; side++) {
    for (PetscInt c = 0; c < e->shape.components; c++) {
      PetscCall(EvaluateWholeMaps(e->comm, root, 1, e->box, frame[side] + (size_t)c * e->plane, e->shape.ny,
                                  e->shape.nx, map));
      if (e->rank != root) continue;
      if (e->periodic)
        fourier(e, map, EvaluateRings(e, which, side, c));
      else
        cosine(e, map, EvaluateRings(e, which, side, c));
    }
  }
  PetscCall(PetscFree(map));
  PetscFunctionReturn(PETSC_SUCCESS);
}

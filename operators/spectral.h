#ifndef SINEW_OPERATORS_SPECTRAL_H
#define SINEW_OPERATORS_SPECTRAL_H
/*
  Fourier transforms of real fields on a periodic, uniform grid of two or three dimensions, between slabs of cells
  (slab.h) and the modes that are kept:

    u(x_j) = sum_k  modes[k] exp(i k.x_j),   |m_d| <= K_d,  k_d = 2 pi m_d / L_d,   x measured from the first cell

  Only modes within the box |m_d| <= K_d exist, K_d the largest integer below keep n_d / 2: two thirds make products of
  two fields free of aliasing (Orszag 1971), 1 keeps all but the Nyquist modes. What is not kept is neither transformed
  along the remaining axes nor sent: with two thirds kept the columns are two thirds, and so is the message.

  A transform is FFTW's along each axis, and between the last two a transposition by FFTW-MPI: one all-to-all, since the
  modes stay transposed (cut along x in 2D, along y in 3D). Of real fields the half m_x >= 0 is stored.

  Transforms are planned without timing (FFTW_ESTIMATE), so that every run does the same arithmetic and a restart
  continues with the same bits; only the transpositions, which compute nothing, are chosen by the clock. Results on
  different numbers of ranks agree to rounding. Memory: about three slabs beside the caller's.
*/
#include "slab.h"

#include <complex.h>

typedef struct _p_SinewSpectral *SinewSpectral;

/* The modes of a rank: count[0] x count[1] rows of count[2] modes that lie side by side. */
typedef struct {
  PetscInt count[3];
  PetscInt axis[3];         /* of space, that each of the three runs along */
  const PetscReal *wave[3]; /* k along it */
  PetscInt modes;           /* count[0] * count[1] * count[2] */
  PetscInt zero;            /* place of k = 0 on the rank that has it; -1 elsewhere */
} SinewModes;

/* Collective. The grid must be periodic and uniform, its components those of vectors for the slab. keep: the fraction
   of wavenumbers of each axis, 2/3 against aliasing, 1 for all. The grid must outlive it. */
PETSC_EXTERN PetscErrorCode SinewSpectralCreate(SinewGrid grid, PetscInt components, PetscReal keep,
                                                SinewSpectral *spectral);
PETSC_EXTERN PetscErrorCode SinewSpectralDestroy(SinewSpectral *spectral);
PETSC_EXTERN SinewSlab SinewSpectralGetSlab(SinewSpectral spectral);
PETSC_EXTERN const SinewModes *SinewSpectralGetModes(SinewSpectral spectral);
/* Cells of a slab to modes and back. Arrays come from PetscMalloc (aligned) and may not
   overlap; the input is left alone. Collective. */
PETSC_EXTERN PetscErrorCode SinewSpectralForward(SinewSpectral spectral, const PetscReal values[],
                                                 PetscComplex modes[]);
PETSC_EXTERN PetscErrorCode SinewSpectralInverse(SinewSpectral spectral, const PetscComplex modes[],
                                                 PetscReal values[]);
/* The wavenumbers of row r of the modes, one array an axis of space (zeros for z in 2D), each count[2] long. Not
 * collective. */
PETSC_EXTERN void SinewSpectralRow(SinewSpectral spectral, PetscInt r, PetscReal *const k[3]);

#endif

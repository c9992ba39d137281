#ifndef SINEW_OPERATORS_FINITE_VOLUME_KERNELS_H
#define SINEW_OPERATORS_FINITE_VOLUME_KERNELS_H
/* Row loops of the finite-volume driver; private to it. Elementwise, compiled without contraction.
 */
#include "operators/finite_volume.h"

/* Interlaced cells to rows and back. */
void RowsFromCells(PetscInt components, PetscInt n, const PetscReal cells[], PetscReal *const rows[]);
void CellsFromRows(PetscInt components, PetscInt n, const PetscReal *const rows[], PetscReal cells[]);
/* r = minus the divergence of fluxes through the lower and the upper faces of the cells along x, y and z (y and z: NULL
   where there is no such axis). Summed in this order. */
void RowDivergence(PetscInt n, const PetscReal *const x[2], const PetscReal inverse_dx[], const PetscReal *const y[2],
                   PetscReal inverse_dy, const PetscReal *const z[2], PetscReal inverse_dz, PetscReal r[]);
/* out = a A + b U + c r over n interlaced values, never -0; zero factors skip their operand */
void RowCombine(PetscInt n, PetscReal a, const PetscReal A[], PetscReal b, const PetscReal U[], PetscReal c,
                const PetscReal r[], PetscReal out[]);
/* keep[i] = 0 where a face value is not above least; elsewhere left alone */
void RowKeepAbove(PetscInt n, PetscReal least, const PetscReal lower[], const PetscReal upper[], PetscReal keep[]);
/* face values fall back to the cell's own where keep is 0 */
void RowFallBack(PetscInt n, const PetscReal keep[], const PetscReal q[], PetscReal lower[], PetscReal upper[]);
void RowProduct(PetscInt n, const PetscReal a[], const PetscReal b[], PetscReal out[]);
void RowDifference(PetscInt n, const PetscReal a[], const PetscReal b[], PetscReal out[]);
void RowAdd(PetscInt n, const PetscReal a[], PetscReal out[]);
void RowMean(PetscInt n, const PetscReal a[], const PetscReal b[], PetscReal out[]);
/* gradient along the faces' normal, and across it from the four neighbours of the face */
void RowNormalGradient(PetscInt n, const PetscReal l[], const PetscReal r[], PetscInt stride, const PetscReal inverse[],
                       PetscReal g[]);
void RowTransverseGradient(PetscInt n, const PetscReal l[], const PetscReal r[], PetscInt offset, PetscInt stride,
                           const PetscReal inverse[], PetscReal g[]);
/* largest rate, NaN when a rate or an admissibility is */
PetscReal RowMaximum(PetscInt n, const PetscReal rate[], PetscReal maximum);
/* rate = the larger of a rate and b other; NaN where one is */
void RowLarger(PetscInt n, PetscReal a, PetscReal b, const PetscReal other[], PetscReal rate[]);
/* rate = NaN where w is NaN or infinite */
void RowSpoilNaN(PetscInt n, const PetscReal w[], PetscReal rate[]);
/* rate = NaN where w is not above least */
void RowSpoil(PetscInt n, PetscReal least, const PetscReal w[], PetscReal rate[]);

#endif

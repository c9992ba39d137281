#ifndef SINEW_OPERATORS_FINITE_VOLUME_KERNELS_H
#define SINEW_OPERATORS_FINITE_VOLUME_KERNELS_H
/* Row loops of the finite-volume driver; private to it. Elementwise, compiled without contraction.
 */
#include "operators/finite_volume.h"

/* Interlaced cells to rows and back. */
void RowsFromCells(PetscInt components, PetscInt n, const PetscReal cells[], PetscReal *const rows[]);
void CellsFromRows(PetscInt components, PetscInt n, const PetscReal *const rows[], PetscReal cells[]);
/* r = minus the divergence of fluxes of which x[i] passes the lower and x[i + 1] the upper face of cell i; y and z
   (NULL where there is no such axis) hold the fluxes through the lower and the upper faces of the row. Summed in this
   order. */
void RowDivergence(PetscInt n, const PetscReal x[], const PetscReal inverse_dx[], const PetscReal *const y[2],
                   PetscReal inverse_dy, const PetscReal *const z[2], PetscReal inverse_dz, PetscReal r[]);
/* out = a A + b U + c r over n interlaced values, never -0; zero factors skip their operand */
void RowCombine(PetscInt n, PetscReal a, const PetscReal A[], PetscReal b, const PetscReal U[], PetscReal c,
                const PetscReal r[], PetscReal out[]);
/* keep[i] = 0 where a face value of a positive primitive is not; elsewhere left alone */
void RowKeepPositive(PetscInt n, const PetscReal lower[], const PetscReal upper[], PetscReal keep[]);
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
/* rate = NaN where w is NaN or infinite */
void RowSpoilNaN(PetscInt n, const PetscReal w[], PetscReal rate[]);
/* rate = NaN where w is not positive */
void RowSpoil(PetscInt n, const PetscReal w[], PetscReal rate[]);

#endif

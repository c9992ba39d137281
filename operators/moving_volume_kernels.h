#ifndef SINEW_OPERATORS_MOVING_VOLUME_KERNELS_H
#define SINEW_OPERATORS_MOVING_VOLUME_KERNELS_H
/*
  Row loops of finite volumes on moving meshes; private to them. Elementwise, compiled without contraction.

  With A the step between the centres of the cells on both sides of a face and e, f the face's mean edges (S = e x f, so
  that in two dimensions S and e are one), a gradient whose differences along A, e, f are given is

      grad u = (delta_A S + delta_e (f x A) + delta_f (A x e)) / (A . S).
*/
#include <petscsys.h>

/* The three (2D: two) vectors by which differences are multiplied, as rows metric[axis of the difference][component].
   S: the faces' area vectors; lower, upper: centres on both sides. */
void MovingMetric2D(PetscInt axis, PetscInt n, const PetscReal *const S[3], const PetscReal *const lower[3],
                    const PetscReal *const upper[3], PetscReal *const metric[3][3]);
/* x0, x1: nodes at both ends of the step, from the faces' lowest ones on; stride: of nodes. */
void MovingMetric3D(PetscInt axis, PetscInt n, const PetscReal *const S[3], const PetscReal *const lower[3],
                    const PetscReal *const upper[3], const PetscReal *const x0[3], const PetscReal *const x1[3],
                    const PetscInt stride[3], PetscReal *const metric[3][3]);
/* Gradients at faces of values of the cells on both sides, l and r, and of their neighbours across. */
void MovingGradient(PetscInt dim, PetscInt axis, PetscInt n, const PetscReal l[], const PetscReal r[],
                    const PetscInt stride[3], PetscReal *const metric[3][3], PetscReal *const gradient[3]);
/* S times these vectors: what the differences count for in S . grad u. */
void MovingConductances(PetscInt dim, PetscInt n, const PetscReal *const S[3], PetscReal *const metric[3][3],
                        PetscReal *const conductance[3]);
/* f -= nu S . grad u, given the conductances of differences along each axis */
void MovingConduct(PetscInt dim, PetscInt axis, PetscInt n, PetscReal nu, const PetscReal l[], const PetscReal r[],
                   const PetscInt stride[3], const PetscReal *const conductance[3], PetscReal f[]);
/* out += factor a b */
void MovingAddProduct(PetscInt n, PetscReal factor, const PetscReal a[], const PetscReal b[], PetscReal out[]);
/* f -= (swept (ul + ur) + max(one, other) (ur - ul)) / 2 */
void MovingRusanov(PetscInt n, const PetscReal swept[], const PetscReal one[], const PetscReal other[],
                   const PetscReal ul[], const PetscReal ur[], PetscReal f[]);
/* J = (a + fraction (b - a)) scale */
void MovingVolume(PetscInt n, PetscReal fraction, PetscReal scale, const PetscReal a[], const PetscReal b[],
                  PetscReal J[]);
/* interlaced averages to contents and back; to may be from */
void MovingContents(PetscInt components, PetscInt n, const PetscReal J[], const PetscReal from[], PetscReal to[]);
void MovingAverages(PetscInt components, PetscInt n, const PetscReal J[], const PetscReal from[], PetscReal to[]);
/* Means over the two faces of cells: area vectors, swept volumes, |area| over volume. */
void MovingCellFaces(PetscInt dim, PetscInt n, const PetscReal *const S[3], PetscInt next, const PetscReal swept[],
                     const PetscReal inverse_volume[], PetscReal *const area[3], PetscReal mean[],
                     PetscReal thickness[]);
/* rate += 2 D thickness^2 */
void MovingDiffusiveRate(PetscInt n, const PetscReal D[], const PetscReal thickness[], PetscReal rate[]);
/* out = factor a; out = factor / a */
void MovingScale(PetscInt n, PetscReal factor, const PetscReal a[], PetscReal out[]);
void MovingInvert(PetscInt n, PetscReal factor, const PetscReal a[], PetscReal out[]);

#endif

#ifndef SINEW_NEURAL_DMM_H
#define SINEW_NEURAL_DMM_H
/*
  Data-free Mesh Mover (DMM, array mode): a network that looks at a field u on s x s uniform nodes of the unit square
  and gives a displacement potential phi(xi; u), so that x = xi + grad phi is a mesh for u. Serial, double precision.

  Network (names of parameters as in the original's state_dict)
    branch   a0 = tanh conv(u), 5 x 5, 1 -> 8 channels, stride 2;  a1 = tanh conv(a0), 8 -> 16;
             a2 = tanh(a0 + conv(a1)), 16 -> 8;  a3 = tanh conv(a2), 8 -> 1, stride 2;  zero padding of 2 everywhere;
             b = fc3 tanh(fc2 a3)                       branch.layers.{0..3}, branch.fc2, branch.fc3
    trunk    t = W1 tanh(W0 xi + b0) + b1               trunk.layers.{0,1}
    decoder  phi = w2 . tanh([Wb | Wt] [b, t] + bo) + b2 out_nn.layers.{0,1}

  The trunk ends and the decoder begins without an activation, so that with A = Wt W1 and c(u) = Wb b + Wt b1 + bo,

    phi = w2 . tanh(A z + c(u)) + b2,   z = tanh(W0 xi + b0),

  exactly: the field enters as one vector c(u) of biases, computed once a field (SinewDMMField), and a point costs a
  thirtieth of the original's operations. Derivatives in closed form, with dz = 1 - z^2, h = tanh(A z + c),
  g = (1 - h^2) w2, s = A^T g, q = -2 h g:

    phi_a  = sum_j s_j dz_j W0_ja
    phi_ab = sum_k q_k (A (dz W0_a))_k (A (dz W0_b))_k - 2 sum_j z_j dz_j s_j W0_ja W0_jb.

  Walls. The original only penalises motion through the sides of the square. With SinewDMMSetWalls (attribute `walls` =
  1 of the group in a file) the trunk sees cos(pi xi_a) in place of xi_a, so that phi is even in every side's normal:
  nodes slide on sides and corners stay, exactly, whatever the parameters are. Derivatives follow by the chain rule.

  Coordinates: xi_0 = x belongs to the *last* axis of u, xi_1 = y to the first (u[iy][ix]).

  Life-cycle: Create from a file of weights, Field for every field, Evaluate at any points, Destroy. Memory: the weights
  (1.2 million numbers for s = 48) and a block of 64 points. All ranks hold all of it; only Create is collective.
*/
#include "../io/arrays.h"

typedef struct _p_SinewDMM *SinewDMM;

/* Reads the parameters below `group` ("/weights") of a file, whose shapes say how large the network is. Raises
   SINEW_ERR_INPUT, with one line, where a parameter is missing or does not fit the others. Collective. */
PETSC_EXTERN PetscErrorCode SinewDMMCreate(SinewFile file, const char group[], SinewDMM *dmm);
/*
  SinewDMMCreateEmpty - the network for fields of size x size nodes with trunk and decoder of given widths, all
  parameters zero: for tests and for training. trunk, features, hidden: units of trunk.layers.0, trunk.layers.1 (and of
  fc3), and out_nn.layers.0; dense: units of fc2. Not collective.
*/
PETSC_EXTERN PetscErrorCode SinewDMMCreateEmpty(PetscInt size, PetscInt dense, PetscInt features, PetscInt trunk,
                                                PetscInt hidden, SinewDMM *dmm);
PETSC_EXTERN PetscErrorCode SinewDMMDestroy(SinewDMM *dmm);

/* The i-th parameter: name, shape and where it is (may be written; call SinewDMMCollapse afterwards); *array.name is
   NULL beyond the last. */
PETSC_EXTERN PetscErrorCode SinewDMMGetParameter(SinewDMM dmm, PetscInt i, SinewArray *array);
/* A = Wt W1 and what else evaluations need of the parameters. */
PETSC_EXTERN PetscErrorCode SinewDMMCollapse(SinewDMM dmm);
/* A file of weights fits fields of four sizes and is taken for the largest (48 of 45 to 48): says which it is. Raises
   SINEW_ERR_INPUT for a size that does not fit. */
PETSC_EXTERN PetscErrorCode SinewDMMSetSize(SinewDMM dmm, PetscInt size);
/* See above; SinewDMMCreate does as the file says. */
PETSC_EXTERN PetscErrorCode SinewDMMSetWalls(SinewDMM dmm, PetscBool walls);
PETSC_EXTERN PetscBool SinewDMMWalls(SinewDMM dmm);
/* Nodes along a side of the fields, length of c, length of b. */
PETSC_EXTERN PetscInt SinewDMMSize(SinewDMM dmm);
PETSC_EXTERN PetscInt SinewDMMHidden(SinewDMM dmm);
PETSC_EXTERN PetscInt SinewDMMFeatures(SinewDMM dmm);

/* c(u) [hidden] of a field u [size][size]; branch [features], if not NULL, receives b. */
PETSC_EXTERN PetscErrorCode SinewDMMField(SinewDMM dmm, const double u[], double c[], double branch[]);
/* phi at n points xi [n][2]; gradient (rows phi_x, phi_y) and hessian (rows phi_xx, phi_xy, phi_yy), of n each, may be
   NULL. */
PETSC_EXTERN PetscErrorCode SinewDMMEvaluate(SinewDMM dmm, const double c[], PetscInt n, const double xi[],
                                             double phi[], double *const gradient[2], double *const hessian[3]);

#endif

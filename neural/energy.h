#ifndef SINEW_NEURAL_ENERGY_H
#define SINEW_NEURAL_ENERGY_H
/*
  Energies that are no sum of squares: min over w of E(w), for some hundred to some thousand weights, replicated, and
  points spread over the ranks. Sums of squares can be had by neural/least_squares.h too.

  NEWTON     damped steps (J'J + mu D) d = -g with the convex part of the Hessian, a metric that is handed in as rows:
             for point networks the generalised Gauss-Newton matrix (Schraudolph 2002, Neural Computation 14). mu by the
             gain ratio and geodesic acceleration as in least_squares.h, of which this is the generalisation:
             (J'J + mu D) a = -J' e'' u'' for the second derivative u'' of the jets along d. The work-horse
  NEWTON_CG  the exact Hessian, multiplied with vectors only, in a trust region (PETSc's TAONTR with Steihaug's
             conjugate gradients, 1983, SIAM J. Numer. Anal. 20); J'J + mu D, at the damping given, is the norm of the
             region and the preconditioner: some three to ten products a step where there would be thousands without.
             Where networks are over-determined by nothing, as they are, the Hessian is slightly indefinite everywhere:
             regions shrink to its scale and are opened again as long as that gains. It creeps where NEWTON does not
             (a block under traction, 114 weights: 1.5e-7 of the energy left after 28 steps and 3e-8 where it ends;
             NEWTON 3e-10)

  Steps to where the energy is not a number are refused. A solve ends when the decrement, the root of
  g' (J'J + mu D)^-1 g, is at most `tolerance` times the root of the size of the energy, the sum of all absolute values
  ("residual"), when a step lowers the energy by no more than tolerance^2 or stagnation^2 times that size
  ("stagnation"), after `iterations` steps, or when no damping up to damping_most helps ("damping"). Of the other
  options of least squares damping, damping_least, acceleration (NEWTON) and krylov_iterations (NEWTON_CG) count;
  PETSc's options with prefix -insr_newton_ (as -insr_newton_tao_monitor) for NEWTON_CG too.

  All ranks do the same with the same numbers: sums are those of least_squares.h, with the same bits on 1, 2, 4 ranks,
  and what a rank solves by itself is taken from rank 0. Communication of a step: the metric's P^2/2 numbers, and P for
  every product with the Hessian and every gradient.
*/
#include "least_squares.h"

typedef struct {
  void *ctx;
  /* This rank's points of one part (of the metric's parts); none is collective. */
  PetscErrorCode (*energy)(void *ctx, const PetscReal w[], PetscInt part, PetscReal sum[2]); /* of e, of |e| */
  PetscErrorCode (*linearise)(void *ctx, const PetscReal w[]); /* at all points; the two below are for that w */
  PetscErrorCode (*gradient)(void *ctx, const PetscReal w[], PetscInt part, PetscReal g[]); /* += */
  PetscErrorCode (*curvature)(void *ctx, const PetscReal w[], const PetscReal v[], PetscInt part,
                              PetscReal h[]); /* += */
  /* J' e'' u'' along d */
  PetscErrorCode (*bend)(void *ctx, const PetscReal w[], const PetscReal d[], PetscInt part, PetscReal g[]); /* += */
} SinewEnergyProblem;

/*
  SinewEnergyMinimise - from the guess [n] of least energy (NULL: none; w may be one of them) to a minimum, w. The
  metric's solver is NORMAL, the method NEWTON_CG or else NEWTON. *best is the guess's number, or -1, and w untouched,
  when no guess has an energy that is a number. report->first and ->residual are decrements, ->krylov counts products
  with the Hessian, ->damping is to be passed on. Collective.
*/
PETSC_EXTERN PetscErrorCode SinewEnergyMinimise(SinewLeastSquares metric, const SinewEnergyProblem *problem,
                                                SinewLeastSquaresSolver method, PetscInt n,
                                                const PetscReal *const guess[], PetscReal w[], PetscInt *best,
                                                SinewLeastSquaresReport *report);

/* SinewEnergyValue - E(w) and the sum of the absolute values over all ranks. SinewEnergyProducts - its gradient and,
   unless v is NULL, its Hessian times v. Collective; for tests and reports. */
PETSC_EXTERN PetscErrorCode SinewEnergyValue(SinewLeastSquares metric, const SinewEnergyProblem *problem,
                                             const PetscReal w[], PetscReal sum[2]);
PETSC_EXTERN PetscErrorCode SinewEnergyProducts(SinewLeastSquares metric, const SinewEnergyProblem *problem,
                                                const PetscReal w[], const PetscReal v[], PetscReal g[], PetscReal h[]);

#endif

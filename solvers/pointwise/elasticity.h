#ifndef SINEW_SOLVERS_POINTWISE_ELASTICITY_H
#define SINEW_SOLVERS_POINTWISE_ELASTICITY_H
/*
  Elastic bodies at points: energies of a displacement D(X), q = X + D, F = grad q, their derivatives, and a time step
  as least squares. Source: Chen et al. 2023 (arXiv 2210.00124), section 5.3, and the code released with it.

  A step is the minimum over q of the incremental potential, an integral over the body at rest,

    density/2 |q - q*|^2 / dt^2 + W(F) - f . (q - q_old) + contact/2 depth(q)^2,   q* = q_old + dt v_old

  and, over its surface, - traction . D, whose stationary point is implicit Euler: density (v - v_old) / dt = div P + f,
  P N = traction, first order, dissipative; density 0 is equilibrium. Forces and tractions are dead: per volume and area
  at rest, they do not turn with the body. They end after force_end.

  Materials W (per volume at rest)
    ARAP         arap |F - R|^2 + volume (det F - 1)^2, as rigid as possible: R the nearest rotation. Small strains:
                 Lame's mu = arap, lambda = 2 volume. Finite and pulled back where an element is inverted
    NEO_HOOKEAN  mu/2 (|F|^2 - dim - 2 ln det F) + lambda/2 (ln det F)^2; not a number where det F <= 0
    LINEAR       mu |e|^2 + lambda/2 (tr e)^2, e = sym F - 1: small strains and rotations

  Least squares. All of these are sums of squares, which Levenberg-Marquardt takes as rows: sqrt(W) = |G(T)| for the
  stretch T (deformation.h), with G = s - 1 for ARAP and sign(s - 1) sqrt(s^2 - 1 - 2 ln s), which is smooth, for the
  Neo-Hookean solid; a force moves q* by dt^2 f / density. A force without density and traction, a force on the surface,
  have no such form: then there is the potential alone, with first and second derivatives, which Newton's method takes
  (neural/energy.h), and with them it can be had for all bodies.

  Contact with planes, spheres and boxes that do not move is by the depth of penetration, in the body's volume and, per
  area, on its surface. Faces of the box, or patches of a shape, are held where `condition` says so, by clamp
  |D - target|^2 per area.

  original: the sums and signs of the released code instead, in SinewElasticityEnergy alone (no rows): singular values
  without sign, so that inside out counts as volume; a contact force contact (h - q_d) e_d of planes x_d = h, or
  contact (q - c) of spheres, which grows towards their surface, and the work of that force on q - q_old is the energy.
*/
#include "../../meshes/simplices.h"
#include "../../neural/pointwise.h"

#define SINEW_OBSTACLES_MAX 8
#define SINEW_CLAMPS_MAX    5

typedef enum { SINEW_OBSTACLE_PLANE, SINEW_OBSTACLE_SPHERE, SINEW_OBSTACLE_BOX } SinewObstacleKind;
typedef struct {
  SinewObstacleKind kind;
  PetscReal point[3];  /* of the plane; centre of the others */
  PetscReal normal[3]; /* of the plane, out of the obstacle, of length one */
  PetscReal radius, half[3];
} SinewObstacle;

/* How deep q is inside, negative outside (of a box: at least by that much), and unless NULL the gradient. */
PETSC_EXTERN PetscReal SinewObstacleDepth(const SinewObstacle *obstacle, PetscInt dim, const PetscReal q[],
                                          PetscReal gradient[]);

/* H [dim][dim] += factor times the depth's second derivative by q. */
PETSC_EXTERN void SinewObstacleCurvature(const SinewObstacle *obstacle, PetscInt dim, const PetscReal q[],
                                         PetscReal factor, PetscReal H[]);

typedef enum { SINEW_ELASTIC_ARAP, SINEW_ELASTIC_NEO_HOOKEAN, SINEW_ELASTIC_LINEAR } SinewElasticMaterial;

/* Which components a point of a face is held in, and where (displacements). */
typedef PetscErrorCode SinewElasticCondition(const void *ctx, PetscInt face, const PetscReal x[3], PetscReal t,
                                             PetscBool held[3], PetscReal target[3]);

typedef struct {
  PetscInt dim;
  SinewElasticMaterial material;
  PetscReal arap, volume, mu, lambda;
  PetscReal density;
  SinewPointFunction *force; /* [dim] per volume; NULL: none */
  const void *force_ctx;
  SinewPointFunction *traction; /* [dim] per area, on what is not held; NULL: none */
  const void *traction_ctx;
  PetscReal force_end;      /* of both */
  PetscReal contact, clamp; /* stiffness of obstacles and of held faces */
  PetscInt obstacles;
  SinewObstacle obstacle[SINEW_OBSTACLES_MAX];
  SinewElasticCondition *condition; /* NULL: all faces are free */
  const void *condition_ctx;
  PetscBool bounded[6], held[6];    /* faces that are there (not periodic), that `condition` holds somewhere */
  PetscReal extent[3];              /* of the box */
  const SinewSimplices *shape;      /* the body inside of it; NULL: the box itself. Not owned */
  PetscInt clamps;                  /* of the shape: patch k < clamps of its surface is face k of `condition`, */
  const SinewSimplicesPatch *patch; /* [clamps + 1] the last is the rest, which is free. Not owned */
  SinewPointFunction *velocity;     /* [dim], at the start; NULL: rest */
  const void *velocity_ctx;
  PetscBool original;
} SinewElasticity;

/* Terms of the energy, for masks. STRAIN and VOLUME are the two parts of W. */
enum {
  SINEW_ELASTIC_STRAIN = 1,
  SINEW_ELASTIC_VOLUME = 2,
  SINEW_ELASTIC_INERTIA = 4,
  SINEW_ELASTIC_LOAD = 8,
  SINEW_ELASTIC_CONTACT = 16
};

/*
  SinewElasticityEnergy - energy [n] of the chosen terms at points with jets of order GRADIENT, and unless NULL its
  derivative by the jets, de [dim][channels][n], and the second one, d2e [dim channels][dim channels][n] (both set where
  they are not zero; no second derivatives of the released code's).
*/
PETSC_EXTERN PetscErrorCode SinewElasticityEnergy(const SinewElasticity *body, int terms, const SinewPoints *at,
                                                  const SinewPointStep *step, PetscReal energy[], PetscReal de[],
                                                  PetscReal d2e[]);

/* SinewPointwiseElasticity - the body as an equation for the scheme VARIATIONAL; SinewPointwiseDestroy frees it. */
PETSC_EXTERN PetscErrorCode SinewPointwiseElasticity(const SinewElasticity *body, SinewPointwise **equation);

#endif

// RANKS 1 2 4
/* Poisson's equation and the projection: order of convergence, compatibility, what a projection leaves alone. */
#include "io/error.h"
#include "operators/projection.h"
#include "tests/harness.h"

/* A monotone map of [0, 1] that keeps its ends. */
static PetscErrorCode stretch(void *context, PetscInt axis, PetscInt n, const PetscReal s[], PetscReal x[])
{
  (void)context;
  (void)axis;
  for (PetscInt i = 0; i < n; i++) x[i] = s[i] + 0.1 * sin(2 * PETSC_PI * s[i]) / (2 * PETSC_PI);
  return PETSC_SUCCESS;
}

typedef struct {
  const char *name;
  PetscInt dim;
  PetscBool periodic[3], stretched;
  SinewPoissonSide side; /* of the axes that are not periodic */
} Box;

static const Box boxes[] = {
    {"1D, fixed", 1, {PETSC_FALSE}, PETSC_FALSE, SINEW_POISSON_DIRICHLET},
    {"2D, periodic", 2, {PETSC_TRUE, PETSC_TRUE}, PETSC_FALSE, SINEW_POISSON_NEUMANN},
    {"2D, walls, stretched", 2, {PETSC_FALSE, PETSC_FALSE}, PETSC_TRUE, SINEW_POISSON_NEUMANN},
    {"2D, fixed along y", 2, {PETSC_TRUE, PETSC_FALSE}, PETSC_FALSE, SINEW_POISSON_DIRICHLET},
    {"3D, walls along z", 3, {PETSC_TRUE, PETSC_TRUE, PETSC_FALSE}, PETSC_FALSE, SINEW_POISSON_NEUMANN},
};
#define BOXES ((int)(sizeof(boxes) / sizeof(boxes[0])))

static SinewGrid grid_of(const Box *b, PetscInt cells)
{
  SinewGridOptions o = {.dim = b->dim, .ghosts = 1, .map = stretch};
  SinewGrid grid;

  for (PetscInt d = 0; d < b->dim; d++) {
    o.cells[d] = cells + 2 * d;
    o.upper[d] = 1;
    o.periodic[d] = b->periodic[d];
    o.mapped[d] = b->stretched;
  }
  check_call(SinewGridCreate(PETSC_COMM_WORLD, &o, 1, &grid));
  return grid;
}

/* A factor of the solution along one axis that suits its sides, and its second derivative over itself. */
static double factor(const Box *b, PetscInt d, double x)
{
  if (b->periodic[d]) return sin(2 * PETSC_PI * x + 0.3);
  return b->side == SINEW_POISSON_DIRICHLET ? sin(PETSC_PI * x) : cos(PETSC_PI * x);
}

static double eigenvalue(const Box *b, PetscInt d)
{
  return b->periodic[d] ? -4 * PETSC_PI * PETSC_PI : -PETSC_PI * PETSC_PI;
}

/* u and its Laplacian at this rank's cells. */
static void fill(const Box *b, SinewGrid grid, Vec u, Vec f)
{
  const SinewAxis *a[3] = {SinewGridAxis(grid, 0), SinewGridAxis(grid, 1), SinewGridAxis(grid, 2)};
  PetscReal *pu, *pf, lambda = 0;

  for (PetscInt d = 0; d < b->dim; d++) lambda += eigenvalue(b, d);
  check_call(VecGetArray(u, &pu));
  check_call(VecGetArray(f, &pf));
  for (PetscInt n = 0; n < a[0]->count * a[1]->count * a[2]->count; n++) {
    const PetscInt at[3] = {n % a[0]->count, n / a[0]->count % a[1]->count, n / a[0]->count / a[1]->count};

    pu[n] = 1;
    for (PetscInt d = 0; d < b->dim; d++) pu[n] *= factor(b, d, a[d]->center[at[d] + a[d]->ghosts]);
    pf[n] = lambda * pu[n];
  }
  check_call(VecRestoreArray(u, &pu));
  check_call(VecRestoreArray(f, &pf));
}

static double error_of(const Box *b, PetscInt cells, PetscInt *iterations)
{
  const SinewPoissonSide side[6] = {b->side, b->side, b->side, b->side, b->side, b->side};
  SinewGrid grid = grid_of(b, cells);
  SinewPoisson poisson;
  PetscReal error;
  Vec u, f, exact;
  DM dm;

  check_call(SinewPoissonCreate(grid, side, &poisson));
  check_call(SinewPoissonGetDM(poisson, &dm));
  check_call(DMCreateGlobalVector(dm, &u));
  check_call(VecDuplicate(u, &f));
  check_call(VecDuplicate(u, &exact));
  fill(b, grid, exact, f);
  check_call(SinewPoissonSolve(poisson, f, u, iterations));
  check_call(VecAXPY(u, -1, exact));
  check_call(VecNorm(u, NORM_INFINITY, &error));
  check_call(VecDestroy(&u));
  check_call(VecDestroy(&f));
  check_call(VecDestroy(&exact));
  check_call(SinewPoissonDestroy(&poisson));
  check_call(SinewGridDestroy(&grid));
  return error;
}

static void solutions_are_of_second_order(void **state)
{
  (void)state;
  for (int k = 0; k < BOXES; k++) {
    const PetscInt cells = boxes[k].dim == 3 ? 12 : 24;
    PetscInt iterations;
    const double coarse = error_of(&boxes[k], cells, &iterations), fine = error_of(&boxes[k], 2 * cells, &iterations);
    const double order = log2(coarse / fine);

    print_message("  %-22s error %.2e, %.2e: order %.2f, %d iterations\n", boxes[k].name, coarse, fine, order,
                  (int)iterations);
    check_all(order > 1.85 && order < 2.4);
    check_all(iterations < 40);
  }
}

/* Without a side that fixes u, a source with a mean has no solution; the mean is taken out, u has none. */
static void means_are_taken_out(void **state)
{
  SinewGrid grid = grid_of(&boxes[2], 24);
  SinewPoisson poisson;
  PetscReal norm, sum;
  Vec u, v, f;
  DM dm;

  (void)state;
  check_call(SinewPoissonCreate(grid, NULL, &poisson));
  check_call(SinewPoissonGetDM(poisson, &dm));
  check_call(DMCreateGlobalVector(dm, &u));
  check_call(VecDuplicate(u, &v));
  check_call(VecDuplicate(u, &f));
  fill(&boxes[2], grid, v, f);
  check_call(SinewPoissonSolve(poisson, f, u, NULL));
  fill(&boxes[2], grid, v, f);
  check_call(VecShift(f, 3));
  check_call(SinewPoissonSolve(poisson, f, v, NULL));
  check_call(VecAXPY(v, -1, u));
  check_call(VecNorm(v, NORM_INFINITY, &norm));
  check_close(norm, 0, 1e-9);
  check_call(VecSet(f, 0));
  check_call(SinewPoissonSolve(poisson, f, v, NULL));
  check_call(VecNorm(v, NORM_INFINITY, &sum));
  check_close(sum, 0, 1e-14);
  check_call(VecDestroy(&u));
  check_call(VecDestroy(&v));
  check_call(VecDestroy(&f));
  check_call(SinewPoissonDestroy(&poisson));
  check_call(SinewGridDestroy(&grid));
}

/* ---- projection ---- */

/* A velocity at the places that `place` says: the swirl of a stream function, plus `share` of a gradient. */
static void set_velocity(SinewGrid grid, SinewVelocityPlace place, double share, Vec v)
{
  const SinewAxis *x = SinewGridAxis(grid, 0), *y = SinewGridAxis(grid, 1);
  const double k = PETSC_PI * (x->periodic ? 2 : 1);
  PetscReal *p;

  check_call(VecGetArray(v, &p));
  for (PetscInt j = 0; j < y->count; j++)
    for (PetscInt i = 0; i < x->count; i++)
      for (PetscInt d = 0; d < 2; d++) {
        const PetscBool face = (PetscBool)(place == SINEW_VELOCITY_FACES);
        const double a = k * (face && d == 0 ? x->face[i + x->ghosts] : x->center[i + x->ghosts]),
                     b = k * (face && d == 1 ? y->face[j + y->ghosts] : y->center[j + y->ghosts]);

        /* stream function sin a sin b, potential cos a cos b: no flow through walls of the unit square */
        p[2 * (j * x->count + i) + d] =
            d == 0 ? sin(a) * cos(b) - share * sin(a) * cos(b) : -cos(a) * sin(b) - share * cos(a) * sin(b);
      }
  check_call(VecRestoreArray(v, &p));
}

typedef struct {
  double error, before, after, again; /* against the swirl; largest divergences; what a second projection changes */
} Projected;

static Projected project(const Box *b, SinewVelocityPlace place, PetscInt cells)
{
  SinewGrid grid = grid_of(b, cells);
  SinewProjection projection;
  Projected r;
  Vec v, swirl;
  DM dm;

  check_call(SinewProjectionCreate(grid, place, &projection));
  check_call(SinewProjectionGetDM(projection, &dm));
  check_call(DMCreateGlobalVector(dm, &v));
  check_call(VecDuplicate(v, &swirl));
  set_velocity(grid, place, 0, swirl);
  set_velocity(grid, place, 0.5, v);
  check_call(SinewProjectionDivergence(projection, v, &r.before));
  check_call(SinewProjectionApply(projection, v));
  check_call(SinewProjectionDivergence(projection, v, &r.after));
  check_call(VecAXPY(swirl, -1, v));
  check_call(VecNorm(swirl, NORM_INFINITY, &r.error));
  check_call(VecCopy(v, swirl));
  check_call(SinewProjectionApply(projection, v));
  check_call(VecAXPY(swirl, -1, v));
  check_call(VecNorm(swirl, NORM_INFINITY, &r.again));
  check_call(VecDestroy(&v));
  check_call(VecDestroy(&swirl));
  check_call(SinewProjectionDestroy(&projection));
  check_call(SinewGridDestroy(&grid));
  return r;
}

static void gradients_are_projected_away(void **state)
{
  (void)state;
  for (int k = 1; k <= 2; k++)
    for (int place = 0; place < 2; place++) {
      const SinewVelocityPlace at = place ? SINEW_VELOCITY_FACES : SINEW_VELOCITY_CENTERS;
      const Projected coarse = project(&boxes[k], at, 24), fine = project(&boxes[k], at, 48);

      print_message("  %-22s %-7s divergence %.1e to %.1e, again %.1e, error %.1e, %.1e: order %.2f\n", boxes[k].name,
                    place ? "faces" : "centers", fine.before, fine.after, fine.again, coarse.error, fine.error,
                    log2(coarse.error / fine.error));
      check_all(fine.before > 1);
      check_all(log2(coarse.error / fine.error) > 1.8);
      if (place) {
        check_all(fine.after < 1e-8);
        check_all(fine.again < 1e-9);
      } else
        check_all(log2(coarse.after / fine.after) > 1.8);
    }
}

SINEW_TEST_MAIN(cmocka_unit_test(solutions_are_of_second_order), cmocka_unit_test(means_are_taken_out),
                cmocka_unit_test(gradients_are_projected_away))

// RANKS 1 2 4
/* Values between cell centres: polynomials of degree five are exact on any axis, smooth fields converge with order six,
   and every rank may ask for points of every other. */
#include "neural/sampling.h"
#include "operators/interpolation.h"
#include "tests/harness.h"

#define POINTS 40

typedef PetscReal Function(const PetscReal x[3], PetscInt c);

static PetscReal polynomial(const PetscReal x[3], PetscInt c)
{
  PetscReal value = 1 + (PetscReal)c;

  for (int d = 0; d < 3; d++)
    value *= 1 + x[d] - 0.5 * PetscPowRealInt(x[d], 3) + (c ? 0.3 : -0.2) * PetscPowRealInt(x[d], 5);
  return value;
}

static PetscReal waves(const PetscReal x[3], PetscInt c)
{
  return PetscSinReal(2 * PETSC_PI * x[0] + 0.3) * PetscCosReal(2 * PETSC_PI * (x[1] - x[2])) + (PetscReal)c;
}

static PetscErrorCode stretch(void *context, PetscInt axis, PetscInt n, const PetscReal s[], PetscReal x[])
{
  (void)context, (void)axis;
  for (PetscInt i = 0; i < n; i++) x[i] = s[i] + 0.1 * PetscSinReal(2 * PETSC_PI * s[i]);
  return PETSC_SUCCESS;
}

/* Largest error of two components at points all over the domain, other ones on every rank. */
static PetscReal error_of(PetscInt dim, PetscInt cells, PetscBool periodic, PetscBool stretched, Function *function)
{
  const PetscReal lower[3] = {0, 0, 0}, upper[3] = {1, 1, 1};
  SinewGridOptions o = {.dim = dim, .ghosts = 1, .map = stretch};
  PetscReal *u, value[2 * POINTS], x[3 * POINTS], largest = 0;
  PetscMPIInt rank, size;
  SinewInterpolation it;
  SinewGrid grid;
  PetscInt n;
  Vec U;
  DM dm;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  n = rank == size - 1 && size > 1 ? 0 : POINTS / PetscMin(size, 2); /* one rank asks for nothing */
  for (PetscInt d = 0; d < dim; d++) {
    o.cells[d] = cells + d;
    o.upper[d] = 1;
    o.periodic[d] = periodic;
    o.mapped[d] = stretched;
  }
  check_call(SinewGridCreate(PETSC_COMM_WORLD, &o, 1, &grid));
  check_call(SinewGridCreateDM(grid, 2, 0, &dm));
  check_call(DMCreateGlobalVector(dm, &U));
  check_call(VecGetArrayWrite(U, &u));
  for (PetscInt k = 0, i = 0; k < SinewGridAxis(grid, 2)->count; k++) {
    for (PetscInt j = 0; j < SinewGridAxis(grid, 1)->count; j++) {
      for (PetscInt l = 0; l < SinewGridAxis(grid, 0)->count; l++) {
        const PetscInt at[3] = {l, j, k};
        PetscReal center[3] = {0, 0, 0};

        for (PetscInt d = 0; d < dim; d++) center[d] = SinewGridAxis(grid, d)->center[at[d] + 1];
        u[i++] = (*function)(center, 0);
        u[i++] = (*function)(center, 1);
      }
    }
  }
  check_call(VecRestoreArrayWrite(U, &u));
  check_call(SinewInterpolationCreate(grid, 2, &it));
  check_call(SinewInterpolationSetField(it, U));
  check_call(SinewSamplePoints(SINEW_SAMPLE_UNIFORM, 7, 0, dim, lower, upper, POINTS, 0, n, x));
  if (periodic && n) x[0] += 2; /* an image */
  check_call(SinewInterpolationEvaluate(it, n, x, value));
  for (PetscInt p = 0; p < n; p++) {
    PetscReal at[3] = {0, 0, 0};

    check_call(PetscArraycpy(at, x + p * dim, dim));
    for (PetscInt c = 0; c < 2; c++) largest = PetscMax(largest, PetscAbsReal(value[2 * p + c] - (*function)(at, c)));
  }
  MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD);
  check_call(SinewInterpolationDestroy(&it));
  check_call(VecDestroy(&U));
  check_call(DMDestroy(&dm));
  check_call(SinewGridDestroy(&grid));
  return largest;
}

static void polynomials_are_exact(void **state)
{
  (void)state;
  for (PetscInt dim = 1; dim <= 3; dim++) {
    for (int stretched = 0; stretched < 2; stretched++)
      check_close(error_of(dim, 12, PETSC_FALSE, (PetscBool)stretched, polynomial), 0, 1e-12);
  }
}

static void smooth_fields_converge_with_order_six(void **state)
{
  (void)state;
  for (PetscInt dim = 1; dim <= 2; dim++) {
    for (int stretched = 0; stretched < 2; stretched++) {
      const PetscReal coarse = error_of(dim, 24, PETSC_TRUE, (PetscBool)stretched, waves),
                      fine = error_of(dim, 96, PETSC_TRUE, (PetscBool)stretched, waves);

      print_message("  %dD%s: %.2e %.2e\n", (int)dim, stretched ? " stretched" : "", (double)coarse, (double)fine);
      assert_true(coarse < 5e-5 && coarse / fine > 2000 && coarse / fine < 9000); /* 4^6 = 4096 */
    }
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(polynomials_are_exact), cmocka_unit_test(smooth_fields_converge_with_order_six))

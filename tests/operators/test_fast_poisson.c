// RANKS 1 2 4
/* The direct solver inverts the stencil to rounding, whatever the sides and the boxes. */
#include "operators/fast_poisson.h"
#include "tests/harness.h"

#define N SINEW_FAST_NEUMANN
#define D SINEW_FAST_DIRICHLET

static const struct {
  PetscInt dim, cells[3];
  PetscBool periodic[3];
  SinewFastSide side[6];
} cases[] = {
    {2, {16, 20, 1}, {PETSC_FALSE, PETSC_FALSE}, {N, N, N, N}},
    {2, {13, 18, 1}, {PETSC_TRUE, PETSC_FALSE}, {N, N, N, N}},
    {2, {12, 11, 1}, {PETSC_FALSE, PETSC_FALSE}, {D, D, N, D}},
    {2, {14, 10, 1}, {PETSC_FALSE, PETSC_TRUE}, {D, N, N, N}},
    {2, {15, 12, 1}, {PETSC_TRUE, PETSC_TRUE}, {N, N, N, N}},
    {3, {8, 10, 12}, {PETSC_FALSE, PETSC_TRUE, PETSC_FALSE}, {N, N, N, N, N, N}},
    {3, {9, 7, 11}, {PETSC_FALSE, PETSC_FALSE, PETSC_FALSE}, {N, D, D, N, D, D}},
};

/* f = lap_h u with ghosts by the sides' parity; u at random, with mean zero where nothing fixes it. */
static void the_stencil_is_inverted(void **state)
{
  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    SinewGridOptions o = {.dim = cases[k].dim, .upper = {2, 3, 5}, .ghosts = 1};
    PetscBool fixed = PETSC_FALSE;
    PetscReal difference, largest;
    SinewFastPoisson p;
    SinewGrid grid;
    Vec u, f, v, local;
    PetscRandom random;
    DM dm;

    for (int d = 0; d < o.dim; d++) {
      o.cells[d] = cases[k].cells[d];
      o.periodic[d] = cases[k].periodic[d];
      for (int s = 0; s < 2; s++) {
        if (!o.periodic[d] && cases[k].side[2 * d + s] == D) fixed = PETSC_TRUE;
      }
    }
    check_call(SinewGridCreate(PETSC_COMM_WORLD, &o, 1, &grid));
    check_call(SinewGridCreateDM(grid, 1, 1, &dm));
    check_call(DMCreateGlobalVector(dm, &u));
    check_call(VecDuplicate(u, &f));
    check_call(VecDuplicate(u, &v));
    check_call(PetscRandomCreate(PETSC_COMM_WORLD, &random));
    check_call(VecSetRandom(u, random));
    check_call(PetscRandomDestroy(&random));
    if (!fixed) {
      PetscScalar sum;

      check_call(VecSum(u, &sum));
      check_call(VecShift(u, -sum / (o.cells[0] * o.cells[1] * (o.dim == 3 ? o.cells[2] : 1))));
    }
    check_call(DMCreateLocalVector(dm, &local));
    check_call(DMGlobalToLocal(dm, u, INSERT_VALUES, local));
    check_call(VecZeroEntries(f));
    {
      const SinewAxis *a[3] = {SinewGridAxis(grid, 0), SinewGridAxis(grid, 1), SinewGridAxis(grid, 2)};
      const PetscInt size[3] = {a[0]->count + 2, a[1]->count + 2, o.dim == 3 ? a[2]->count + 2 : 1};
      const PetscInt stride[3] = {1, size[0], size[0] * size[1]};
      const PetscReal *w;
      PetscReal *out;

      check_call(VecGetArrayRead(local, &w));
      check_call(VecGetArray(f, &out));
      for (PetscInt n = 0; n < a[0]->count * a[1]->count * a[2]->count; n++) {
        const PetscInt at[3] = {n % a[0]->count, n / a[0]->count % a[1]->count, n / a[0]->count / a[1]->count};
        const PetscInt here = at[0] + 1 + (at[1] + 1) * stride[1] + (o.dim == 3 ? (at[2] + 1) * stride[2] : 0);

        for (int d = 0; d < o.dim; d++) {
          double below = w[here - stride[d]], above = w[here + stride[d]];

          if (!o.periodic[d] && a[d]->start + at[d] == 0) below = cases[k].side[2 * d] == N ? w[here] : -w[here];
          if (!o.periodic[d] && a[d]->start + at[d] == o.cells[d] - 1)
            above = cases[k].side[2 * d + 1] == N ? w[here] : -w[here];
          out[n] += (below - 2 * w[here] + above) * a[d]->inverse[0] * a[d]->inverse[0];
        }
      }
      check_call(VecRestoreArray(f, &out));
      check_call(VecRestoreArrayRead(local, &w));
    }
    check_call(SinewFastPoissonCreate(grid, cases[k].side, &p));
    check_call(SinewFastPoissonSolve(p, f, v));
    check_call(VecAXPY(v, -1, u));
    check_call(VecNorm(v, NORM_INFINITY, &difference));
    check_call(VecNorm(u, NORM_INFINITY, &largest));
    check_close(difference / largest, 0, 2e-13);
    check_call(SinewFastPoissonDestroy(&p));
    check_call(VecDestroy(&local));
    check_call(VecDestroy(&u));
    check_call(VecDestroy(&f));
    check_call(VecDestroy(&v));
    check_call(DMDestroy(&dm));
    check_call(SinewGridDestroy(&grid));
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(the_stencil_is_inverted))

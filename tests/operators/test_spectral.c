// RANKS 1 2 4
/* Slabs and Fourier transforms: exact round trips, exact derivatives, on boxes that are slabs and on boxes that are
 * not.
 */
#include "operators/spectral.h"
#include "tests/harness.h"

typedef struct {
  PetscInt dim, cells[3];
  PetscReal keep;
  PetscBool slabs; /* cut the grid as slabs */
} Case;

static const Case cases[] = {{2, {24, 20, 1}, 2. / 3, PETSC_TRUE},  {2, {21, 27, 1}, 2. / 3, PETSC_FALSE},
                             {2, {16, 18, 1}, 1, PETSC_FALSE},      {3, {12, 10, 16}, 2. / 3, PETSC_TRUE},
                             {3, {9, 14, 11}, 2. / 3, PETSC_FALSE}, {3, {8, 6, 10}, 1, PETSC_FALSE}};

typedef struct {
  const Case *c;
  SinewGrid grid;
  SinewSpectral s;
  const SinewModes *m;
  const SinewSlabBlock *block;
  PetscReal *a, *b;
  PetscComplex *modes;
} Set;

static Set begin(const Case *c)
{
  SinewGridOptions o = {.dim = c->dim, .upper = {2, 3, 5}, .ghosts = 1};
  Set t = {.c = c};

  for (int d = 0; d < c->dim; d++) {
    o.cells[d] = c->cells[d];
    o.periodic[d] = PETSC_TRUE;
  }
  if (c->slabs) check_call(SinewSlabRanks(PETSC_COMM_WORLD, &o, 1, o.ranks));
  check_call(SinewGridCreate(PETSC_COMM_WORLD, &o, 2, &t.grid));
  check_call(SinewSpectralCreate(t.grid, 2, c->keep, &t.s));
  t.m = SinewSpectralGetModes(t.s);
  t.block = SinewSlabGetBlock(SinewSpectralGetSlab(t.s));
  check_call(PetscMalloc3(t.block->cells + 1, &t.a, t.block->cells + 1, &t.b, t.m->modes + 1, &t.modes));
  return t;
}

static void end(Set *t)
{
  check_call(PetscFree3(t->a, t->b, t->modes));
  check_call(SinewSpectralDestroy(&t->s));
  check_call(SinewGridDestroy(&t->grid));
}

/* Global index of cell n of the slab. */
static void place(const Set *t, PetscInt n, PetscInt cell[3])
{
  const PetscInt *N = t->c->cells;

  cell[0] = n % N[0];
  cell[1] = n / N[0] % (t->c->dim == 2 ? t->block->count : N[1]) + (t->c->dim == 2 ? t->block->start : 0);
  cell[2] = t->c->dim == 2 ? 0 : n / N[0] / N[1] + t->block->start;
}

static double value_at(const PetscInt cell[3], int c)
{
  return cell[0] + 100.0 * cell[1] + 10000.0 * cell[2] + 0.5 * c;
}

static void slabs_hold_the_cells_of_the_grid(void **state)
{
  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    Set t = begin(&cases[k]);
    PetscReal *values[2] = {t.a, t.b}, difference;
    const SinewAxis *x = SinewGridAxis(t.grid, 0), *y = SinewGridAxis(t.grid, 1), *z = SinewGridAxis(t.grid, 2);
    PetscScalar *u;
    PetscBool same = PETSC_TRUE;
    DM dm;
    Vec U, V;

    check_call(SinewGridGetDM(t.grid, &dm));
    check_call(DMCreateGlobalVector(dm, &U));
    check_call(VecDuplicate(U, &V));
    check_call(VecGetArray(U, &u));
    for (PetscInt n = 0; n < x->count * y->count * z->count; n++) {
      const PetscInt cell[3] = {x->start + n % x->count, y->start + n / x->count % y->count,
                                z->start + n / x->count / y->count};

      for (int c = 0; c < 2; c++) u[2 * n + c] = value_at(cell, c);
    }
    check_call(VecRestoreArray(U, &u));
    check_call(SinewSlabLoad(SinewSpectralGetSlab(t.s), U, values));
    for (PetscInt n = 0; n < t.block->cells; n++) {
      PetscInt cell[3];

      place(&t, n, cell);
      if (t.a[n] != value_at(cell, 0) || t.b[n] != value_at(cell, 1)) same = PETSC_FALSE;
    }
    check_all(same);
    check_call(SinewSlabStore(SinewSpectralGetSlab(t.s), (const PetscReal *const *)values, V));
    check_call(VecAXPY(V, -1, U));
    check_call(VecNorm(V, NORM_INFINITY, &difference));
    check_close(difference, 0, 0);
    check_call(VecDestroy(&U));
    check_call(VecDestroy(&V));
    end(&t);
  }
}

/* A sum of waves at the edge of what is kept, with its derivatives. */
static double wave(const Set *t, const PetscInt cell[3], int derivative)
{
  double sum = 0;

  for (int w = 0; w < 4; w++) {
    double phase = 0.3 + w, factor = 1 + 0.25 * w;
    const double length[3] = {2, 3, 5};

    for (int d = 0; d < t->c->dim; d++) {
      const int K = (int)ceil(t->c->keep * t->c->cells[d] / 2 - 1e-9) - 1;
      const double m = w == 0 ? K : w == 1 ? -K : w == 2 ? (d == 0) : (d == 1 ? -2 : 1);

      phase += 2 * PETSC_PI * m * cell[d] / t->c->cells[d];
      if (d == derivative) factor *= 2 * PETSC_PI * m / length[d];
    }
    sum += factor * (derivative < 0 ? cos(phase) : -sin(phase));
  }
  return sum;
}

static void derivatives_are_exact(void **state)
{
  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    Set t = begin(&cases[k]);

    for (int derivative = -1; derivative < t.c->dim; derivative++) {
      double worst = 0;
      PetscInt cell[3];

      for (PetscInt n = 0; n < t.block->cells; n++) {
        place(&t, n, cell);
        t.a[n] = wave(&t, cell, -1);
      }
      check_call(SinewSpectralForward(t.s, t.a, t.modes));
      for (PetscInt r = 0; r < t.m->count[0] * t.m->count[1] && derivative >= 0; r++) {
        PetscReal row[3][64], *const wavenumber[3] = {row[0], row[1], row[2]};

        SinewSpectralRow(t.s, r, wavenumber);
        for (PetscInt i = 0; i < t.m->count[2]; i++)
          t.modes[r * t.m->count[2] + i] *= PETSC_i * wavenumber[derivative][i];
      }
      check_call(SinewSpectralInverse(t.s, t.modes, t.b));
      for (PetscInt n = 0; n < t.block->cells; n++) {
        place(&t, n, cell);
        worst = fmax(worst, fabs(t.b[n] - wave(&t, cell, derivative)));
      }
      check_close(worst, 0, 2e-12);
    }
    end(&t);
  }
}

/* The mode k = 0 is the mean, on one rank alone; what is beyond the kept modes vanishes. */
static void high_waves_vanish(void **state)
{
  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    Set t = begin(&cases[k]);
    const int K = (int)ceil(t.c->keep * t.c->cells[1] / 2 - 1e-9) - 1;
    double worst = 0, mean = 0;
    int owners = t.m->zero >= 0;

    for (PetscInt n = 0; n < t.block->cells; n++) {
      PetscInt cell[3];

      place(&t, n, cell);
      t.a[n] = 7 + (2 * (K + 1) <= t.c->cells[1] ? cos(2 * PETSC_PI * (K + 1) * cell[1] / t.c->cells[1]) : 0);
    }
    check_call(SinewSpectralForward(t.s, t.a, t.modes));
    if (t.m->zero >= 0) mean = creal(t.modes[t.m->zero]);
    check_call(SinewSpectralInverse(t.s, t.modes, t.b));
    for (PetscInt n = 0; n < t.block->cells; n++) worst = fmax(worst, fabs(t.b[n] - 7));
    check_close(worst, 0, 1e-13);
    MPI_Allreduce(MPI_IN_PLACE, &owners, 1, MPI_INT, MPI_SUM, PETSC_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, &mean, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
    assert_int_equal(owners, 1);
    check_close(mean, 7, 1e-14);
    end(&t);
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(slabs_hold_the_cells_of_the_grid), cmocka_unit_test(derivatives_are_exact),
                cmocka_unit_test(high_waves_vanish))

// RANKS 1 2 4
/* Grids: boxes on multiples of the alignment, exact extents, ghosts of periodic axes, clear refusals. */
#include "io/error.h"
#include "meshes/grid.h"
#include "tests/harness.h"

static PetscErrorCode squeeze(void *context, PetscInt axis, PetscInt n, const PetscReal s[], PetscReal x[])
{
  (void)context;
  (void)axis;
  for (PetscInt i = 0; i < n; i++) x[i] = s[i] * s[i];
  return PETSC_SUCCESS;
}

static void stretched_axis(void **state)
{
  SinewGridOptions o = {.dim = 2,
                        .cells = {16, 24},
                        .lower = {0, 0},
                        .upper = {1, 1},
                        .periodic = {PETSC_TRUE, PETSC_FALSE},
                        .ghosts = 2,
                        .map = squeeze,
                        .mapped = {PETSC_FALSE, PETSC_TRUE}};
  SinewGrid g;

  (void)state;
  check_call(SinewGridCreate(PETSC_COMM_WORLD, &o, 1, &g));
  const SinewAxis *y = SinewGridAxis(g, 1);

  for (PetscInt j = -2; j < y->count + 2; j++) {
    const PetscInt global = y->start + j;
    const PetscReal s = (PetscReal)global / 24;
    const PetscReal exact = global < 0 ? -s * s : global > 24 ? 2 - (2 - s) * (2 - s) : s * s;

    assert_true(fabs(y->face[j + 2] - exact) < 1e-15);
    assert_true(y->width[j + 2] > 0);
  }
  check_call(SinewGridDestroy(&g));
}

static void ghosts_are_periodic_images(void **state)
{
  SinewGridOptions o = {.dim = 3,
                        .cells = {8, 12, 16},
                        .upper = {1, 1, 1},
                        .periodic = {PETSC_TRUE, PETSC_TRUE, PETSC_TRUE},
                        .ghosts = 3};
  SinewGrid g;
  DM dm;
  Vec global, local;
  PetscReal *u;
  PetscInt bad = 0, n = 0;

  (void)state;
  check_call(SinewGridCreate(PETSC_COMM_WORLD, &o, 2, &g));
  check_call(SinewGridGetDM(g, &dm));
  const SinewAxis *x = SinewGridAxis(g, 0), *y = SinewGridAxis(g, 1), *z = SinewGridAxis(g, 2);

  check_call(DMCreateGlobalVector(dm, &global));
  check_call(DMCreateLocalVector(dm, &local));
  check_call(VecGetArray(global, &u));
  for (PetscInt k = z->start; k < z->start + z->count; k++)
    for (PetscInt j = y->start; j < y->start + y->count; j++)
      for (PetscInt i = x->start; i < x->start + x->count; i++, n += 2) {
        u[n] = (PetscReal)((k * 12 + j) * 8 + i);
        u[n + 1] = -u[n];
      }
  check_call(VecRestoreArray(global, &u));
  check_call(VecSet(local, 0.5));
  check_call(SinewGridGhostsBegin(g, global, local));
  check_call(SinewGridGhostsEnd(g, global, local));
  check_call(VecGetArray(local, &u));
  n = 0;
  for (PetscInt k = z->first; k < z->start + z->count + 3; k++)
    for (PetscInt j = y->first; j < y->start + y->count + 3; j++)
      for (PetscInt i = x->first; i < x->start + x->count + 3; i++, n += 2) {
        const PetscBool owned = (PetscBool)(k >= z->start && k < z->start + z->count && j >= y->start &&
                                            j < y->start + y->count && i >= x->start && i < x->start + x->count);
        const PetscReal image = (PetscReal)(((k + 16) % 16 * 12 + (j + 12) % 12) * 8 + (i + 8) % 8);

        if (u[n] != (owned ? 0.5 : image) || u[n + 1] != (owned ? 0.5 : -image)) bad++;
      }
  check_call(VecRestoreArray(local, &u));
  check_all(bad == 0);
  check_call(VecDestroy(&global));
  check_call(VecDestroy(&local));
  check_call(SinewGridDestroy(&g));
}

static void boxes_are_aligned(void **state)
{
  SinewGridOptions o = {
      .dim = 2, .cells = {96, 64}, .upper = {1, 1}, .periodic = {PETSC_TRUE, PETSC_TRUE}, .ghosts = 2, .align = 16};
  SinewGrid g;

  (void)state;
  check_call(SinewGridCreate(PETSC_COMM_WORLD, &o, 1, &g));
  for (int d = 0; d < 2; d++)
    check_all(SinewGridAxis(g, d)->start % 16 == 0 && SinewGridAxis(g, d)->count % 16 == 0 &&
              SinewGridAxis(g, d)->count > 0);
  check_call(SinewGridDestroy(&g));
}

/* Coarse blocks as long as they cut the grid evenly; finer ones where coarse boxes would be much larger than need be.
 */
static void alignment_gives_way_to_balance(void **state)
{
  static const struct {
    PetscInt cells[2], align[3]; /* on 1, 2 and 4 ranks */
  } want[] = {{{64, 64}, {16, 16, 16}}, {{48, 48}, {16, 8, 8}}, {{16, 16}, {16, 8, 8}}, {{112, 96}, {16, 16, 16}}};
  PetscMPIInt size;

  (void)state;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  for (size_t k = 0; k < sizeof(want) / sizeof(want[0]); k++) {
    SinewGridOptions o = {.dim = 2, .cells = {want[k].cells[0], want[k].cells[1]}, .upper = {1, 1}, .ghosts = 2};
    SinewGrid g;
    PetscInt align;

    check_call(SinewGridBestAlign(PETSC_COMM_WORLD, &o, 16, &align));
    check_all(align == want[k].align[size / 2]);
    o.align = align;
    check_call(SinewGridCreate(PETSC_COMM_WORLD, &o, 1, &g));
    for (int d = 0; d < 2; d++)
      check_all(SinewGridAxis(g, d)->start % align == 0 && SinewGridAxis(g, d)->count % align == 0);
    check_call(SinewGridDestroy(&g));
    check_call(SinewGridBestAlign(PETSC_COMM_WORLD, &o, 0, &align));
    check_all(align == 0);
  }
}

static PetscErrorCode silent(MPI_Comm comm, int line, const char *func, const char *file, PetscErrorCode code,
                             PetscErrorType type, const char *message, void *context)
{
  (void)comm, (void)line, (void)func, (void)file;
  if (type == PETSC_ERROR_INITIAL) strncpy((char *)context, message, 255);
  return code;
}

static void refusals(void **state)
{
  SinewGridOptions odd = {.dim = 1, .cells = {100}, .upper = {1}, .ghosts = 2, .align = 16},
                   tiny = {.dim = 1, .cells = {1}, .upper = {1}, .ghosts = 3};
  SinewGrid g;
  char message[256] = "", want[256];
  PetscMPIInt size;

  (void)state;
  PetscPushErrorHandler(silent, message);
  assert_int_equal(SinewGridCreate(PETSC_COMM_WORLD, &odd, 1, &g), SINEW_ERR_INPUT);
  assert_string_equal(message, "grid.cells: 100 cells along x; the stepper needs a multiple of 16: 96 or 112");
  assert_int_equal(SinewGridCreate(PETSC_COMM_WORLD, &tiny, 1, &g), SINEW_ERR_INPUT);
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  snprintf(
      want, sizeof(want),
      "grid.cells: 1 cells cannot be cut into %d boxes of at least 3 cells along each axis: use fewer ranks, or at "
      "least %d",
      size, 3 * size);
  assert_string_equal(message, want);
  PetscPopErrorHandler();
}

SINEW_TEST_MAIN(cmocka_unit_test(stretched_axis), cmocka_unit_test(ghosts_are_periodic_images),
                cmocka_unit_test(boxes_are_aligned), cmocka_unit_test(alignment_gives_way_to_balance),
                cmocka_unit_test(refusals))

// RANKS 1 2 4
// Finite volumes on moving meshes: free stream, conservation, exact gradients, a reference step.
#include "operators/moving_volume.h"

#include "tests/neural/golden.h"

static PetscReal viscosity = 0.004;
static PetscBool simple; /* diffusion as a Laplacian of its own, not by gradients */

/* ---- Burgers' equation in its plainest form ---- */

static void copy(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[])
{
  (void)context;
  memcpy(w[0], u[0], sizeof(PetscReal) * (size_t)n);
}

static void burgers_flux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                         PetscReal *const f[])
{
  (void)context;
  (void)row;
  for (PetscInt i = 0; i < n; i++) f[0][i] = 0.5 * w[0][i] * w[0][i];
}

static void unused_flux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
                        const PetscReal *const r[], PetscReal *const f[])
{
  (void)r;
  burgers_flux(context, row, n, l, f);
}

static void burgers_speed(const void *context, PetscInt n, const PetscReal *const w[], const PetscReal *const S[3],
                          const PetscReal swept[], PetscReal speed[])
{
  for (PetscInt i = 0; i < n; i++) speed[i] = fabs(w[0][i] * (S[0][i] + S[1][i] + (context ? S[2][i] : 0)) - swept[i]);
}

static void diffusion(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                      const PetscReal *const gradient[3][SINEW_COMPONENTS_MAX], PetscReal *const f[])
{
  (void)context;
  (void)w;
  for (PetscInt i = 0; i < n; i++) f[0][i] -= viscosity * gradient[row->axis][0][i];
}

static void diffusion_rate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                           PetscInt stride, const PetscReal inverse[], PetscReal rate[])
{
  (void)context;
  (void)row;
  (void)w;
  for (PetscInt i = 0; i < n; i++) rate[i] += 2 * viscosity * inverse[i * stride] * inverse[i * stride];
}

static const SinewFVKernels burgers = {.components = 1,
                                       .velocity = -1,
                                       .primitive = copy,
                                       .conserved = copy,
                                       .flux = unused_flux,
                                       .physical_flux = burgers_flux,
                                       .normal_speed = burgers_speed,
                                       .diffusive_flux = diffusion,
                                       .diffusive_rate = diffusion_rate};

/* ---- a mesh and fields on it ---- */

typedef struct {
  SinewGrid grid;
  SinewLattice *lattice;
  SinewGeometry *geometry;
  SinewMovingFV fv;
  SinewBoundary boundary;
  Vec Q, R;
} Case;

static Case new_case(PetscInt dim, PetscInt cells, PetscBool periodic)
{
  SinewGridOptions o = {.dim = dim, .upper = {1, 1, 1}, .ghosts = 2};
  SinewLatticeOptions lo = {.dim = dim, .upper = {1, 1, 1}};
  SinewBoundarySide side[6];
  SinewFVKernels kernels = burgers;
  Case c = {.boundary = NULL};
  DM dm;

  memset(side, 0, sizeof(side));
  for (int s = 0; s < 6; s++) {
    side[s].pieces = 1;
    side[s].piece[0].kind = SINEW_BOUNDARY_OUTFLOW;
  }
  for (PetscInt d = 0; d < dim; d++) {
    o.cells[d] = lo.cells[d] = cells;
    o.periodic[d] = lo.periodic[d] = periodic;
  }
  check_call(SinewGridCreate(PETSC_COMM_WORLD, &o, 1, &c.grid));
  check_call(SinewGridGetDM(c.grid, &dm));
  check_call(DMDAGetInfo(dm, NULL, NULL, NULL, NULL, &lo.ranks[0], &lo.ranks[1], &lo.ranks[2], NULL, NULL, NULL, NULL,
                         NULL, NULL));
  check_call(DMDAGetOwnershipRanges(dm, &lo.own[0], &lo.own[1], &lo.own[2]));
  check_call(SinewLatticeCreate(PETSC_COMM_WORLD, &lo, &c.lattice));
  check_call(SinewGeometryCreate(c.grid, c.lattice, &c.geometry));
  if (!periodic) check_call(SinewBoundaryCreate(c.grid, 1, -1, side, &c.boundary));
  kernels.context = dim > 2 ? &viscosity : NULL;
  kernels.laplacian = simple ? &viscosity : NULL;
  check_call(SinewMovingFVCreate(c.grid, &kernels, &SinewReconstructions[2], c.boundary, c.geometry, &c.fv));
  check_call(DMCreateGlobalVector(dm, &c.Q));
  check_call(VecDuplicate(c.Q, &c.R));
  return c;
}

static void free_case(Case *c)
{
  check_call(VecDestroy(&c->Q));
  check_call(VecDestroy(&c->R));
  check_call(SinewMovingFVDestroy(&c->fv));
  check_call(SinewGeometryDestroy(&c->geometry));
  check_call(SinewLatticeDestroy(&c->lattice));
  check_call(SinewBoundaryDestroy(&c->boundary));
  check_call(SinewGridDestroy(&c->grid));
}

/* In [-1, 1], by place and seed. */
static PetscReal noise(uint64_t key)
{
  key ^= key >> 31;
  key *= 0x9e3779b97f4a7c15ULL;
  key ^= key >> 29;
  key *= 0xbf58476d1ce4e5b9ULL;
  key ^= key >> 32;
  return (PetscReal)(key >> 11) * 0x1p-52 - 1;
}

/* Nodes at one end of the step: uniform ones moved at random, on walls along the walls; mirror images beyond them. */
static void shake(Case *c, int end, uint64_t seed, PetscReal size)
{
  SinewGeometry *g = c->geometry;
  PetscReal least;

  for (PetscInt k = 0; k < g->node[2]; k++)
    for (PetscInt j = 0; j < g->node[1]; j++)
      for (PetscInt i = 0; i < g->node[0]; i++) {
        const PetscInt local[3] = {i, j, k}, at = (k * g->node[1] + j) * g->node[0] + i;
        PetscInt n[3], sign[3] = {1, 1, 1};
        uint64_t key = seed;

        for (PetscInt d = 0; d < g->dim; d++) {
          const PetscInt cells = g->axis[d]->cells;

          n[d] = g->axis[d]->start + local[d] - 1;
          if (g->axis[d]->periodic) n[d] = (n[d] + cells) % cells;
          if (n[d] < 0 || n[d] > cells) sign[d] = -1;
          if (n[d] < 0) n[d] = -n[d];
          if (n[d] > cells) n[d] = 2 * cells - n[d];
          if (!g->axis[d]->periodic && (n[d] == 0 || n[d] == cells)) sign[d] = 0;
          key = key * 1000003u + (uint64_t)n[d] + 1;
        }
        for (PetscInt d = 0; d < g->dim; d++) {
          const PetscReal h = 1 / (PetscReal)g->axis[d]->cells;

          g->x[end][d][at] = h * (PetscReal)(g->axis[d]->start + local[d] - 1) +
                             size * h * (PetscReal)sign[d] * noise(key * 3 + (uint64_t)d);
        }
      }
  check_call(SinewGeometryMeasure(g, end, &least));
  assert_true(least > 0);
}

/* Heun's method through one step of the geometry. */
static void heun(Case *c, PetscReal t, PetscReal dt)
{
  Vec first;

  check_call(VecDuplicate(c->Q, &first));
  check_call(SinewGeometrySweep(c->geometry));
  check_call(SinewMovingFVSetStep(c->fv, t, dt));
  check_call(SinewMovingFVApply(c->fv, SINEW_FV_ALL, t, c->Q, 0, NULL, 1, dt, first, NULL));
  check_call(SinewMovingFVApply(c->fv, SINEW_FV_ALL, t + dt, first, 0.5, c->Q, 0.5, 0.5 * dt, c->R, NULL));
  check_call(VecCopy(c->R, c->Q));
  check_call(SinewGeometryAdvance(c->geometry));
  check_call(VecDestroy(&first));
}

/* Largest departure of u from 1 after steps of random motion, and drift of the sum of contents of another field. */
static void random_motion(PetscInt dim, PetscInt cells, PetscBool periodic, PetscInt steps)
{
  Case c = new_case(dim, cells, periodic);
  PetscReal least, most, before, after, *q;
  PetscInt n;

  shake(&c, 0, 1, 0.2);
  check_call(VecSet(c.Q, 1.5));
  check_call(SinewMovingFVScale(c.fv, 0, PETSC_TRUE, c.Q));
  for (PetscInt s = 0; s < steps; s++) {
    shake(&c, 1, (uint64_t)s + 2, 0.2);
    heun(&c, 1e-3 * (PetscReal)s, 1e-3);
  }
  check_call(SinewMovingFVScale(c.fv, 0, PETSC_FALSE, c.Q));
  check_call(VecMin(c.Q, NULL, &least));
  check_call(VecMax(c.Q, NULL, &most));
  print_message("%dD, %s: free stream within %.2g\n", (int)dim, periodic ? "periodic" : "box",
                PetscMax(most - 1.5, 1.5 - least));
  check_close(least, 1.5, 1e-13);
  check_close(most, 1.5, 1e-13);
  if (periodic) {
    check_call(VecGetLocalSize(c.Q, &n));
    check_call(VecGetArray(c.Q, &q));
    for (PetscInt i = 0; i < n; i++) q[i] = 1 + 0.5 * noise((uint64_t)i + 77);
    check_call(VecRestoreArray(c.Q, &q));
    check_call(SinewMovingFVScale(c.fv, 0, PETSC_TRUE, c.Q));
    check_call(VecSum(c.Q, &before));
    for (PetscInt s = 0; s < 10; s++) {
      shake(&c, 1, (uint64_t)s + 200, 0.2);
      heun(&c, 1e-3 * (PetscReal)s, 1e-3);
    }
    check_call(VecSum(c.Q, &after));
    check_close(after, before, 1e-13 * before);
  }
  free_case(&c);
}

static void free_stream(void **state)
{
  (void)state;
  random_motion(2, 16, PETSC_TRUE, 200);
  random_motion(2, 16, PETSC_FALSE, 200);
  random_motion(3, 8, PETSC_TRUE, 20);
  random_motion(3, 8, PETSC_FALSE, 20);
}

/* Volumes of 3D cells fill the domain, whatever their faces look like. */
static void volumes_fill_the_domain(void **state)
{
  Case c = new_case(3, 8, PETSC_FALSE);
  PetscReal sum = 0;

  (void)state;
  shake(&c, 0, 5, 0.25);
  for (PetscInt n = 0; n < c.geometry->count[0] * c.geometry->count[1] * c.geometry->count[2]; n++)
    sum += c.geometry->volume[0][n];
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  check_close(sum, 1, 1e-13);
  free_case(&c);
}

/* ---- the reference step ---- */

typedef struct {
  PetscInt cells;
  PetscReal dt, *x0[2], *x1[2], *u0, *u1, *A0, *A1;
} Reference;

/* The mesh at time s of [0, 1]: both ends at delta around it, so that mid-step is that time and speeds are the same. */
static void place_reference(Case *c, const Reference *r, PetscReal s, PetscReal delta)
{
  SinewGeometry *g = c->geometry;

  for (int end = 0; end < 2; end++)
    for (PetscInt j = 0; j < g->node[1]; j++)
      for (PetscInt i = 0; i < g->node[0]; i++) {
        const PetscInt n[2] = {g->axis[0]->start + i - 1, g->axis[1]->start + j - 1}, N = r->cells;
        const PetscInt at = ((n[0] + N) % N) * N + (n[1] + N) % N;

        for (int d = 0; d < 2; d++) {
          const PetscReal image = n[d] < 0 ? -1 : n[d] >= N ? 1 : 0, when = s + (end ? 0.5 : -0.5) * delta;

          g->x[end][d][j * g->node[0] + i] = image + r->x0[d][at] + when * (r->x1[d][at] - r->x0[d][at]);
        }
      }
  check_call(SinewGeometrySweep(g));
  check_call(SinewMovingFVSetStep(c->fv, 0, delta * r->dt));
}

/* Growth of each cell's volume a time, from the faces. */
static PetscReal growth(const Case *c, const Reference *r, PetscReal delta, PetscInt i, PetscInt j)
{
  const SinewGeometry *g = c->geometry;

  return (g->swept[0][SinewGeometryFace(g, i + 1, j, 0)] - g->swept[0][SinewGeometryFace(g, i, j, 0)] +
          g->swept[1][SinewGeometryFace(g, i, j + 1, 0)] - g->swept[1][SinewGeometryFace(g, i, j, 0)]) /
         (delta * r->dt);
}

/* A stage of SSP-RK3: contents and volumes advance alike. */
static void reference_stage(Case *c, const Reference *r, PetscReal s, PetscReal a, Vec Q0, const PetscReal V0[],
                            PetscReal V[])
{
  const PetscReal delta = 0.25;
  const PetscInt nx = c->geometry->count[0], n = nx * c->geometry->count[1];

  place_reference(c, r, s, delta);
  for (int end = 0; end < 2; end++) memcpy(c->geometry->volume[end], V, sizeof(PetscReal) * (size_t)n);
  check_call(SinewMovingFVApply(c->fv, SINEW_FV_ALL, 0, c->Q, a, Q0, 1 - a, (1 - a) * r->dt, c->R, NULL));
  check_call(VecCopy(c->R, c->Q));
  for (PetscInt p = 0; p < n; p++) V[p] = a * V0[p] + (1 - a) * (V[p] + r->dt * growth(c, r, delta, p % nx, p / nx));
}

static void compare_reference(Case *c, const Reference *r)
{
  const PetscInt nx = c->geometry->count[0], n = nx * c->geometry->count[1];
  PetscReal *V0 = malloc(sizeof(PetscReal) * (size_t)n), *V = malloc(sizeof(PetscReal) * (size_t)n), *q, worst = 0,
            area = 0, change = 0;
  Vec Q0;

  check_call(VecDuplicate(c->Q, &Q0));
  check_call(VecGetArray(c->Q, &q));
  for (PetscInt p = 0; p < n; p++) {
    const PetscInt at = (c->geometry->axis[0]->start + p % nx) * r->cells + c->geometry->axis[1]->start + p / nx;

    V[p] = V0[p] = r->A0[at];
    q[p] = r->u0[at] * r->A0[at] / c->geometry->cell;
  }
  check_call(VecRestoreArray(c->Q, &q));
  check_call(VecCopy(c->Q, Q0));
  reference_stage(c, r, 0, 0, Q0, V0, V);
  reference_stage(c, r, 1, 0.75, Q0, V0, V);
  reference_stage(c, r, 0.5, 1. / 3, Q0, V0, V);
  check_call(VecGetArray(c->Q, &q));
  for (PetscInt p = 0; p < n; p++) {
    const PetscInt at = (c->geometry->axis[0]->start + p % nx) * r->cells + c->geometry->axis[1]->start + p / nx;

    area = PetscMax(area, fabs(V[p] - r->A1[at]));
    worst = PetscMax(worst, fabs(q[p] * c->geometry->cell / V[p] - r->u1[at]));
    change = PetscMax(change, fabs(r->u0[at] - r->u1[at]));
  }
  check_call(VecRestoreArray(c->Q, &q));
  print_message("reference step: volumes within %.2g, u within %.2g, which changes by %.2g\n", area, worst, change);
  check_close(area, 0, 1e-15);
  check_close(worst, 0, 1e-13);
  golden_compared++;
  check_call(VecDestroy(&Q0));
  free(V0);
  free(V);
}

static void golden_file(const char *path)
{
  Reference r;
  SinewFile file;
  PetscInt n;
  PetscInt64 cells[1];
  Case c;

  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileReadInts(file, "/fv_rk3_20", "N", 1, &n, cells));
  check_call(SinewFileReadReals(file, "/fv_rk3_20", "dt", 1, &n, &r.dt));
  check_call(SinewFileReadReals(file, "/fv_rk3_20", "nu", 1, &n, &viscosity));
  r.cells = (PetscInt)cells[0];
  r.u0 = golden_array(file, "/fv_rk3_20/u0", NULL);
  r.u1 = golden_array(file, "/fv_rk3_20/u1", NULL);
  r.A0 = golden_array(file, "/fv_rk3_20/A0", NULL);
  r.A1 = golden_array(file, "/fv_rk3_20/A1", NULL);
  r.x0[0] = golden_array(file, "/fv_rk3_20/x0", NULL);
  r.x0[1] = golden_array(file, "/fv_rk3_20/y0", NULL);
  r.x1[0] = golden_array(file, "/fv_rk3_20/x1", NULL);
  r.x1[1] = golden_array(file, "/fv_rk3_20/y1", NULL);
  check_call(SinewFileClose(&file));
  c = new_case(2, r.cells, PETSC_TRUE);
  compare_reference(&c, &r);
  free_case(&c);
  free(r.u0);
  free(r.u1);
  free(r.A0);
  free(r.A1);
  for (int d = 0; d < 2; d++) {
    free(r.x0[d]);
    free(r.x1[d]);
  }
}

static void reference_step(void **state)
{
  static const char *const prefixes[] = {"classical", NULL};

  (void)state;
  if (golden_missing("mesh")) skip();
  golden_each("mesh", prefixes, golden_file);
  assert_true(golden_compared > 0);
}

/* L of a random state on a random mesh, with gradients taken apart and with conductances kept. */
static void both_ways_to_diffuse(void **state)
{
  (void)state;
  for (PetscInt dim = 2; dim < 4; dim++) {
    Vec rates[2];
    PetscReal difference, size;

    for (int way = 0; way < 2; way++) {
      Case c;
      PetscReal *q;
      PetscInt n, first;

      simple = (PetscBool)way;
      c = new_case(dim, 12, dim == 2);
      for (int end = 0; end < 2; end++) shake(&c, end, 7 + (uint64_t)end, 0.2);
      check_call(SinewGeometrySweep(c.geometry));
      check_call(SinewMovingFVSetStep(c.fv, 0, 0.01));
      check_call(VecGetOwnershipRange(c.Q, &first, NULL));
      check_call(VecGetLocalSize(c.Q, &n));
      check_call(VecGetArray(c.Q, &q));
      for (PetscInt i = 0; i < n; i++) q[i] = 2 + noise((uint64_t)(first + i));
      check_call(VecRestoreArray(c.Q, &q));
      check_call(SinewMovingFVApply(c.fv, SINEW_FV_ALL, 0.005, c.Q, 0, NULL, 0, 1, c.R, NULL));
      check_call(VecDuplicate(c.R, &rates[way]));
      check_call(VecCopy(c.R, rates[way]));
      free_case(&c);
    }
    simple = PETSC_FALSE;
    check_call(VecNorm(rates[0], NORM_INFINITY, &size));
    check_call(VecAXPY(rates[0], -1, rates[1]));
    check_call(VecNorm(rates[0], NORM_INFINITY, &difference));
    assert_true(size > 1);
    assert_true(difference <= 1e-12 * size);
    for (int way = 0; way < 2; way++) check_call(VecDestroy(&rates[way]));
  }
}

/* Gradients of a linear field, in cells and at vertices, of any mesh: exact. */
static void gradients_of_linear_fields(void **state)
{
  static const PetscReal a[3] = {1.5, -2, 0.75};

  (void)state;
  for (PetscInt dim = 2; dim <= 3; dim++) {
    Case c = new_case(dim, 12, PETSC_FALSE);
    const SinewGeometry *g = c.geometry;
    const size_t padded = (size_t)(g->padded[0] * g->padded[1] * g->padded[2]),
                 cells = (size_t)(g->count[0] * g->count[1] * g->count[2]);
    PetscReal *u, *out[3], *norm, exact = 0, error = 0;

    shake(&c, 0, 3, 0.2);
    shake(&c, 1, 3, 0.2);
    check_call(SinewGeometrySweep(c.geometry));
    check_call(PetscMalloc5(padded, &u, cells, &out[0], cells, &out[1], cells, &out[2], c.lattice->local, &norm));
    for (size_t n = 0; n < padded; n++) u[n] = 0;
    for (PetscInt d = 0; d < dim; d++) {
      exact += a[d] * a[d];
      for (size_t n = 0; n < padded; n++) u[n] += a[d] * g->centre[d][n];
    }
    check_call(SinewGeometryCellGradient(g, u, out));
    for (size_t n = 0; n < cells; n++)
      for (PetscInt d = 0; d < dim; d++) error = PetscMax(error, fabs(out[d][n] - a[d]));
    check_call(SinewGeometryGradient(g, u, norm));
    for (PetscInt n = 0; n < c.lattice->local; n++) error = PetscMax(error, fabs(norm[n] - sqrt(exact)));
    check_close(error, 0, 1e-11);
    check_call(PetscFree5(u, out[0], out[1], out[2], norm));
    free_case(&c);
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(free_stream), cmocka_unit_test(both_ways_to_diffuse),
                cmocka_unit_test(gradients_of_linear_fields), cmocka_unit_test(volumes_fill_the_domain),
                cmocka_unit_test(reference_step))

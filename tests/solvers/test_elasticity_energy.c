// TIMEOUT 120
/*
  Energies of elastic bodies: factors of deformation gradients and their derivatives by differences, also where singular
  values repeat; energies against rows and against differences.
*/
#include "tests/harness.h"
/* the harness first */
#include "solvers/pointwise.h"
#include "solvers/pointwise/deformation.h"
#include "solvers/pointwise/elasticity.h"
#include <string.h>

#define H 1e-5

/* ---- deformation gradients ---- */

/* Matrices that make trouble: rest, a rotation, equal stretches, nearly equal ones, inverted, flattened. */
static const PetscReal matrices2[][9] = {{1, 0, 0, 1},      {0.6, -0.8, 0.8, 0.6}, {1.5, 0, 0, 1.5},
                                         {1, 1e-7, 0, 1},   {1.3, 0.4, -0.2, 0.7}, {1.2, 0.1, 0.3, -0.4},
                                         {0.9, 0, 0, 1e-3}, {0.3, 1.7, -2.1, 0.4}};
static const PetscReal matrices3[][9] = {{1, 0, 0, 0, 1, 0, 0, 0, 1},
                                         {0, -1, 0, 1, 0, 0, 0, 0, 1},
                                         {1.2, 0, 0, 0, 1.2, 0, 0, 0, 0.7},
                                         {2, 0, 0, 0, 0.5, 0, 0, 0, 0.5},
                                         {1, 1e-7, 0, 0, 1, 2e-7, 0, 0, 1},
                                         {1.3, 0.4, -0.2, 0.1, 0.7, 0.3, -0.5, 0.2, 1.1},
                                         {1.2, 0.1, 0.3, 0, 0.9, 0.2, 0.1, 0, -0.4}};

static void deform(PetscInt dim, const PetscReal F[], SinewDeformation *d)
{
  check_call(SinewDeform(dim, F, d));
}

/* A smooth function of stretches. */
static void function_of(PetscInt dim, const PetscReal F[], PetscReal G[], PetscReal (*dG)[9])
{
  PetscReal g[3], slope[3];
  SinewDeformation d;

  deform(dim, F, &d);
  for (PetscInt i = 0; i < dim; i++) {
    g[i] = PetscSinReal(d.s[i]) + d.s[i] * d.s[i];
    slope[i] = PetscCosReal(d.s[i]) + 2 * d.s[i];
  }
  SinewDeformFunction(&d, g, slope, G, dG);
}

static void rotation_of(PetscInt dim, const PetscReal F[], PetscReal R[], PetscReal (*dR)[9])
{
  SinewDeformation d;

  deform(dim, F, &d);
  SinewDeformRotation(&d, R, dR);
}

/* Derivative of f by every entry of F, against central differences. */
static void differentiate(PetscInt dim, const PetscReal F[],
                          void (*f)(PetscInt, const PetscReal[], PetscReal[], PetscReal (*)[9]), PetscReal tolerance)
{
  PetscReal value[9], d[9][9], above[9], below[9], moved[9];

  f(dim, F, value, d);
  for (PetscInt k = 0; k < dim * dim; k++) {
    memcpy(moved, F, sizeof(moved));
    moved[k] = F[k] + H;
    f(dim, moved, above, NULL);
    moved[k] = F[k] - H;
    f(dim, moved, below, NULL);
    for (PetscInt i = 0; i < dim * dim; i++) check_close(d[k][i], (above[i] - below[i]) / (2 * H), tolerance);
  }
}

static void factors_are_right(PetscInt dim, const PetscReal F[])
{
  PetscReal J = SinewDeformVolume(dim, F, NULL), product = 1;
  SinewDeformation d;

  deform(dim, F, &d);
  check_close(SinewDeformVolume(dim, d.U, NULL), 1, 1e-13);
  check_close(SinewDeformVolume(dim, d.V, NULL), 1, 1e-13);
  for (PetscInt i = 0; i < dim; i++) product *= d.s[i];
  check_close(product, J, 1e-13);
  for (PetscInt i = 0; i < dim; i++) {
    for (PetscInt j = 0; j < dim; j++) {
      PetscReal entry = 0;

      for (PetscInt k = 0; k < dim; k++) entry += d.U[i * dim + k] * d.s[k] * d.V[j * dim + k];
      check_close(entry, F[i * dim + j], 1e-13);
    }
  }
}

static void derivatives_of_factors(void **state)
{
  (void)state;
  for (size_t m = 0; m < sizeof(matrices2) / sizeof(matrices2[0]) + sizeof(matrices3) / sizeof(matrices3[0]); m++) {
    const size_t two = sizeof(matrices2) / sizeof(matrices2[0]);
    const PetscInt dim = m < two ? 2 : 3;
    const PetscReal *F = m < two ? matrices2[m] : matrices3[m - two];

    factors_are_right(dim, F);
    differentiate(dim, F, function_of, 2e-8);
    differentiate(dim, F, rotation_of, 2e-8);
  }
}

/* ---- energies and rows at one point ---- */

static PetscErrorCode push(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal f[])
{
  (void)ctx;
  (void)t;
  for (PetscInt p = 0; p < n; p++) f[p] = 0.3 + x[2 * p];
  for (PetscInt p = 0; p < n; p++) f[n + p] = -1.1;
  return PETSC_SUCCESS;
}

static SinewElasticity body_of(PetscInt dim, SinewElasticMaterial material)
{
  SinewElasticity b = {.dim = dim,
                       .material = material,
                       .arap = 1.7,
                       .volume = 3.1,
                       .mu = 1.3,
                       .lambda = 2.2,
                       .density = 0.8,
                       .contact = 50,
                       .clamp = 100,
                       .force_end = 1,
                       .obstacles = 3,
                       .extent = {1, 1, 1}};

  b.obstacle[0] = (SinewObstacle){.kind = SINEW_OBSTACLE_PLANE, .point = {0, -0.2, 0.1}, .normal = {0.6, 0.8, 0}};
  b.obstacle[1] = (SinewObstacle){.kind = SINEW_OBSTACLE_SPHERE, .point = {0.5, 0.6, 0.2}, .radius = 0.9};
  b.obstacle[2] = (SinewObstacle){.kind = SINEW_OBSTACLE_BOX, .point = {0.2, 0.1, 0.3}, .half = {0.7, 0.9, 0.8}};
  if (dim == 2) b.force = push;
  return b;
}

typedef struct {
  PetscReal x[3], u[12], old[3], inertial[3];
  SinewPoints at;
  SinewPointStep step;
} Place;

/* One point that is deformed by F and moved, inside of all obstacles. */
static void make_place(PetscInt dim, const PetscReal F[], Place *l)
{
  *l = (Place){.x = {0.1, 0.2, -0.1}, .old = {0.02, -0.03, 0.01}, .inertial = {0.05, 0.01, -0.02}};
  for (PetscInt i = 0; i < dim; i++) {
    l->u[i * (1 + dim)] = 0.07 * (PetscReal)(i + 1);
    for (PetscInt j = 0; j < dim; j++) l->u[i * (1 + dim) + 1 + j] = F[i * dim + j] - (i == j);
  }
  l->at = (SinewPoints){.t = 0.5, .n = 1, .channels = 1 + dim, .x = l->x, .u = l->u};
  l->step = (SinewPointStep){.dt = 0.1, .stride = 1, .old = l->old, .inertial = l->inertial};
}

/* The energy's derivative by differences, and twice the rows' J'r. */
static void check_point(PetscInt dim, const PetscReal F[], SinewElasticMaterial material)
{
  const int all = 31;
  SinewElasticity b = body_of(dim, material);
  SinewPointwise *e;
  PetscReal energy, above, below, de[12] = {0}, r[32], dr[32 * 12] = {0}, sum = 0, work = 0;
  Place l;

  make_place(dim, F, &l);
  check_call(SinewPointwiseElasticity(&b, &e));
  check_call(SinewElasticityEnergy(&b, all, &l.at, &l.step, &energy, de, NULL));
  check_call(e->step(e->ctx, &l.at, &l.step, r, dr));
  for (PetscInt k = 0; k < e->step_rows; k++) sum += r[k] * r[k];
  for (PetscInt k = 0; k < dim * (1 + dim); k++) {
    const PetscReal kept = l.u[k];
    PetscReal gradient = 0;

    for (PetscInt row = 0; row < e->step_rows; row++) gradient += 2 * r[row] * dr[row * dim * (1 + dim) + k];
    check_close(gradient, de[k], 1e-7 * (1 + PetscAbsReal(de[k])));
    l.u[k] = kept + H;
    check_call(SinewElasticityEnergy(&b, all, &l.at, &l.step, &above, NULL, NULL));
    l.u[k] = kept - H;
    check_call(SinewElasticityEnergy(&b, all, &l.at, &l.step, &below, NULL, NULL));
    l.u[k] = kept;
    check_close(de[k], (above - below) / (2 * H), 1e-6 * (1 + PetscAbsReal(de[k])));
  }
  /* completing the square: |q - q* - dt^2 f / m|^2 m / 2 dt^2 = inertia - f (q - q_old) + f (q* - q_old) + dt^2 f^2 / 2
   * m */
  for (PetscInt i = 0; i < dim && b.force; i++) {
    const PetscReal f = i ? -1.1 : 0.3 + l.x[0];

    work += f * (l.inertial[i] - l.old[i]) + 0.5 * l.step.dt * l.step.dt * f * f / b.density;
  }
  check_close(sum, energy + work, 1e-11 * (1 + PetscAbsReal(sum)));
  check_call(SinewPointwiseDestroy(&e));
}

/* Second derivatives by differences of the first, of every term by itself. */
static void check_curvature(PetscInt dim, const PetscReal F[], SinewElasticMaterial material)
{
  const PetscInt jets = dim * (1 + dim);
  SinewElasticity b = body_of(dim, material);
  Place l;

  make_place(dim, F, &l);
  for (int terms = 1; terms < 32; terms *= 2) {
    PetscReal energy, above[12] = {0}, below[12] = {0}, de[12] = {0}, d2e[144] = {0}, size = 1;

    check_call(SinewElasticityEnergy(&b, terms, &l.at, &l.step, &energy, de, d2e));
    for (PetscInt k = 0; k < jets * jets; k++) size = PetscMax(size, PetscAbsReal(d2e[k]));
    for (PetscInt k = 0; k < jets; k++) {
      const PetscReal kept = l.u[k];

      l.u[k] = kept + H;
      check_call(SinewElasticityEnergy(&b, terms, &l.at, &l.step, &energy, above, NULL));
      l.u[k] = kept - H;
      check_call(SinewElasticityEnergy(&b, terms, &l.at, &l.step, &energy, below, NULL));
      l.u[k] = kept;
      for (PetscInt j = 0; j < jets; j++) {
        check_close(d2e[k * jets + j], (above[j] - below[j]) / (2 * H), 1e-6 * size);
        check_close(d2e[k * jets + j], d2e[j * jets + k], 1e-12 * size);
      }
    }
  }
}

static void energies_have_second_derivatives(void **state)
{
  (void)state;
  for (size_t m = 0; m < sizeof(matrices2) / sizeof(matrices2[0]); m++) {
    const PetscReal J = SinewDeformVolume(2, matrices2[m], NULL);

    if (J > 0.1) check_curvature(2, matrices2[m], SINEW_ELASTIC_ARAP); /* R jumps where it is inside out */
    check_curvature(2, matrices2[m], SINEW_ELASTIC_LINEAR);
    if (J > 0.1) check_curvature(2, matrices2[m], SINEW_ELASTIC_NEO_HOOKEAN);
  }
  for (size_t m = 0; m < sizeof(matrices3) / sizeof(matrices3[0]); m++) {
    const PetscReal J = SinewDeformVolume(3, matrices3[m], NULL);

    if (J > 0.1) check_curvature(3, matrices3[m], SINEW_ELASTIC_ARAP);
    check_curvature(3, matrices3[m], SINEW_ELASTIC_LINEAR);
    if (J > 0.1) check_curvature(3, matrices3[m], SINEW_ELASTIC_NEO_HOOKEAN);
  }
}

static void rows_are_roots_of_energies(void **state)
{
  (void)state;
  for (size_t m = 0; m < sizeof(matrices2) / sizeof(matrices2[0]); m++) {
    check_point(2, matrices2[m], SINEW_ELASTIC_ARAP);
    check_point(2, matrices2[m], SINEW_ELASTIC_LINEAR);
    if (SinewDeformVolume(2, matrices2[m], NULL) > 0.1) check_point(2, matrices2[m], SINEW_ELASTIC_NEO_HOOKEAN);
  }
  for (size_t m = 0; m < sizeof(matrices3) / sizeof(matrices3[0]); m++) {
    check_point(3, matrices3[m], SINEW_ELASTIC_ARAP);
    check_point(3, matrices3[m], SINEW_ELASTIC_LINEAR);
    if (SinewDeformVolume(3, matrices3[m], NULL) > 0.1) check_point(3, matrices3[m], SINEW_ELASTIC_NEO_HOOKEAN);
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(derivatives_of_factors), cmocka_unit_test(rows_are_roots_of_energies),
                cmocka_unit_test(energies_have_second_derivatives))

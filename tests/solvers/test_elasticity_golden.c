// TIMEOUT 60
/*
  Elastic energies of the released INSR code and their derivatives by the weights: every file insr_*.h5 below
  $SINEW_GOLDEN, groups elasticity2d and elasticity3d. Sizes come from the file; nothing compared is a failure.
*/
#define _GNU_SOURCE /* nftw */
#include "tests/neural/insr_golden.h"
/* the harness first */
#include "solvers/pointwise/deformation.h"
#include "solvers/pointwise/elasticity.h"

typedef struct {
  SinewFile file;
  const char *group;
  PetscInt dim, n;
  SinewJet jet;
  Numbers w, points;
  double *old, *inertial, force[3];
  SinewElasticity body;
} Golden;

static PetscErrorCode steady_force(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal f[])
{
  const Golden *g = ctx;

  (void)t;
  (void)x;
  for (PetscInt i = 0; i < g->dim; i++)
    for (PetscInt p = 0; p < n; p++) f[i * n + p] = g->force[i];
  return PETSC_SUCCESS;
}

static void attributes(SinewFile file, const char group[], const char key[], PetscInt n, double values[])
{
  PetscInt found;

  check_call(SinewFileReadReals(file, group, key, n, &found, values));
  if (found == n) return;
  { /* or an array */
    Numbers a = get(file, group, key);

    for (PetscInt k = 0; a.data && k < n && k < a.count; k++) values[k] = a.data[k];
    check_call(PetscFree(a.data));
  }
}

/* Sum over the points of one term, and its derivative by the weights. */
static void check_term(Golden *g, const char name[], int terms)
{
  const PetscInt channels = 1 + g->dim;
  char gradient[64];
  double sum = 0, *grad = reals(SinewJetSize(g->jet));

  for (PetscInt first = 0; first < g->n; first += 16) {
    const PetscInt n = PetscMin(16, g->n - first);
    double u[12 * 16], de[12 * 16], energy[16];
    const SinewPoints at = {.t = 0, .n = n, .channels = channels, .x = g->points.data + first * g->dim, .u = u};
    const SinewPointStep step = {.dt = attribute(g->file, g->group, "dt", 0),
                                 .stride = g->n,
                                 .old = g->old + first,
                                 .inertial = g->inertial + first};

    check_call(SinewJetForward(g->jet, g->w.data, SINEW_JET_GRADIENT, n, at.x, u));
    check_call(SinewElasticityEnergy(&g->body, terms, &at, &step, energy, de, NULL));
    check_call(SinewJetAdjoint(g->jet, de, grad));
    for (PetscInt p = 0; p < n; p++) sum += energy[p];
  }
  snprintf(gradient, sizeof(gradient), "grad_%s", name);
  compare(g->file, g->group, name, 1, &sum);
  compare(g->file, g->group, gradient, SinewJetSize(g->jet), grad);
  check_call(PetscFree(grad));
}

static void check_deformations(Golden *g)
{
  const PetscInt dim = g->dim, n = g->n;
  double *u = reals(dim * (1 + dim) * n), *F = reals(n * dim * dim), *s = reals(n * dim);

  check_call(SinewJetEvaluate(g->jet, g->w.data, SINEW_JET_GRADIENT, n, g->points.data, u));
  for (PetscInt p = 0; p < n; p++) {
    SinewDeformation d;

    for (PetscInt i = 0; i < dim; i++)
      for (PetscInt j = 0; j < dim; j++) F[(p * dim + i) * dim + j] = u[(i * (1 + dim) + 1 + j) * n + p] + (i == j);
    check_call(SinewDeform(dim, F + p * dim * dim, &d));
    for (PetscInt i = 0; i < dim; i++) s[p * dim + i] = fabs(d.s[i]);
  }
  compare(g->file, g->group, "deformation_gradient", n * dim * dim, F);
  compare(g->file, g->group, "singular_values", n * dim, s);
  check_call(PetscFree(u));
  check_call(PetscFree(F));
  check_call(PetscFree(s));
}

/* The step's other levels: q, and q + (q - the one before), without X. */
static void set_levels(Golden *g)
{
  Numbers previous = get(g->file, g->group, "weights_prev"), before = get(g->file, g->group, "weights_prev_prev");

  assert_true(previous.data && before.data);
  g->old = reals(g->dim * g->n);
  g->inertial = reals(g->dim * g->n);
  check_call(SinewJetEvaluate(g->jet, previous.data, SINEW_JET_VALUE, g->n, g->points.data, g->old));
  check_call(SinewJetEvaluate(g->jet, before.data, SINEW_JET_VALUE, g->n, g->points.data, g->inertial));
  for (PetscInt k = 0; k < g->dim * g->n; k++) g->inertial[k] = 2 * g->old[k] - g->inertial[k];
  check_call(PetscFree(previous.data));
  check_call(PetscFree(before.data));
}

static void check_elasticity(SinewFile file, const char group[])
{
  Golden g = {.file = file, .group = group, .jet = network_of(file, group, group)};
  SinewElasticity *b = &g.body;
  double center[3] = {0};

  if (!g.jet) return;
  g.w = get(file, group, "weights");
  g.points = get(file, group, "points");
  g.dim = (PetscInt)g.points.shape[1];
  g.n = (PetscInt)g.points.shape[0];
  set_levels(&g);
  attributes(file, group, "external_force", g.dim, g.force);
  attributes(file, group, "sphere_center", g.dim, center);
  *b = (SinewElasticity){.dim = g.dim,
                         .arap = attribute(file, group, "ratio_arap", 1),
                         .volume = attribute(file, group, "ratio_volume", 1),
                         .density = 2 * attribute(file, group, "ratio_kinematics", 1),
                         .contact = attribute(file, group, "ratio_collide", 1),
                         .force = steady_force,
                         .force_ctx = &g,
                         .obstacles = 1,
                         .original = PETSC_TRUE};
  check_deformations(&g);
  check_term(&g, "E_arap", SINEW_ELASTIC_STRAIN);
  check_term(&g, "E_volume", SINEW_ELASTIC_VOLUME);
  check_term(&g, "E_kinematics", SINEW_ELASTIC_INERTIA);
  check_term(&g, "E_external", SINEW_ELASTIC_LOAD);
  b->obstacle[0] = (SinewObstacle){.kind = SINEW_OBSTACLE_PLANE};
  b->obstacle[0].point[g.dim - 1] = attribute(file, group, "plane_height", 0);
  b->obstacle[0].normal[g.dim - 1] = 1;
  check_term(&g, "E_collision_plane", SINEW_ELASTIC_CONTACT);
  b->obstacle[0] = (SinewObstacle){.kind = SINEW_OBSTACLE_SPHERE,
                                   .point = {center[0], center[1], center[2]},
                                   .radius = attribute(file, group, "sphere_radius", 0)};
  if (g.dim == 2) check_term(&g, "E_collision_sphere", SINEW_ELASTIC_CONTACT);
  check_call(PetscFree(g.old));
  check_call(PetscFree(g.inertial));
  check_call(PetscFree(g.w.data));
  check_call(PetscFree(g.points.data));
  check_call(SinewJetDestroy(&g.jet));
}

static void released_numbers(void **state)
{
  (void)state;
  find_files();
  for (int k = 0; k < files; k++) {
    SinewFile file;

    check_call(SinewFileOpen(PETSC_COMM_WORLD, paths[k], &file));
    check_elasticity(file, "/elasticity2d");
    check_elasticity(file, "/elasticity3d");
    check_call(SinewFileClose(&file));
  }
  printf("elasticity: %d arrays of %d files compared, %d absent, largest relative difference %.2e\n", compared, files,
         skipped, worst_of_group);
  assert_true(compared > 0);
}

SINEW_TEST_MAIN(cmocka_unit_test(released_numbers))

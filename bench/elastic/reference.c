/*
  The stretched square by finite elements, for reference: bilinear elements on a DMDA, the strain energy at 2 x 2 Gauss
  points and the volume energy at the centre (selective reduced integration, without which nearly incompressible
  elements lock: Malkus & Hughes 1978), sides held exactly. Newton by SNES: the load in steps on the coarsest grid, then
  the grid refined. Tangents are differences of the same stresses that the network's energy has.
*/
#include "bench.h"
#include <petscdmda.h>
#include <petscsnes.h>

#define COARSE     33 /* nodes a side */
#define LOAD_STEPS 16
#define FULL       1e-2 /* residual below which the tangent is the whole one */

typedef struct {
  const SinewElasticity *body;
  PetscReal stretch;
  SNES snes;
} Problem;

typedef struct {
  PetscReal v[2];
} Node;

typedef struct {
  PetscReal gradient[4][2], weight;
  int term;
} Rule;

/* Shape gradients of the four corners at (s, t) in [-1, 1]^2 of an element of size h. */
static Rule rule_at(PetscReal s, PetscReal t, PetscReal h, PetscReal weight, int term)
{
  const PetscReal sign[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
  Rule rule = {.weight = weight * h * h, .term = term};

  for (int a = 0; a < 4; a++) {
    rule.gradient[a][0] = sign[a][0] * (1 + sign[a][1] * t) / (2 * h);
    rule.gradient[a][1] = sign[a][1] * (1 + sign[a][0] * s) / (2 * h);
  }
  return rule;
}

static void rules_of(PetscReal h, Rule rules[5])
{
  const PetscReal g = 1 / PetscSqrtReal(3);

  for (int q = 0; q < 4; q++) rules[q] = rule_at(q % 2 ? g : -g, q / 2 ? g : -g, h, 0.25, SINEW_ELASTIC_STRAIN);
  rules[4] = rule_at(0, 0, h, 1, SINEW_ELASTIC_VOLUME);
}

/* Energy, stress P and tangent A of one term at H = F - 1, by closed forms of two dimensions: the nearest rotation has
   (cos, sin) along (F_00 + F_11, F_10 - F_01), whose length is s_0 + s_1. Without `full` the tangent leaves out what is
   negative. */
static PetscReal material(const SinewElasticity *b, int term, PetscBool full, const PetscReal H[4], PetscReal P[4],
                          PetscReal A[4][4])
{
  const PetscReal F[4] = {1 + H[0], H[1], H[2], 1 + H[3]}, a = F[0] + F[3], s = F[2] - F[1], length = hypot(a, s);
  const PetscReal R[4] = {a / length, -s / length, s / length, a / length};
  const PetscReal turn[4] = {-R[2], -R[0], R[0], -R[2]}, C[4] = {F[3], -F[2], -F[1], F[0]};
  const PetscReal J = F[0] * F[3] - F[1] * F[2], soften = full ? 1 / length : PetscMin(0.5, 1 / length);
  const PetscReal bend[4] = {1, -1, -1, 1}; /* d^2 J / d F_k d F_{3-k} */
  PetscReal W = 0;

  if (term == SINEW_ELASTIC_VOLUME) {
    for (int k = 0; k < 4; k++) {
      P[k] = 2 * b->volume * (J - 1) * C[k];
      for (int l = 0; l < 4; l++)
        A[k][l] = 2 * b->volume * (C[k] * C[l] + (full && l == 3 - k ? (J - 1) * bend[k] : 0));
    }
    return b->volume * (J - 1) * (J - 1);
  }
  for (int k = 0; k < 4; k++) {
    W += b->arap * PetscSqr(F[k] - R[k]);
    P[k] = 2 * b->arap * (F[k] - R[k]);
    for (int l = 0; l < 4; l++) A[k][l] = 2 * b->arap * ((k == l) - soften * turn[k] * turn[l]);
  }
  return W;
}

static void gradient_of(const Rule *rule, const Node corner[4], PetscReal H[4])
{
  for (int k = 0; k < 4; k++) {
    H[k] = 0;
    for (int a = 0; a < 4; a++) H[k] += corner[a].v[k / 2] * rule->gradient[a][k % 2];
  }
}

/* Forces on the corners, their derivatives unless K is NULL, and the energy. */
static PetscReal element(const SinewElasticity *body, PetscBool full, const Rule rules[5], const Node corner[4],
                         PetscReal f[8], PetscReal K[8][8])
{
  PetscReal energy = 0;

  for (int i = 0; i < 8; i++) {
    f[i] = 0;
    for (int j = 0; K && j < 8; j++) K[i][j] = 0;
  }
  for (int q = 0; q < 5; q++) {
    const Rule *rule = &rules[q];
    PetscReal H[4], P[4], A[4][4];

    gradient_of(rule, corner, H);
    energy += rule->weight * material(body, rule->term, full, H, P, A);
    for (int i = 0; i < 8; i++) {
      for (int c = 0; c < 2; c++) f[i] += rule->weight * P[i % 2 * 2 + c] * rule->gradient[i / 2][c];
      for (int k = 0; K && k < 8 * 4; k++) {
        const int j = k / 4, c = k / 2 % 2, d = k % 2;

        K[i][j] += rule->weight * A[i % 2 * 2 + c][j % 2 * 2 + d] * rule->gradient[i / 2][c] * rule->gradient[j / 2][d];
      }
    }
  }
  return energy;
}

static const PetscInt corner_at[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};

static PetscBool held(const DMDALocalInfo *info, PetscInt i)
{
  return (PetscBool)(i == 0 || i == info->mx - 1);
}

static PetscErrorCode residual(DMDALocalInfo *info, Node **u, Node **r, void *ctx)
{
  const Problem *problem = ctx;
  Rule rules[5];

  PetscFunctionBegin;
  rules_of(2 / (PetscReal)(info->mx - 1), rules);
  for (PetscInt j = 0; j < info->my; j++)
    for (PetscInt i = 0; i < info->mx; i++) r[j][i] = (Node){{0, 0}};
  for (PetscInt j = 0; j < info->my - 1; j++) {
    for (PetscInt i = 0; i < info->mx - 1; i++) {
      const Node corner[4] = {u[j][i], u[j][i + 1], u[j + 1][i + 1], u[j + 1][i]};
      PetscReal f[8];

      (void)element(problem->body, PETSC_TRUE, rules, corner, f, NULL);
      for (int a = 0; a < 8; a++) r[j + corner_at[a / 2][1]][i + corner_at[a / 2][0]].v[a % 2] += f[a];
    }
  }
  for (PetscInt j = 0; j < info->my; j++) {
    r[j][0] = u[j][0];
    r[j][info->mx - 1] = (Node){{u[j][info->mx - 1].v[0] - problem->stretch, u[j][info->mx - 1].v[1]}};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The energy, which line searches go by. */
static PetscErrorCode objective(DMDALocalInfo *info, Node **u, PetscReal *energy, void *ctx)
{
  const Problem *problem = ctx;
  Rule rules[5];

  PetscFunctionBegin;
  rules_of(2 / (PetscReal)(info->mx - 1), rules);
  *energy = 0;
  for (PetscInt j = 0; j < info->my - 1; j++) {
    for (PetscInt i = 0; i < info->mx - 1; i++) {
      const Node corner[4] = {u[j][i], u[j][i + 1], u[j + 1][i + 1], u[j + 1][i]};
      PetscReal f[8];

      *energy += element(problem->body, PETSC_TRUE, rules, corner, f, NULL);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode jacobian(DMDALocalInfo *info, Node **u, Mat J, Mat B, void *ctx)
{
  const Problem *problem = ctx;
  PetscReal norm;
  Rule rules[5];

  PetscFunctionBegin;
  PetscCall(SNESGetFunctionNorm(problem->snes, &norm));
  rules_of(2 / (PetscReal)(info->mx - 1), rules);
  PetscCall(MatZeroEntries(B));
  for (PetscInt j = 0; j < info->my - 1; j++) {
    for (PetscInt i = 0; i < info->mx - 1; i++) {
      const Node corner[4] = {u[j][i], u[j][i + 1], u[j + 1][i + 1], u[j + 1][i]};
      PetscReal f[8], K[8][8];
      MatStencil at[8];

      (void)element(problem->body, (PetscBool)(norm < FULL), rules, corner, f, K);
      for (int a = 0; a < 8; a++) {
        at[a] = (MatStencil){.i = i + corner_at[a / 2][0], .j = j + corner_at[a / 2][1], .c = a % 2};
        if (held(info, at[a].i)) PetscCall(PetscArrayzero(K[a], 8));
      }
      PetscCall(MatSetValuesStencil(B, 8, at, 8, at, &K[0][0], ADD_VALUES));
    }
  }
  for (PetscInt k = 0; k < 4 * info->my; k++) {
    const MatStencil at = {.i = k % 4 < 2 ? 0 : info->mx - 1, .j = k / 4, .c = k % 2};
    const PetscReal one = 1;

    PetscCall(MatSetValuesStencil(B, 1, &at, 1, &at, &one, ADD_VALUES));
  }
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  if (J != B) {
    PetscCall(MatAssemblyBegin(J, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(J, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Copies the nodes and sums the energy. */
static PetscErrorCode keep(SNES snes, const Problem *problem, Reference *reference)
{
  const PetscReal *u;
  Rule rules[5];
  PetscInt n, nodes;
  DM dm;
  Vec U;

  PetscFunctionBegin;
  PetscCall(SNESGetDM(snes, &dm));
  PetscCall(SNESGetSolution(snes, &U));
  PetscCall(DMDAGetInfo(dm, NULL, &nodes, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  n = reference->n = nodes - 1;
  rules_of(2 / (PetscReal)n, rules);
  PetscCall(PetscMalloc1((size_t)(2 * nodes * nodes), &reference->u));
  PetscCall(VecGetArrayRead(U, &u));
  PetscCall(PetscArraycpy(reference->u, u, 2 * nodes * nodes));
  PetscCall(VecRestoreArrayRead(U, &u));
  reference->energy = 0;
  for (PetscInt k = 0; k < n * n; k++) {
    Node corner[4];
    PetscReal f[8];

    for (int a = 0; a < 4; a++)
      PetscCall(PetscArraycpy(corner[a].v,
                              reference->u + 2 * ((k / n + corner_at[a][1]) * nodes + k % n + corner_at[a][0]), 2));
    reference->energy += element(problem->body, PETSC_TRUE, rules, corner, f, NULL);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What was found for the load before, drawn out to this one: the held nodes are where they must be. */
static PetscErrorCode draw_out(const Problem *problem, PetscReal before, Vec U)
{
  PetscReal *u;

  PetscFunctionBegin;
  if (before > 0) PetscCall(VecScale(U, problem->stretch / before));
  PetscCall(VecGetArray(U, &u));
  for (PetscInt k = 0; k < COARSE * COARSE && before <= 0; k++)
    u[2 * k] = problem->stretch * (PetscReal)(k % COARSE) / (COARSE - 1);
  PetscCall(VecRestoreArray(U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(Problem *problem, SNES *snes)
{
  KSP ksp;
  PC pc;
  DM dm;

  PetscFunctionBegin;
  PetscCall(DMDACreate2d(PETSC_COMM_SELF, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_BOX, COARSE, COARSE, 1, 1, 2,
                         1, NULL, NULL, &dm));
  PetscCall(DMSetUp(dm));
  PetscCall(DMDASNESSetFunctionLocal(dm, INSERT_VALUES, (DMDASNESFunction)residual, problem));
  PetscCall(DMDASNESSetJacobianLocal(dm, (DMDASNESJacobian)jacobian, problem));
  PetscCall(DMDASNESSetObjectiveLocal(dm, (DMDASNESObjective)objective, problem));
  PetscCall(SNESCreate(PETSC_COMM_SELF, snes));
  problem->snes = *snes;
  PetscCall(SNESSetDM(*snes, dm));
  PetscCall(DMDestroy(&dm));
  PetscCall(SNESGetKSP(*snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCLU));
  PetscCall(SNESSetTolerances(*snes, 1e-6, 1e-14, 1e-14, 200, 100000));
  PetscCall(SNESSetFromOptions(*snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode reference_solve(const SinewElasticity *body, PetscReal stretch, PetscInt refinements,
                               Reference *reference)
{
  Problem problem = {.body = body};
  SNESConvergedReason reason;
  SNES snes;
  Vec U;
  DM dm;

  PetscFunctionBegin;
  PetscCall(create(&problem, &snes));
  PetscCall(SNESGetDM(snes, &dm));
  PetscCall(DMCreateGlobalVector(dm, &U));
  for (PetscInt k = 1; k <= LOAD_STEPS; k++) {
    const PetscReal before = problem.stretch;

    problem.stretch = stretch * (PetscReal)k / LOAD_STEPS;
    PetscCall(draw_out(&problem, before, U));
    if (k == LOAD_STEPS) PetscCall(SNESSetGridSequence(snes, refinements));
    PetscCall(SNESSolve(snes, NULL, U));
    PetscCall(SNESGetConvergedReason(snes, &reason));
    PetscCheck(reason > 0, PETSC_COMM_SELF, PETSC_ERR_NOT_CONVERGED, "Newton at load %" PetscInt_FMT ": %s", k,
               SNESConvergedReasons[reason]);
  }
  PetscCall(keep(snes, &problem, reference));
  PetscCall(VecDestroy(&U));
  PetscCall(SNESDestroy(&snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

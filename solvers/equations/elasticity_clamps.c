#include "solvers/equations/elasticity_clamps.h"

#include "solvers/equations/keys.h"

/* ---- reading ---- */

#define HELD(d, c)                                                                                                   \
  {                                                                                                                  \
    .name = "displacement_" c, .type = SINEW_KEY_EXPRESSION, .offset = offsetof(SinewElasticClamp, displacement[d]), \
    .doc = "value that it is held at, by place at rest and time; standard: free", .change = SINEW_CHANGE_FROZEN      \
  }
const SinewKey SinewElasticClampKeys[] = {
    {.name = "label",
     .type = SINEW_KEY_INTS,
     .offset = offsetof(SinewElasticClamp, label),
     .least = 1,
     .most = SINEW_LIST_MAX,
     .min = -2e9,
     .max = 2e9,
     .doc = "faces with one of these reference numbers in the file; standard: all",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "where",
     .type = SINEW_KEY_EXPRESSION,
     .offset = offsetof(SinewElasticClamp, where),
     .doc = "faces at whose centre, at rest, this is positive; standard: all",
     .change = SINEW_CHANGE_FROZEN},
    HELD(0, "x"),
    HELD(1, "y"),
    HELD(2, "z"),
    KEY_END};

PetscErrorCode SinewElasticClampsRead(SinewElasticClamps *s, PetscInt dim, SinewDeck deck, SinewNode node)
{
  SinewElasticClamp *c = &s->clamp[PetscMin(s->n, SINEW_CLAMPS_MAX - 1)];

  PetscFunctionBeginUser;
  if (s->n == SINEW_CLAMPS_MAX) {
    PetscCall(SinewDeckMistake(deck, node, "equation.clamps", "expected at most %d clamps", SINEW_CLAMPS_MAX));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewDeckRead(deck, node, "equation.clamps", SinewElasticClampKeys, c));
  c->node = node;
  if (dim < 3 && c->displacement[2])
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, node, "displacement_z"), "equation.clamps",
                               "displacement_z is for three dimensions"));
  if (!c->displacement[0] && !c->displacement[1] && !c->displacement[2])
    PetscCall(
        SinewDeckMistake(deck, node, "equation.clamps", "expected displacement_x, _y or _z: what is held, and where"));
  s->n++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- placing ---- */

/* Whether a clamp takes face f. */
static PetscErrorCode takes(const SinewSimplices *mesh, const SinewElasticClamp *c, PetscInt f, PetscBool *yes)
{
  PetscReal center[3] = {0}, value;

  PetscFunctionBeginUser;
  *yes = (PetscBool)(c->label.n == 0);
  for (PetscInt k = 0; k < c->label.n; k++) *yes = (PetscBool)(*yes || c->label.value[k] == mesh->label[f]);
  if (!*yes || !c->where) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < mesh->dim; k++)
    for (PetscInt d = 0; d < mesh->dim; d++)
      center[d] += mesh->vertex[mesh->face[f * mesh->dim + k] * mesh->dim + d] / (PetscReal)mesh->dim;
  PetscCall(SinewExpressionEvaluate(c->where, center[0], center[1], center[2], 0, &value));
  *yes = (PetscBool)(value > 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_value(const void *a, const void *b)
{
  const PetscInt x = *(const PetscInt *)a, y = *(const PetscInt *)b;

  return x < y ? -1 : x > y;
}

/* A clamp that takes nothing: what there is. */
static PetscErrorCode outside(const SinewSimplices *mesh, SinewDeck deck, const SinewElasticClamp *c)
{
  PetscInt *label, n = 0;
  char known[256] = "";
  PetscBool there = (PetscBool)(c->label.n == 0);

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)mesh->faces, &label));
  PetscCall(PetscArraycpy(label, mesh->label, mesh->faces));
  qsort(label, (size_t)mesh->faces, sizeof(PetscInt), by_value);
  for (PetscInt f = 0; f < mesh->faces; f++) {
    const size_t used = strlen(known);

    for (PetscInt k = 0; k < c->label.n; k++) there = (PetscBool)(there || c->label.value[k] == label[f]);
    if (f && label[f] == label[f - 1]) continue;
    if (used + 16 < sizeof(known)) snprintf(known + used, sizeof(known) - used, "%s%d", n++ ? ", " : "", (int)label[f]);
  }
  PetscCall(PetscFree(label));
  if (!there)
    PetscCall(SinewDeckMistake(deck, c->node, "equation.clamps",
                               "the clamp is outside of the body: no face of its surface has that label, they have %s",
                               known));
  else
    PetscCall(SinewDeckMistake(deck, c->node, "equation.clamps",
                               "the clamp is outside of the body: no face of its surface %slies where %s is positive",
                               c->label.n ? "with that label " : "", SinewExpressionText(c->where)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Patches of the clamps, a face to the first that takes it, and of the rest. */
PetscErrorCode SinewElasticClampsPlace(SinewElasticClamps *s, const SinewSimplices *mesh, SinewDeck deck)
{
  PetscBool *member, *taken, yes;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc2((size_t)mesh->faces, &member, (size_t)mesh->faces, &taken));
  for (PetscInt k = 0; k <= s->n; k++) {
    for (PetscInt f = 0; f < mesh->faces; f++) {
      yes = PETSC_TRUE;
      if (k < s->n) PetscCall(takes(mesh, &s->clamp[k], f, &yes));
      member[f] = (PetscBool)(yes && !taken[f]);
      taken[f] = (PetscBool)(taken[f] || yes);
    }
    PetscCall(SinewSimplicesPatchDestroy(&s->patch[k]));
    PetscCall(SinewSimplicesPatchCreate(mesh, member, &s->patch[k]));
    if (k < s->n && !s->patch[k].n) PetscCall(outside(mesh, deck, &s->clamp[k]));
  }
  PetscCall(PetscFree2(member, taken));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewElasticClampsEvaluate(const SinewElasticClamps *s, PetscInt k, PetscInt dim, const PetscReal x[3],
                                          PetscReal t, PetscBool held[3], PetscReal target[3])
{
  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < dim; d++) {
    const SinewExpression value = s->clamp[k].displacement[d];

    held[d] = (PetscBool)(value != NULL);
    if (value) PetscCall(SinewExpressionEvaluate(value, x[0], x[1], x[2], t, &target[d]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewElasticClampsDestroy(SinewElasticClamps *s)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k <= s->n; k++) PetscCall(SinewSimplicesPatchDestroy(&s->patch[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every key of a deck with default, range and help: enough to write one from it alone. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "solvers/checkpoint_section.h"
#include "solvers/data_section.h"
#include "solvers/ensemble.h"
#include "solvers/evaluation.h"
#include "solvers/grid_section.h"
#include "solvers/simulation.h"
#include "solvers/training.h"

static PetscErrorCode list_equation(const SinewEquationType *e, PetscBool whole)
{
  PetscFunctionBeginUser;
  printf("\nequation.type: %s    %s (%dD to %dD)\n", e->name, e->doc, (int)e->dim_min, (int)e->dim_max);
  if (!whole) PetscFunctionReturn(PETSC_SUCCESS);
  if (e->keys) PetscCall(SinewKeysPrint(stdout, "equation", e->keys));
  for (const SinewVariant *v = e->variants; v && v->choice; v++) {
    printf("\n  equation.%s    %s\n", v->choice, v->doc);
    PetscCall(SinewKeysPrint(stdout, "  equation", v->keys));
  }
  for (const SinewInitialType *i = e->initials; i && i->name; i++) {
    printf("\n  initial.type: %s    %s%s\n", i->name, i->doc, i->exact ? "; exact solution known" : "");
    if (i->keys) PetscCall(SinewKeysPrint(stdout, "  initial", i->keys));
  }
  printf(
      "\n  initial.type: expression    formulas in x, y, z by primitive: {type: expression, NAME: \"sin(x)\", ...}\n");
  printf("  initial.type: frame    a frame of a data set (`sinew list initial`)\n");
  for (const SinewDerived *d = e->derived; d && d->name; d++) printf("  output field: %s    %s\n", d->name, d->doc);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct {
  const char *name;
  const SinewKey *keys;
} sections[] = {{"", SinewTopKeys},
                {"grid", SinewGridKeys},
                {"time", SinewTimeKeys},
                {"output", SinewOutputKeys},
                {"output.image", SinewPictureKeys},
                {"checkpoint", SinewCheckpointKeys},
                {"reference", SinewReferenceKeys},
                {"mesh_motion", SinewMeshMotionKeys},
                {"ensemble", SinewEnsembleKeys},
                {"evaluate", SinewEvaluateKeys},
                {"data", SinewDataKeys},
                {"train.output", SinewTrainOutputKeys},
                {"initial", SinewFrameKeys}};

/* The section of this name with its sub-sections, or all of them. */
static PetscErrorCode list_sections(const char *word, PetscBool *found)
{
  PetscFunctionBeginUser;
  for (size_t s = 0; s < sizeof(sections) / sizeof(sections[0]); s++) {
    const size_t n = word ? strlen(word) : 0;
    const char *name = sections[s].name;

    if (word && (strncmp(name, word, n) || !n || (name[n] && name[n] != '.'))) continue;
    PetscCall(SinewKeysPrint(stdout, name, sections[s].keys));
    *found = PETSC_TRUE;
  }
  if (!word || !strcmp(word, "petsc")) {
    printf("petsc    any PETSc option: {ksp_type: cg, pc_type: hypre, snes: {rtol: 1e-9}}\n");
    *found = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CommandList(int argc, char **argv, int *code)
{
  const char *word = argc > 1 ? argv[1] : NULL;
  PetscBool found = (PetscBool)!word, trained = PETSC_FALSE;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (argc > 2) SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "sinew list: one name at most");
  *code = SINEW_EXIT_DONE;
  if (rank) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(list_sections(word, &found));
  PetscCall(SinewTrainingList(stdout, word, &trained));
  for (const SinewEquationType *const *e = SinewEquationTypes; *e; e++) {
    const PetscBool this = (PetscBool)(word && !strcmp(word, (*e)->name));

    if (!word || this || !strcmp(word, "equations")) PetscCall(list_equation(*e, (PetscBool)(!word || this)));
    if (this || (word && !strcmp(word, "equations"))) found = PETSC_TRUE;
  }
  if (!found || !word) {
    printf("\n");
    PetscCall(SinewStepperList(stdout, word && strcmp(word, "steppers") ? word : NULL, &found));
  }
  if (!found && !trained)
    SETERRQ(PETSC_COMM_SELF, SINEW_ERR_INPUT, "sinew list: no equation, stepper or section %s", word);
  PetscFunctionReturn(PETSC_SUCCESS);
}

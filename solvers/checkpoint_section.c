#include "solvers/checkpoint_section.h"

#define CHECKPOINT(member) offsetof(SinewCheckpointSection, member)
const SinewKey SinewCheckpointKeys[] = {{.name = "every",
                                         .type = SINEW_KEY_REAL,
                                         .offset = CHECKPOINT(every),
                                         .standard = "0",
                                         .min = 0,
                                         .max = 1e30,
                                         .doc = "time between checkpoints, at the next step; 0: not by time",
                                         .change = SINEW_CHANGE_FREE},
                                        {.name = "every_steps",
                                         .type = SINEW_KEY_INT,
                                         .offset = CHECKPOINT(every_steps),
                                         .standard = "0",
                                         .min = 0,
                                         .max = 2e9,
                                         .doc = "steps between checkpoints; 0: not by steps",
                                         .change = SINEW_CHANGE_FREE},
                                        {.name = "every_wall",
                                         .type = SINEW_KEY_DURATION,
                                         .offset = CHECKPOINT(every_wall),
                                         .standard = "30min",
                                         .min = 0,
                                         .max = 1e9,
                                         .doc = "wall-clock time between checkpoints; 0: not by the clock",
                                         .change = SINEW_CHANGE_FREE},
                                        {.name = "keep",
                                         .type = SINEW_KEY_INT,
                                         .offset = CHECKPOINT(keep),
                                         .standard = "2",
                                         .min = 2,
                                         .max = 1e6,
                                         .doc = "how many to keep",
                                         .change = SINEW_CHANGE_FREE},
                                        {.name = "at_end",
                                         .type = SINEW_KEY_BOOL,
                                         .offset = CHECKPOINT(at_end),
                                         .standard = "true",
                                         .doc = "one of the last state",
                                         .change = SINEW_CHANGE_FREE},
                                        {.name = "directory",
                                         .type = SINEW_KEY_STRING,
                                         .offset = CHECKPOINT(directory),
                                         .doc = "standard: checkpoints in output.directory",
                                         .change = SINEW_CHANGE_FREE},
                                        {.name = NULL}};

PetscErrorCode SinewCheckpointSectionRead(SinewDeck deck, SinewCheckpointSection *section)
{
  PetscFunctionBeginUser;
  PetscCall(SinewDeckRead(deck, SinewNodeGet(deck, SinewDeckRoot(deck), "checkpoint"), "checkpoint",
                          SinewCheckpointKeys, section));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCheckpointSectionDirectory(const SinewCheckpointSection *section, const char output[], size_t size,
                                               char directory[])
{
  PetscFunctionBeginUser;
  if (section->directory)
    PetscCall(PetscStrncpy(directory, section->directory, size));
  else
    PetscCall(PetscSNPrintf(directory, size, "%s/checkpoints", output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool SinewCheckpointSectionDue(const SinewCheckpointSection *c, PetscInt step, PetscReal t, PetscReal saved)
{
  if (c->every_steps > 0 && step % c->every_steps == 0) return PETSC_TRUE;
  return (PetscBool)(c->every > 0 && PetscFloorReal(t / c->every + 1e-9) > PetscFloorReal(saved / c->every + 1e-9));
}

/* `petsc: {ksp_type: cg, snes: {rtol: 1e-9}}` becomes -ksp_type cg -snes_rtol 1e-9; the command line has precedence. */
static PetscErrorCode read_petsc(SinewDeck deck, SinewNode map, const char prefix[])
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < SinewNodeCount(deck, map); i++) {
    const SinewNode value = SinewNodeEntry(deck, map, i);
    char name[256];
    PetscBool set;

    PetscCall(PetscSNPrintf(name, sizeof(name), "%s%s", prefix, SinewNodeEntryKey(deck, map, i)));
    if (SinewNodeGetKind(deck, value) == SINEW_NODE_MAP) {
      PetscCall(PetscStrlcat(name, "_", sizeof(name)));
      PetscCall(read_petsc(deck, value, name));
    } else if (SinewNodeGetKind(deck, value) == SINEW_NODE_SCALAR) {
      PetscCall(PetscOptionsHasName(NULL, NULL, name, &set));
      if (!set) PetscCall(PetscOptionsSetValue(NULL, name, SinewNodeText(deck, value)));
    } else
      PetscCall(SinewDeckMistake(deck, value, "petsc", "expected a value or a map of options"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPetscSectionRead(SinewDeck deck)
{
  PetscFunctionBeginUser;
  PetscCall(read_petsc(deck, SinewNodeGet(deck, SinewDeckRoot(deck), "petsc"), "-"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

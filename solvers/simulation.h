#ifndef SINEW_SOLVERS_SIMULATION_H
#define SINEW_SOLVERS_SIMULATION_H
/*
  A simulation: what a deck describes, ready to run.

    SinewSimulationCreate   reads every section of the deck; raises SINEW_ERR_INPUT after reporting all mistakes
    SinewSimulationSetUp    makes grid, fields, operators, TS; initial state or restart
    SinewSimulationPlan     prints what a run would do
    SinewSimulationRun      steps to the end (TSSolve), with outputs, checkpoints, guard and early stops
    SinewSimulationDestroy

  Everything is collective. Per step: one halo exchange a stage, and one reduction of three numbers (rate,
  admissibility, stop).
*/
#include "outputs.h"
#include "stepper.h"

typedef struct _p_SinewSimulation *SinewSimulation;

/* Who wants the state at the times first, first + every, ... to the end; steps hit them exactly. Collective. */
typedef struct {
  PetscReal first, every;
  PetscErrorCode (*call)(void *context, PetscInt frame, Vec U);
  void *context;
} SinewObserver;

/* A state that stands for the deck's initial one. */
typedef struct {
  const SinewDefinitions *definitions; /* for the deck's formulas; its section ensemble is left alone */
  PetscErrorCode (*fill)(void *context, SinewSimulation simulation, Vec U); /* collective */
  void *context;
} SinewStart;

typedef struct {
  const char *name;    /* stem of the deck's file name; standard output directory out/NAME */
  const char *restart; /* NULL: fresh; "auto": newest good checkpoint, else fresh; else a path */
  PetscReal wall_time; /* seconds; 0: no limit */
  PetscInt allowed_count;
  const char *const *allowed; /* frozen keys that may change on restart */
  const char *command_line;   /* provenance; may be NULL */
  PetscBool quiet;            /* no summary, no progress */
  PetscInt member;            /* of the deck's ensemble */
  SinewObserver *observer;    /* NULL: none. A run with one leaves no files: no outputs, no checkpoints */
  const SinewStart *start;    /* NULL: the deck's own; not for meshes that move */
} SinewSimulationOptions;

/* Keys of the sections that belong to the simulation itself, for `sinew list`. */
PETSC_EXTERN const SinewKey SinewTopKeys[], SinewTimeKeys[];

/* The deck must outlive the simulation. */
PETSC_EXTERN PetscErrorCode SinewSimulationCreate(MPI_Comm comm, SinewDeck deck, const SinewSimulationOptions *options,
                                                  SinewSimulation *simulation);
PETSC_EXTERN PetscErrorCode SinewSimulationSetUp(SinewSimulation simulation);
PETSC_EXTERN PetscErrorCode SinewSimulationPlan(SinewSimulation simulation, FILE *out);
/* *code: how it ended (SinewExit). A breakdown is an ending, not a PETSc error. */
PETSC_EXTERN PetscErrorCode SinewSimulationRun(SinewSimulation simulation, int *code);
/*
  SinewSimulationSample - instead of Run: reads from an open checkpoint the state of a stepper that does not live in
  cells (INSR), samples it on this simulation's grid, whose cells may be others than the run's, and writes the fields of
  the section `output` to path.h5 and path.xmf. Raises SINEW_ERR_INPUT when anything else of the deck is not the run's.
*/
PETSC_EXTERN PetscErrorCode SinewSimulationSample(SinewSimulation simulation, SinewFile checkpoint, const char path[]);
PETSC_EXTERN PetscErrorCode SinewSimulationDestroy(SinewSimulation *simulation);

/* Why the run broke down: a line that belongs to the simulation; empty when it did not. */
PETSC_EXTERN const char *SinewSimulationFailure(SinewSimulation simulation);
/* Parts, not owned by the caller, valid after SetUp. */
PETSC_EXTERN PetscErrorCode SinewSimulationGet(SinewSimulation simulation, SinewEquation *equation, SinewGrid *grid,
                                               SinewFV *fv, TS *ts, Vec *U);
/* Errors of the primitives against the exact solution now; *known false when there is none. See SinewDifference. */
PETSC_EXTERN PetscErrorCode SinewSimulationErrors(SinewSimulation simulation, PetscBool *known, PetscReal l1[],
                                                  PetscReal l2[], PetscReal linf[]);

/* The same against the deck's reference; *known false when there is none. */
PETSC_EXTERN PetscErrorCode SinewSimulationCompare(SinewSimulation simulation, PetscBool *known, PetscReal l1[],
                                                   PetscReal l2[], PetscReal linf[]);

#endif

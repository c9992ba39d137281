#ifndef SINEW_SOLVERS_SIMULATION_PRIVATE_H
#define SINEW_SOLVERS_SIMULATION_PRIVATE_H
/* The parts of a simulation, for simulation.c (set-up), run.c (time loop) and restart.c (checkpoints). */
#include "io/checkpoint.h"
#include "io/status.h"
#include "solvers/checkpoint_section.h"
#include "solvers/ensemble.h"
#include "solvers/grid_section.h"
#include "solvers/provenance.h"
#include "solvers/reference.h"
#include "solvers/simulation.h"
#include "solvers/stop.h"

struct _p_SinewSimulation {
  MPI_Comm comm;
  SinewDeck deck; /* not owned */
  SinewSimulationOptions options;
  const char *title;
  PetscReal end;
  SinewGridSection section;
  SinewEquation equation;
  SinewStepper stepper;
  SinewReference reference; /* NULL: none */
  SinewOutputs outputs;
  SinewEnsemble ensemble; /* NULL: none */
  SinewCheckpointSection checkpoint;
  char checkpoint_directory[PETSC_MAX_PATH_LEN];
  SinewProvenance provenance;

  SinewGrid grid;
  SinewBoundary boundary;
  SinewFV fv;
  SinewMeshMotion motion; /* NULL: the mesh rests */
  SinewProblem problem;
  TS ts;
  Vec U, good; /* good: last accepted state, kept for steppers that overwrite U before a step is accepted */
  SinewCheckpoints checkpoints;
  PetscBool restarted;

  /* the run */
  SinewStopClock clock;
  SinewStatus status;          /* NULL: none */
  double status_clock, memory; /* of the last line; bytes of the fullest rank */
  double io_seconds, load_seconds, checkpoint_clock;
  PetscInt first_step, checkpoint_step;
  PetscReal first_time, checkpoint_time;
  PetscReal last_step;
  SinewStopReason stop; /* agreed by all ranks */
  PetscBool save;       /* likewise: a checkpoint is asked for */
  PetscBool lost;       /* the reference broke down */
  PetscBool found;      /* a candidate was not admissible: where, and what was there */
  PetscInt bad_cell[3];
  PetscReal bad_value[SINEW_COMPONENTS_MAX];
  char last_checkpoint[PETSC_MAX_PATH_LEN];
  char failure[1024];
};

/* Writes a checkpoint of the solution at the TS's time and step. Collective. */
PETSC_INTERN PetscErrorCode SinewSimulationSave(SinewSimulation s);
/* Loads the checkpoint that the options name; s->restarted says whether there was one. Collective. */
PETSC_INTERN PetscErrorCode SinewSimulationLoad(SinewSimulation s);
/* status.jsonl: its beginning; a line when one is due; its end. Collective is the first alone. */
PETSC_INTERN PetscErrorCode SinewSimulationStatusOpen(SinewSimulation s);
PETSC_INTERN PetscErrorCode SinewSimulationStatusStep(SinewSimulation s, PetscInt step, PetscReal t);
PETSC_INTERN PetscErrorCode SinewSimulationStatusEnd(SinewSimulation s, const char how[], int code);
/* Rates and events for step control; see step_control.h. */
PETSC_INTERN SinewStepRate SinewSimulationRate;
PETSC_INTERN SinewStepEvent SinewSimulationEvent;

#endif

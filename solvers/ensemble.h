#ifndef SINEW_SOLVERS_ENSEMBLE_H
#define SINEW_SOLVERS_ENSEMBLE_H
/*
  Ensembles: many runs of one deck that differ by chance, in one data set for networks (neural/dataset.h).

    ensemble:
      members: 200
      seed: 1
      every: 1.5                        # time between frames
      fields: {u: smoke, vx: velocity_x, vy: velocity_y}
      draw: {buo_y: "0.2 + 0.3 * random(1)"}      # numbers of each member, which the deck's formulas may use
      split: train

  What differs. An initial condition that has a key `seed` gets one for each member, a permutation of (ensemble.seed,
  member) so that no two are equal; `random` of all formulas gets a seed likewise; formulas know `member` (0, 1, ...)
  and the numbers of `draw`, and every number of the deck may be a formula of these: `buoyancy: [0, buo_y]`. A member
  depends on its number and the seed alone, so that an ensemble can be continued with more members. Members are the same
  bits on any number of ranks and groups where the stepper is (explicit finite volumes).

  How it runs. Ranks are split into groups that take members in turn; members of a group run one after the other on its
  ranks, without files. A finished member is written as FILE.members/000012.h5, whole or not at all. When all are there
  they are copied into FILE, published at once, and removed. A run that was killed, or stopped by a signal, the clock or
  a file `stop` in the output directory (code 10; what a member in progress has done is lost), goes on when it is
  started again, on any ranks; members of another deck in that folder are a mistake. Members that break down are
  reported, left out, and listed in the attribute `failed` of FILE.

  Layouts. Arrays are [trajectory][frame][x][y], 8 bytes a number unless `precision: single`.
    pdearena   SPLIT/NAME; t (trajectory, frame), dt, dx, dy (trajectory), x, y (trajectory, cell), the numbers drawn,
               member, seed (trajectory). dx is the size of a cell.
    pdebench   SPLIT/SEED/NAME with an axis of 1 at the end; t, x, y once, the rest as above

  Memory: the frames of one member over the ranks of its group. Communication: none between groups but at the end.
*/
#include "equation.h"
#include "simulation.h"

typedef struct _p_SinewEnsemble *SinewEnsemble;

PETSC_EXTERN const SinewKey SinewEnsembleKeys[];

/*
  SinewEnsembleCreate - reads the section, draws the numbers of a member and defines them for all formulas that are read
  from the deck later. *ensemble is NULL when the deck has no such section. Not collective.
*/
PETSC_EXTERN PetscErrorCode SinewEnsembleCreate(SinewDeck deck, PetscInt member, SinewEnsemble *ensemble);
/* Records what does not fit the equation, the end of the run or the only step of a stepper (0: it has none). */
PETSC_EXTERN PetscErrorCode SinewEnsembleCheck(SinewEnsemble ensemble, SinewDeck deck, SinewEquation equation,
                                               const SinewGridOptions *grid, PetscReal end, PetscReal step);
PETSC_EXTERN PetscErrorCode SinewEnsembleDestroy(SinewEnsemble *ensemble);
/* One line for a plan, with the deck's output directory. */
PETSC_EXTERN PetscErrorCode SinewEnsemblePlan(SinewEnsemble ensemble, MPI_Comm comm, FILE *out);
/* How many members; 0 of no ensemble. */
PETSC_EXTERN PetscInt SinewEnsembleMembers(SinewEnsemble ensemble);

/*
  SinewEnsembleRun - all members of a deck that has the section. *code as for SinewSimulationRun; SINEW_EXIT_BREAKDOWN
  only when every member broke down. Collective.
*/
PETSC_EXTERN PetscErrorCode SinewEnsembleRun(MPI_Comm comm, SinewDeck deck, const SinewSimulationOptions *options,
                                             int *code);

#endif

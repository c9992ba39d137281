#ifndef SINEW_SOLVERS_EVALUATION_PRIVATE_H
#define SINEW_SOLVERS_EVALUATION_PRIVATE_H
/* The parts of an evaluation, for evaluation.c (deck, roll-outs), evaluation_network.c,
   evaluation_spectrum.c and evaluation_report.c. */
#include "solvers/data_section.h"
#include "solvers/evaluation.h"
#include "solvers/steppers/forecast_model.h"

#define EVALUATE_COMPONENTS SINEW_FORECAST_FIELDS_MAX
#define EVALUATE_STEPS_MAX  512
#define EVALUATE_RINGS_MAX  1024

typedef struct {
  const char *weights, *classical, *precision;
  PetscInt part, steps, trajectories, picture, lead;
} EvaluateSection;

/* Sums over trajectories of the relative error, its square, and the drift. */
typedef struct {
  double error[EVALUATE_COMPONENTS], square[EVALUATE_COMPONENTS], drift[EVALUATE_COMPONENTS];
} EvaluateStep;

typedef struct {
  MPI_Comm comm;
  PetscMPIInt rank, size;
  SinewDeck deck;
  const SinewSimulationOptions *options;
  EvaluateSection section;
  SinewDataSection data_section;
  char directory[PETSC_MAX_PATH_LEN], weights[PETSC_MAX_PATH_LEN];

  SinewDataset data;
  SinewDatasetShape shape;
  SinewForecastModel model;
  SinewLayout layout;
  SinewNetwork sinenet;           /* what is judged: one of these two */
  struct _p_EvaluateMmpde *mmpde; /* evaluation_network.c */
  PetscBool periodic;
  PetscInt parameters;
  SinewBox box;
  size_t plane, frame; /* numbers in this rank's box of a component, of a frame */
  PetscInt history, steps, trajectories;
  PetscReal time_step;               /* from frame to frame; 0: not known */
  double *truth, *predicted, *input; /* frames of a trajectory; of its roll-out; of a window */

  /* results */
  double one_step[EVALUATE_COMPONENTS], mse[EVALUATE_COMPONENTS];
  EvaluateStep step[EVALUATE_STEPS_MAX];
  PetscInt rings;
  double *spectrum;                          /* [first, last][truth, prediction][component][ring] */
  double network_seconds, classical_seconds; /* a step; classical 0: not asked for */
  PetscInt64 applications;
} Evaluation;

/* What the file of weights says, of either kind of network; after the data were opened, the network. */
PETSC_INTERN PetscErrorCode EvaluateNetworkRead(Evaluation *e);
PETSC_INTERN PetscErrorCode EvaluateNetworkCreate(Evaluation *e);
PETSC_INTERN PetscErrorCode EvaluateNetworkDestroy(Evaluation *e);
/* What conditional networks are told for a trajectory; nothing to others. */
PETSC_INTERN PetscErrorCode EvaluateNetworkCondition(Evaluation *e, PetscInt trajectory);
/* The prediction from the frames that `input` holds, the last of which is frame `frame` of a trajectory. Collective. */
PETSC_INTERN PetscErrorCode EvaluateNetworkApply(Evaluation *e, PetscInt frame, double out[]);
/* Adds the spectra of a frame: `which` 0 first or 1 last step; planes: truth, prediction. Collective. */
PETSC_INTERN PetscErrorCode EvaluateSpectrum(Evaluation *e, PetscInt trajectory, PetscInt which, const double truth[],
                                             const double predicted[]);
PETSC_INTERN double *EvaluateRings(Evaluation *e, PetscInt which, PetscInt side, PetscInt component);
/* Table, CSV, pictures. */
PETSC_INTERN PetscErrorCode EvaluateReport(Evaluation *e);
/* Truth, prediction and error after the roll-out of the trajectory that is in memory. */
PETSC_INTERN PetscErrorCode EvaluatePaint(Evaluation *e);

#endif

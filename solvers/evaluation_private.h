#ifndef SINEW_SOLVERS_EVALUATION_PRIVATE_H
#define SINEW_SOLVERS_EVALUATION_PRIVATE_H
/* The parts of an evaluation, for evaluation.c (deck, roll-outs), evaluation_network.c, evaluation_classical.c
   (solvers), evaluation_transfer.c, evaluation_spectrum.c, evaluation_report.c and evaluation_equal.c (reports). */
#include "solvers/data_section.h"
#include "solvers/evaluation.h"
#include "solvers/steppers/forecast_model.h"

#define EVALUATE_COMPONENTS SINEW_FORECAST_FIELDS_MAX
#define EVALUATE_STEPS_MAX  512
#define EVALUATE_RINGS_MAX  1024

typedef struct {
  const char *weights, *classical, *precision;
  PetscInt part, steps, trajectories, picture, lead;
  SinewIntList equal_error;
  SinewStringList fields;
} EvaluateSection;

/* Sums over trajectories of the relative error, its square, and the drift. */
typedef struct {
  double error[EVALUATE_COMPONENTS], square[EVALUATE_COMPONENTS], drift[EVALUATE_COMPONENTS];
} EvaluateStep;

/* The classical solver on the data's cells divided by `divisor`, and sums over trajectories. */
typedef struct {
  PetscInt divisor, nx, ny;
  PetscBool broken;                     /* down, in some trajectory */
  double seconds;                       /* of the roll-outs */
  double error[2][EVALUATE_COMPONENTS]; /* relative, after the first step and after the last */
} EvaluateGrid;

/* How values of one grid become values of another along an axis. */
typedef enum {
  EVALUATE_AVERAGES, /* of cells */
  EVALUATE_FACES,    /* values on the cells' lower faces */
  EVALUATE_FOURIER   /* points of a band-limited periodic function, in the middles of cells */
} EvaluatePlace;

typedef struct {
  EvaluatePlace place;
  PetscBool periodic, closed; /* closed: faces on the far side hold 0 */
} EvaluateAxis;

typedef struct {
  char *text;
  size_t used, size;
} EvaluateText;

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
  double network_seconds, classical_seconds; /* a step: the fastest, the mean; classical 0: not asked for */

  /* the classical solver at equal error, coarsest grid first */
  PetscInt grids, component[EVALUATE_COMPONENTS]; /* component: of the data, for each primitive of the solver */
  EvaluateGrid grid[SINEW_LIST_MAX];
  char solver[64];       /* its stepper */
  PetscReal solver_step; /* on the data's own grid; 0: by a CFL number */
} Evaluation;

/* Every rank's box of each component, [component][y][x], as whole maps on rank root, or with EVALUATE_ALL on all; what
   the other ranks' maps then hold is of no use. Collective: one sum over maps that are zero beside the box. */
#define EVALUATE_ALL (-1)
PETSC_INTERN PetscErrorCode EvaluateWholeMaps(MPI_Comm comm, PetscMPIInt root, PetscInt components, SinewBox box,
                                              const double values[], PetscInt ny, PetscInt nx, double maps[]);
/* ||p - y||^2, ||y||^2 and sums of p - y for each component of a frame, in the fields' own units. Collective. */
PETSC_INTERN PetscErrorCode EvaluateMeasure(const Evaluation *e, const double p[], const double y[], double sums[][3]);

/* What the file of weights says, of either kind of network; after the data were opened, the network. */
PETSC_INTERN PetscErrorCode EvaluateNetworkRead(Evaluation *e);
PETSC_INTERN PetscErrorCode EvaluateNetworkCreate(Evaluation *e);
PETSC_INTERN PetscErrorCode EvaluateNetworkDestroy(Evaluation *e);
/* What conditional networks are told for a trajectory; nothing to others. */
PETSC_INTERN PetscErrorCode EvaluateNetworkCondition(Evaluation *e, PetscInt trajectory);
/* The prediction from the frames that `input` holds, the last of which is frame `frame` of a trajectory. Collective. */
PETSC_INTERN PetscErrorCode EvaluateNetworkApply(Evaluation *e, PetscInt frame, double out[]);
/* With `classical`, the cost of a step of that deck's run as it stands. Collective. */
PETSC_INTERN PetscErrorCode EvaluateClassical(Evaluation *e);
/* With `equal_error`: mistakes, before anything long; the runs of the trajectory that is in memory. Collective. */
PETSC_INTERN PetscErrorCode EvaluateGridsCheck(Evaluation *e);
PETSC_INTERN PetscErrorCode EvaluateGridsRun(Evaluation *e, PetscInt trajectory);
/*
  EvaluateTransfer - weights [count][from]: values start, start + 1, ... of `to` along an axis from all of `from`, one
  of which divides the other.
*/
PETSC_INTERN void EvaluateTransfer(const EvaluateAxis *axis, PetscInt from, PetscInt to, PetscInt start, PetscInt count,
                                   double weight[]);
/* out [ny][nx] = wy map wx^T, of a map [from_y][from_x]; work [ny][from_x]. */
PETSC_INTERN void EvaluateTransferMap(PetscInt from_y, PetscInt from_x, const double map[], PetscInt ny, PetscInt nx,
                                      const double wy[], const double wx[], double work[], double out[]);
/* Adds the spectra of a frame: `which` 0 first or 1 last step; planes: truth, prediction. Collective. */
PETSC_INTERN PetscErrorCode EvaluateSpectrum(Evaluation *e, PetscInt trajectory, PetscInt which, const double truth[],
                                             const double predicted[]);
PETSC_INTERN double *EvaluateRings(Evaluation *e, PetscInt which, PetscInt side, PetscInt component);
/* Text that grows, and is published in the output directory. */
PETSC_INTERN PetscErrorCode EvaluateSay(EvaluateText *t, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);
PETSC_INTERN PetscErrorCode EvaluatePublish(Evaluation *e, const char name[], EvaluateText *t);
PETSC_INTERN double EvaluateMeanError(const Evaluation *e, PetscInt step); /* over components */
/* The classical solver at equal error: lines of the table; CSV and picture. */
PETSC_INTERN PetscErrorCode EvaluateEqualTable(const Evaluation *e, EvaluateText *t);
PETSC_INTERN PetscErrorCode EvaluateEqualFiles(Evaluation *e);
/* Table, CSV, pictures. */
PETSC_INTERN PetscErrorCode EvaluateReport(Evaluation *e);
/* Truth, prediction and error after the roll-out of the trajectory that is in memory. */
PETSC_INTERN PetscErrorCode EvaluatePaint(Evaluation *e);

#endif

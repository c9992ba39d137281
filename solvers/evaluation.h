#ifndef SINEW_SOLVERS_EVALUATION_H
#define SINEW_SOLVERS_EVALUATION_H
/*
  How good a trained network, SineNet or MM-PDE, is on trajectories that it has not seen: `sinew evaluate deck.yaml`.

    data: {files: "smoke_*.h5", scalars: [u], vectors: [vx, vy]}
    evaluate: {weights: best.h5, part: test, steps: 10}

  The deck may be the one that the network was trained by: the sections of the training are then left alone, and
  output.directory/best.h5 is the network. Numbers are those of SineNet's paper (specification of the AIRS code, section
  7): of every frame, in the fields' own units and for each component, ||p - y|| / ||y|| over the cells.

  A conditional network goes ahead by `evaluate.lead` of its steps from frame to frame (data.every says how far those
  are apart), and takes its scalar from data.parameter.

  * one step: from true frames, mean over all windows of all trajectories; also the mean square error
  * roll-out: from the first frames of a trajectory, predictions fed back: mean and standard deviation over trajectories
    after each step
  * drift of the integral of each component: (mean of p - mean of y) / sd, mean over trajectories after each step
  * spectra of truth and prediction after the first and last step: mean square of the modes in rings of one wavenumber
    (cosine modes where the network is not periodic)
  * cost: seconds of a step of the network (its fastest) and, with `classical: deck.yaml`, of a solver over that time
  * cost at equal error, with `equal_error: [1, 2, 4]`: that solver starts from the last frame that the network is
    given, on the data's cells divided by each number, and is judged by the same norm on the data's own cells, after the
    first step of the roll-out and after the last. A time is the faster one of two runs, a mean over trajectories;
    getting frames onto a grid and states off it is not counted. Between two grids logarithms of cost and error lie on a
    line. A solver that is exact on the data's own cells (as the one that made the data is) leaves no such line: there
    the two grids before tell how errors fall, if that is dearer, or the cost is a bound.
    Stretched axes, moving meshes and neural steppers are refused; formulas that know t begin with t = 0, and a given dt
    grows with the cells, up to the network's step.

  It leaves a table on standard output, and in the output directory evaluation.csv (a line a step), spectra.csv,
  rollout.png, spectrum_K.png (of component K) and frame.png (truth, prediction, error); at equal error also
  equal_error.csv (lines: the network, each grid, the solver as wrong as the network after the first and last step where
  that lies between two grids) and equal_error.png.

  All ranks share each map. Communication: the network's; a reduction of three numbers a component and frame; and one
  map a component for the spectra of each trajectory, which is gathered on one rank, another for each trajectory. At
  equal error, frames and states that are judged are summed up on all ranks, one map at a time but for the first frame.
  Memory: this rank's boxes of the frames of one trajectory. Everything is collective; errors are SINEW_ERR_INPUT with
  one line.
*/
#include "simulation.h"

PETSC_EXTERN const SinewKey SinewEvaluateKeys[];

/* Reads the deck, evaluates, writes and prints. options: name, command_line and quiet count. */
PETSC_EXTERN PetscErrorCode SinewEvaluate(MPI_Comm comm, SinewDeck deck, const SinewSimulationOptions *options);

#endif

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
  * cost: seconds of a step of the network and, with `classical: deck.yaml`, of a solver over the same time

  It leaves a table on standard output, and in the output directory evaluation.csv (a line a step), spectra.csv,
  rollout.png, spectrum_K.png (of component K) and frame.png (truth, prediction, error).

  All ranks share each map. Communication: the network's; a reduction of three numbers a component and frame; and one
  map a component for the spectra of each trajectory, which is gathered on one rank, another for each trajectory.
  Memory: this rank's boxes of the frames of one trajectory. Everything is collective; errors are SINEW_ERR_INPUT with
  one line.
*/
#include "simulation.h"

PETSC_EXTERN const SinewKey SinewEvaluateKeys[];

/* Reads the deck, evaluates, writes and prints. options: name, command_line and quiet count. */
PETSC_EXTERN PetscErrorCode SinewEvaluate(MPI_Comm comm, SinewDeck deck, const SinewSimulationOptions *options);

#endif

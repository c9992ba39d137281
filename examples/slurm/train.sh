#!/bin/bash
# A training that goes back into the queue until it is done.
#   sbatch --ntasks=16 --time=12:00:00 examples/slurm/train.sh deck.yaml [overrides ...]
# Slurm sends USR1 to the ranks ten minutes before the limit (a step of training and its checkpoint must fit into that);
# they write a checkpoint of weights, optimiser and random numbers and end with code 10, srun hands the code on, and the
# job returns to the queue. The same command starts and continues the training.
# Environment: LAUNCH ("srun --mpi=pmix"; with mpirun, which shields its ranks from signals, see chain.sh), SINEW,
# MOST_RESTARTS (100).
#SBATCH --job-name=sinew-train
#SBATCH --signal=USR1@600
#SBATCH --requeue
#SBATCH --open-mode=append
set -u
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-${SLURM_CPUS_PER_TASK:-1}}
${LAUNCH:-srun --mpi=pmix} "${SINEW:-sinew}" train "$@" --restart auto
code=$?
if [ "$code" = 10 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt "${MOST_RESTARTS:-100}" ]; then
  echo "stopped with a good checkpoint: back into the queue"
  scontrol requeue "$SLURM_JOB_ID"
  sleep 60 # until Slurm takes the job away
fi
exit "$code"

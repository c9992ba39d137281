#!/bin/bash
# A run longer than any job: goes back into the queue until it is done.
#   sbatch --ntasks=64 --time=04:00:00 examples/slurm/chain.sh deck.yaml [overrides ...]
# Slurm sends USR1 five minutes before the limit (to this shell: B), which passes it on; Sinew writes a checkpoint and ends
# with code 10, and the job returns to the queue under its own number. The same command starts and continues the run.
# Environment: LAUNCH (mpirun, or "srun --mpi=pmix"), SINEW (the program), MOST_RESTARTS (100).
#SBATCH --job-name=sinew
#SBATCH --signal=B:USR1@300
#SBATCH --requeue
#SBATCH --open-mode=append
set -u

pass_on() { kill -USR1 "$launcher" 2>/dev/null; }
trap pass_on USR1
${LAUNCH:-mpirun} "${SINEW:-sinew}" run "$@" --restart auto &
launcher=$!
while wait "$launcher"; code=$?; kill -0 "$launcher" 2>/dev/null; do :; done # a trap ends a wait early

if [ "$code" = 10 ]; then
  if [ "${SLURM_RESTART_COUNT:-0}" -lt "${MOST_RESTARTS:-100}" ]; then
    echo "stopped with a good checkpoint: back into the queue"
    scontrol requeue "$SLURM_JOB_ID"
    sleep 60 # until Slurm takes the job away
  else
    echo "stopped with a good checkpoint; restarted ${SLURM_RESTART_COUNT:-0} times already, not again"
  fi
fi
exit "$code"

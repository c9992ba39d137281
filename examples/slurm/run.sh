#!/bin/bash
# One run that fits into one job:  sbatch examples/slurm/run.sh deck.yaml [overrides ...]
# Ends by itself before the time limit if it has to, with a checkpoint (exit code 10): then take chain.sh.
#SBATCH --job-name=sinew
#SBATCH --ntasks=64
#SBATCH --time=04:00:00
#SBATCH --open-mode=append
set -u
exec ${LAUNCH:-mpirun} "${SINEW:-sinew}" run "$@" --restart auto --wall-time "${WALL_TIME:-3:55:00}"

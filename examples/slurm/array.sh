#!/bin/bash
# One parameter, many values: a job of the array runs one of them.
#   sbatch --array=0-4 examples/slurm/array.sh deck.yaml equation.viscosity 1e-2 1e-3 1e-4 1e-5 0
#SBATCH --job-name=sinew-array
#SBATCH --ntasks=16
#SBATCH --time=01:00:00
#SBATCH --open-mode=append
set -u
deck=$1 key=$2
shift 2
value=${*:$((SLURM_ARRAY_TASK_ID + 1)):1}
exec ${LAUNCH:-mpirun} "${SINEW:-sinew}" run "$deck" "$key=$value" \
  "output.directory=out/$(basename "$deck" .yaml)/$key=$value" --restart auto

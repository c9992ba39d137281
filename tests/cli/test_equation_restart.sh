#!/usr/bin/env bash
# TIMEOUT 180
# Equations beside the flow of gas: a run that goes on from a checkpoint ends with the bits of one that was left alone.
. "$(dirname "$0")/lib.sh"

cat >shallow_water.yaml <<'D'
equation: {type: shallow_water, gravity: 9.81, coriolis: 0.5, bathymetry: "0.6 * gauss((x - 6) / 2) * gauss((y - 5) / 2)"}
grid: {cells: [40, 32], upper: [10, 10], boundary: {x: wall, y: periodic}}
initial: {type: surface, level: "0.5 + 0.2 * (x < 3)"}
stepper: {type: ssp, scheme: rks2, reconstruction: plm_mc, cfl: 0.4}
time: {end: 1}
D
cat >wave.yaml <<'D'
equation: {type: wave, speed: "1 + 0.5 * (x > 0.5)"}
grid: {cells: [48, 40], boundary: {x: wall, y: periodic}}
initial: {type: expression, p: "gauss((x - 0.3) / 0.1) * gauss((y - 0.5) / 0.1)"}
stepper: {type: ssp, scheme: rks3}
time: {end: 0.5}
D
cat >reaction_diffusion.yaml <<'D'
equation: {type: reaction_diffusion, reaction: gray_scott}
grid: {cells: [32, 32], upper: [2.5, 2.5]}
initial: {type: patches}
stepper: {type: arkimex}
time: {end: 60}
D
cat >semi_lagrangian.yaml <<'D'
equation: {type: navier_stokes, viscosity: 0.01, scalars: [smoke], buoyancy: [0, 0.5], advection: semi_lagrangian}
grid: {cells: [32, 32], upper: [32, 32], boundary: {x: no_slip, y: no_slip}}
initial: {type: smoke}
stepper: {type: euler, dt: 1.5}
time: {end: 24}
D

for name in shallow_water wave reaction_diffusion semi_lagrangian; do
  it "$name" "
    code 0 ranks 2 run $name.yaml output.directory=whole_$name checkpoint.every_steps=4 checkpoint.keep=1000
    step=\$(sed -n 's/^RESULT .*step=\([0-9]*\) .*/\1/p' out)
    [ \$step -ge 8 ]
    code 0 ranks 2 run $name.yaml output.directory=again_$name checkpoint.every_steps=4 --restart whole_$name/checkpoints/0000004.h5
    says out '^restart +from whole_$name/checkpoints/0000004.h5'
    says out \"step=\$step \"
    same_bits \$(newest whole_$name) \$(newest again_$name)"
done
finish

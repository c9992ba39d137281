#!/usr/bin/env bash
# TIMEOUT 120
# What decks of the single equations get wrong is said in one line, at its place, with exit code 2.
. "$(dirname "$0")/lib.sh"

cat >pond.yaml <<'D'
equation: {type: shallow_water, bathymetry: "0.1*x"}
grid: {cells: [16, 16], boundary: {x: wall, y: wall}}
initial: {type: surface, level: 1}
stepper: {type: ssp}
time: {end: 0.01}
D
cat >phases.yaml <<'D'
equation: {type: reaction_diffusion, reaction: cahn_hilliard}
grid: {cells: [16]}
initial: {type: noise, amplitude: 0.1}
stepper: {type: bdf}
time: {end: 1e-6}
D

it "an uneven bottom and a scheme of point values do not go together" '
  code 2 sinew run pond.yaml stepper.reconstruction=weno5
  lines 1 err
  says err "stepper.reconstruction: expected constant, plm_"'

it "too long steps are refused" '
  code 2 sinew run pond.yaml stepper.cfl=1.5
  lines 1 err
  says err "stepper.cfl: expected at most 1"'

it "a negative depth is not admissible" '
  code 2 sinew run pond.yaml "initial={type: expression, h: x - 0.5}"
  says err "initial: not admissible.* where h = -"'

it "a bottom does not move" '
  code 2 sinew run pond.yaml "equation.bathymetry=0.1*t"
  lines 1 err
  says err "equation.bathymetry: expected a formula in x and y, found t"'

it "no rotation on a line" '
  code 2 sinew run pond.yaml grid.cells=[16] "grid.boundary={x: wall}" equation.coriolis=1
  lines 1 err
  says err "equation.coriolis: expected 0 in one dimension"'

it "jets need rotation" '
  code 2 sinew run pond.yaml "initial={type: jets}"
  says err "jets are balanced by rotation"'

it "a key of another reaction is no key" '
  code 2 sinew run phases.yaml equation.feed=0.1
  lines 1 err
  says err "equation.feed"'

it "constraints want a stepper that solves for them" '
  code 2 sinew run phases.yaml "stepper={type: ssp}"
  lines 1 err
  says err "stepper.type: expected bdf or beuler"'

it "an initial condition of another reaction is refused" '
  code 2 sinew run phases.yaml "initial={type: patches}"
  says err "patches is there for gray_scott"'

it "a rate is a formula in the names of the species" '
  code 2 sinew run phases.yaml "equation={type: reaction_diffusion, reaction: formulas, species: [a, b], rates: [a*b, a-c]}"
  says err "equation.rates: expected a formula, found .a-c.: unknown name"'

it "one rate a species" '
  code 2 sinew run phases.yaml "equation={type: reaction_diffusion, reaction: formulas, species: [a, b], rates: a}"
  says err "equation.rates: expected 2 formulas"'

it "no_slip needs a velocity" '
  code 2 sinew run phases.yaml "grid.boundary={x: no_slip}"
  lines 1 err
  says err "no_slip needs a velocity"'

it "steady is for diffusion" '
  code 2 sinew run pond.yaml "stepper={type: steady}"
  lines 1 err
  says err "stepper.type: steady is for equations with diffusion"'

it "and the decks without mistakes run" '
  code 0 sinew run pond.yaml output.directory=pond
  code 0 ranks 2 run phases.yaml "petsc={pc_type: lu, pc_factor_mat_solver_type: mumps}" output.directory=phases'
finish

#!/usr/bin/env bash
# TIMEOUT 600
# WEIGHT 2
# Fields as network weights, from decks: runs, samples, restarts, and what is said about mistakes.
. "$(dirname "$0")/lib.sh"

cat >wave.yaml <<'D'
title: a wave
equation: {type: advection, velocity: 0.5, diffusivity: 0.01}
grid: {cells: 48, boundary: {x: periodic}}
initial: {type: sine, offset: 1}
stepper: {type: insr, dt: 0.02, network: {width: 10, depth: 2, omega: 3}, fit: {adam: 300}}
time: {end: 0.2}
output: {every: 0.05, history_every: 1}
checkpoint: {every_steps: 5}
D
cat >pulse.yaml <<'D'
equation: {type: advection, velocity: 0.5}
grid: {cells: 64, boundary: {x: {lower: {type: inflow, values: {u: 0}}, upper: outflow}}}
initial: {type: gaussian, center: 0.3, width: 0.05}
stepper: {type: insr, dt: 0.02, network: {width: 6, depth: 1, omega: 1}, fit: {adam: 20, iterations: 5}}
time: {end: 0.2}
D

it "list: every key of the section" '
  code 0 sinew list insr
  for key in scheme dt network.width network.omega points sampling solver.iterations fit.adam fit.limit seed; do
    says out "^stepper.$key "
  done
  ! grep -q "^stepper.reconstruction" out'

it "check: network and points, without a fit" '
  code 0 sinew check wave.yaml
  says out "^scheme +midpoint, at [0-9]+ stratified points"
  says out "^network +151 weights \(2 x 10, sine\)"
  [ ! -e out/wave ]'

for n in 1 2; do
  it "a run, its solves in the history, its weights in the checkpoint ($n ranks)" '
    code 0 ranks $n run wave.yaml output.directory=w.$n
    says out "^fit +residual"
    says out "^error +u "
    says out "^ParaView +w.$n/fields.xmf \(5 states\)"
    says w.$n/history.csv "insr_iterations,insr_matrices,insr_residual,insr_held_out,insr_damping,insr_condition"
    awk -F, "NR == 3 {exit !(\$8 > 0 && \$10 > 0 && \$10 < 1e-5 && \$12 > 0 && \$13 > 1)}" w.$n/history.csv
    code 0 sinew info "$(newest w.$n)"
    says out "/weights/advection/net.0.weight"
    says out "/stepper/insr/previous/net.0.weight"
    says out "checksums: ok"'
  it "is continued to the last bit ($n ranks)" '
    code 0 ranks $n run wave.yaml output.directory=c.$n stepper.max_steps=5
    code 0 ranks $n run wave.yaml output.directory=c.$n --restart auto
    same_bits "$(newest w.$n)" "$(newest c.$n)"
    same_states w.$n c.$n'
done
it "on other numbers of ranks to rounding" '
  code 0 sinew compare "$(newest w.1)" "$(newest w.2)" --tolerance 1e-10
  code 0 ranks 1 run wave.yaml output.directory=c.12 stepper.max_steps=5
  code 0 ranks 2 run wave.yaml output.directory=c.12 --restart auto
  code 0 sinew compare "$(newest w.1)" "$(newest c.12)" --tolerance 1e-10'

it "sample: the field on any grid, for info, compare, plot and ParaView" '
  code 0 sinew sample "$(newest w.1)" -o fine.h5 grid.cells=480
  says out "^fine.h5"
  code 0 sinew info fine.h5
  says out "/fields/u +1x1x480"
  says out "checksums: ok"
  code 0 sinew compare fine.h5 "$(newest w.1)" --tolerance 5e-3
  code 0 sinew plot fine.h5 -o fine.png
  [ -s fine.png ]
  well_formed fine.xmf
  says fine.xmf "fine.h5:/fields/u"
  code 0 ranks 2 sample "$(newest w.1)" -o two.h5 grid.cells=480 output.precision=double
  code 0 sinew compare fine.h5 two.h5 --tolerance 1e-12
  code 0 sinew sample "$(newest w.1)" -o same.h5
  same_bits same.h5 "$(newest w.1)"'
it "sample: mistakes" '
  code 0 sinew run wave.yaml "stepper={type: ssp}" output.directory=grid.run
  for words in "$(newest grid.run) -o no.h5" "nowhere.h5 -o no.h5" "$(newest w.1)" "$(newest w.1) -o no.png" \
    "$(newest w.1) -o no.h5 equation.velocity=1" "$(newest w.1) -o no.h5 --frobnicate"; do
    code 2 sinew sample $words
    lines 1 err
    [ ! -e no.h5 ]
  done
  code 4 sinew sample "$(newest w.1)" -o wave.yaml/no.h5
  lines 1 err'

it "a run of cells is taken over" '
  code 0 sinew run wave.yaml "stepper={type: ssp, scheme: rks3, max_steps: 9}" output.directory=over
  code 2 sinew run wave.yaml output.directory=over --restart auto
  says err "stepper"
  code 0 sinew run wave.yaml output.directory=over --restart auto --allow-change stepper
  says out "^fit +residual"
  says out "status=done"'

for n in 1 2; do
  it "too few points for the weights: a warning, and the run goes on ($n ranks)" '
    code 0 ranks $n run wave.yaml output.directory=few.$n stepper.points=100 stepper.max_steps=1
    [ "$(grep -c "warning: .*100 points .* 151 weights" err)" = 1 ]'
  it "an unresolved initial fit: exit 2, the residual and what to enlarge, nothing written ($n ranks)" '
    code 2 ranks $n run pulse.yaml output.directory=unresolved.$n
    [ "$(grep -Ec "misses the initial field by [0-9.e-]+ .*enlarge" err)" = 1 ]
    [ ! -e unresolved.$n ]'
  it "an initial field that is not a number: exit 2 ($n ranks)" '
    code 2 ranks $n run wave.yaml "initial={type: expression, u: \"sqrt(x - 2)\"}" output.directory=nan.$n
    [ "$(grep -c initial err)" = 1 ]
    [ ! -e nan.$n ]'
  it "a step that cannot be solved: exit 3 with the reason, the last good state kept ($n ranks)" '
    code 3 ranks $n run wave.yaml output.directory=hard.$n stepper.step_limit=1e-12 stepper.rejections=2
    [ "$(grep -c "broke down in step 1 .*residual" err)" = 1 ]
    says err "last good state is in hard.$n/checkpoints/0000000.h5"
    says out "status=breakdown code=3"
    code 0 sinew info hard.$n/checkpoints/0000000.h5
    ! grep -i nan out
    says out "checksums: ok"
    code 0 ranks $n run wave.yaml output.directory=hard.$n --restart auto
    same_bits "$(newest w.$n)" "$(newest hard.$n)"'
  it "a source that is not a number on the way: exit 3, the last good state kept ($n ranks)" '
    code 3 ranks $n run wave.yaml output.directory=sour.$n stepper.rejections=1 \
      "equation.source=0*sqrt(0.11 - t)"
    [ "$(grep -c "broke down in step" err)" = 1 ]
    file=$(sed -n "s/.*last good state is in //p" err)
    code 0 sinew info $file
    ! grep -i nan out
    says out "checksums: ok"'
done

it "mistakes of the section have lines" '
  code 2 sinew run wave.yaml stepper.dt=0
  says err "stepper.*missing dt"
  code 2 sinew run wave.yaml stepper.scheme=leapfrog stepper.network.widht=3
  lines 2 err
  says err "stepper.scheme.*leapfrog"
  says err "widht.*width"
  code 2 sinew run wave.yaml stepper.reconstruction=ppm
  says err "reconstruction"
  code 2 sinew run wave.yaml stepper.scheme=gauss
  says err "stepper.scheme: gauss .*sdirk"
  code 2 sinew run wave.yaml "equation={type: euler}" "initial={type: kelvin_helmholtz}" "grid={cells: [16, 16]}"
  says err "stepper.type.*insr works for advection, .*reaction_diffusion, wave, elliptic, .*; found equation euler"
  code 2 sinew run wave.yaml "equation={type: reaction_diffusion, reaction: cahn_hilliard}" "initial={type: interface}"
  says err "equation.reaction: insr has no fourth derivatives"'

it "incompressible flow by insr: walls, and sides that cannot be" '
  printf "%s\n" "equation: {type: navier_stokes}" "grid: {cells: [16, 16], boundary: {x: wall, y: wall}}" \
    "initial: {type: taylor_green}" "stepper: {type: insr, dt: 0.02, scheme: midpoint, passes: 2," \
    "  network: {width: 8, depth: 2, omega: 3}, points: 256, fit: {adam: 200, limit: 0.02}}" "time: {end: 0.04}" >tg.yaml
  code 0 sinew run tg.yaml output.directory=flow "output.fields=[velocity, vorticity]"
  says out "^error +velocity_x"
  code 0 sinew info $(ls flow/*.h5 | tail -n 1)
  says out "/fields/vorticity +1x16x16"
  code 2 sinew run tg.yaml "stepper={type: bdf}"
  says err "stepper.type.*expected spectral, ssp, euler or insr for navier_stokes, found bdf"
  code 2 sinew run tg.yaml equation.drag=1
  says err "insr does navier_stokes in 2 dimensions, without scalars, drag"
  code 2 sinew run tg.yaml "grid.boundary.x={lower: {type: inflow, values: {velocity_x: 1}}, upper: wall}"
  says err "grid.boundary.x.*does not balance .net -1\. of 1\.."
  code 2 sinew run tg.yaml "equation={type: navier_stokes, mean: [0, 1]}"
  says err "grid.boundary.y: equation.mean goes through closed sides: expected 0 along y, found 1"'

split="stepper={type: insr, formulation: splitting, dt: 0.02, network: {width: 12, depth: 2, omega: 3}, fit: {adam: 200, limit: 0.02}}"
it "the original splitting: velocity and pressure, continued to the last bit" '
  code 0 sinew run tg.yaml "$split" output.directory=split
  says out "^error +velocity_x"
  code 0 sinew info "$(newest split)"
  says out "/stepper/insr/pressure/weights/net.0.weight"
  code 0 sinew run tg.yaml "$split" output.directory=parted stepper.max_steps=1
  code 0 sinew run tg.yaml "$split" output.directory=parted --restart auto
  same_bits "$(newest split)" "$(newest parted)"
  code 2 sinew run tg.yaml "$split" equation.viscosity=0.1 grid.boundary.y=periodic
  says err "equation: formulation splitting is without viscosity"
  says err "grid.boundary.y: formulation splitting stands between walls"
  code 2 sinew run wave.yaml stepper.formulation=splitting
  says err "stepper.formulation: splitting is of navier_stokes alone"'
finish

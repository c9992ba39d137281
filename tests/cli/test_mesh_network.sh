#!/usr/bin/env bash
# TIMEOUT 300
# Decks whose mesh a network moves: restart, ranks, guards, and what is said about weights that do not fit.
. "$(dirname "$0")/lib.sh"
"${SINEW_TEST_PROGRAMS:?where the programs of tests are}/make_mmpde" || exit 1
head -c 20000 mover.h5 >short.h5

cat >torus.yaml <<'D'
equation: {type: burgers, viscosity: 0.005}
grid: {cells: [20, 24], lower: [1, -1], upper: [3, 1]}
initial: {type: expression, u: "exp(-((x - 2)^2 + y^2) / 0.08)"}
stepper: {type: ssp, scheme: rks3}
time: {end: 0.4}
mesh_motion: {type: dmm, weights: mover.h5, every: 3, relaxation: 0.05}
output: {series: false, history_every: 1}
checkpoint: {every_steps: 4, keep: 100}
D
cat >box.yaml <<'D'
equation: {type: euler}
grid: {cells: [24, 20], boundary: {x: wall, y: {lower: outflow, upper: wall}}}
initial: {type: expression, rho: "1", p: "0.1 + exp(-((x - 0.4)^2 + (y - 0.5)^2) / 0.02)"}
time: {end: 0.1}
mesh_motion: {type: dmm, field: p, weights: mover.h5, relaxation: 0.02}
output: {series: false, history_every: 1}
checkpoint: {every_steps: 4, keep: 100}
D

last() { tail -n 1 "$1/history.csv"; }
field() { # DIRECTORY COLUMN: of the last line
  awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } END { print $c }' "$1/history.csv"
}
final() { ls "$1"/checkpoints/*.h5 | tail -n 1; }

for deck in torus box; do
  it "$deck: a continued run repeats the bits of one that never stopped" "
    code 0 sinew run $deck.yaml output.directory=whole_$deck
    code 0 sinew run $deck.yaml output.directory=part_$deck stepper.max_steps=5
    code 0 sinew run $deck.yaml output.directory=part_$deck --restart auto
    [ \"\$(last whole_$deck)\" = \"\$(last part_$deck)\" ]
    code 0 sinew compare \"\$(final whole_$deck)\" \"\$(final part_$deck)\"
  "
  for n in 2 4; do
    it "$deck: $n ranks agree with one" "
      code 0 ranks $n run $deck.yaml output.directory=ranks$n$deck
      code 0 sinew compare --tolerance 1e-9 \"\$(final whole_$deck)\" \"\$(final ranks$n$deck)\"
    "
  done
  it "$deck: the network has moved the mesh" "
    awk -v j=\"\$(field whole_$deck mesh_jacobian)\" 'BEGIN { exit !(j > 0.02 && j < 0.999) }'
  "
  it "$deck: of a network that would fold the mesh no more is taken than cells bear" "
    code 0 sinew run $deck.yaml output.directory=strong_$deck mesh_motion.weights=strong.h5
    awk -v j=\"\$(field strong_$deck mesh_jacobian)\" 'BEGIN { exit !(j >= 0.02 && j < 0.9) }'
  "
done
it 'contents stay to rounding' '
  awk -F, "NR == 2 { a = \$5 } NR > 2 { d = \$5 / a - 1; if (d > 1e-13 || d < -1e-13) exit 1 }" strong_torus/history.csv
'

# Newton's method that begins with the network's mesh at t = 0.
for deck in torus box; do
  sed 's/type: dmm/type: monge_ampere, solver: newton, fit: 1e-8/' $deck.yaml >guess_$deck.yaml
  sed 's/weights: mover.h5, //' guess_$deck.yaml >own_$deck.yaml
  it "$deck: Newton's first guess changes no mesh beyond the tolerance, on any number of ranks" "
    for name in guess own; do
      code 0 sinew run \${name}_$deck.yaml output.directory=\${name}_$deck stepper.max_steps=4
    done
    code 0 sinew compare --tolerance 1e-6 \"\$(final guess_$deck)\" \"\$(final own_$deck)\"
    ! sinew compare --tolerance 0 \"\$(final guess_$deck)\" \"\$(final own_$deck)\" >out # another way there
    [ \"\$(field guess_$deck mesh_newton)\" -gt 0 ]
    for n in 2 4; do
      code 0 ranks \$n run guess_$deck.yaml output.directory=guess\${n}_$deck stepper.max_steps=4
      code 0 sinew compare --tolerance 1e-9 \"\$(final guess_$deck)\" \"\$(final guess\${n}_$deck)\"
    done
  "
done
it 'a run with a guess continues with the same bits and counts' '
  code 0 sinew run guess_torus.yaml output.directory=part_guess stepper.max_steps=2
  code 0 sinew run guess_torus.yaml output.directory=part_guess stepper.max_steps=4 --restart auto
  [ "$(last guess_torus)" = "$(last part_guess)" ]
'

mistake() { # NAME PATTERN WORDS ...
  it "$1" "code 2 sinew run ${*:3}; says err '$2'"
}
mistake 'no weights' 'mesh_motion: missing weights: type dmm is a trained network' box.yaml "'mesh_motion={type: dmm, field: p}'"
mistake 'weights that are not there' 'mesh_motion.weights: cannot read the file .*none.h5' box.yaml mesh_motion.weights=none.h5
mistake 'weights of another mover' 'mesh_motion.weights: expected none: only type dmm and solver newton' box.yaml mesh_motion.type=monge_ampere
mistake 'a guess for a domain that is no square' 'grid.upper: expected a square domain' box.yaml mesh_motion.type=monge_ampere mesh_motion.solver=newton "'grid.upper=[2, 1]'"
mistake 'a guess by a network of another kind' 'missing' box.yaml mesh_motion.type=monge_ampere mesh_motion.solver=newton mesh_motion.weights=still.h5
mistake 'a domain that is no square' 'grid.upper: expected a square domain' box.yaml "'grid.upper=[2, 1]'"
mistake 'three dimensions' 'grid.cells: expected 2 axes' box.yaml "'grid.cells=[8, 8, 8]'" grid.boundary=periodic
mistake 'a file that ends early' 'short.h5' box.yaml mesh_motion.weights=short.h5
mistake 'a network of another kind' 'missing' box.yaml mesh_motion.weights=still.h5
mistake 'weights that are no numbers' 'nanmover.h5|not finite' box.yaml mesh_motion.weights=nanmover.h5
finish

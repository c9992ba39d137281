#!/usr/bin/env bash
# TIMEOUT 300
# WEIGHT 2
# Decks with mesh_motion: restart, ranks, conservation, files, mistakes.
. "$(dirname "$0")/lib.sh"

cat >front.yaml <<'D'
equation: {type: burgers, viscosity: 0.005}
grid: {cells: [24, 24]}
initial: {type: expression, u: "exp(-((x - 0.5)^2 + (y - 0.5)^2) / 0.02)"}
stepper: {type: rkl, dt_max: 0.01}
time: {end: 0.25}
mesh_motion: {type: monge_ampere, every: 3}
output: {every: 0.1, history_every: 4, image: {field: u, lines: true}}
checkpoint: {every_steps: 5, keep: 100}
D
sed 's/^stepper.*/stepper: {type: arkimex, control: cfl, cfl: 0.5}/' front.yaml >implicit.yaml
cat >blast.yaml <<'D'
equation: {type: euler}
grid: {cells: [24, 20], boundary: {x: wall, y: {lower: outflow, upper: wall}}}
initial: {type: expression, rho: "1", p: "0.1 + exp(-((x - 0.4)^2 + (y - 0.5)^2) / 0.02)"}
stepper: {type: ssp, scheme: rks2}
time: {end: 0.15}
mesh_motion: {type: monge_ampere, solver: newton, field: [p, rho], field_weights: [2, 1], relaxation: 0.02, monitor: arc_length}
output: {every: 0.1, history_every: 4}
checkpoint: {every_steps: 5, keep: 100}
D
cat >box.yaml <<'D'
equation: {type: euler, gravity: [0, 0, -1]}
grid: {cells: [10, 8, 9], boundary: {x: wall, y: periodic, z: wall}}
initial: {type: expression, rho: "1", p: "1 + exp(-((x - 0.4)^2 + (y - 0.5)^2 + (z - 0.5)^2) / 0.02)"}
time: {end: 0.05}
mesh_motion: {type: monge_ampere, field: p, relaxation: 0.02, smoothing: 0.1}
output: {history_every: 1}
checkpoint: {every_steps: 2, keep: 100}
D

cat >bore.yaml <<'D'
equation: {type: shallow_water, gravity: 1, coriolis: 0.5}
grid: {cells: [24, 20], lower: -2, upper: 2, boundary: {x: wall, y: {lower: wall, upper: wall}}}
initial: {type: dam_break, inside: 2, outside: 1, radius: 0.7}
stepper: {type: ssp, scheme: rks2}
time: {end: 0.5}
mesh_motion: {type: monge_ampere, monitor: curvature, field: h, relaxation: 0.05}
output: {history_every: 4}
checkpoint: {every_steps: 5, keep: 100}
D

last() { tail -n 1 "$1/history.csv"; }
field() { # FILE COLUMN: of the last line
  awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } END { print $c }' "$1/history.csv"
}

for deck in front implicit blast box bore; do
  it "$deck: a continued run repeats the bits of one that never stopped" "
    code 0 sinew run $deck.yaml output.directory=whole_$deck
    code 0 sinew run $deck.yaml output.directory=part_$deck stepper.max_steps=4
    code 0 sinew run $deck.yaml output.directory=part_$deck --restart auto
    says out '^restart   from'
    [ \"\$(last whole_$deck)\" = \"\$(last part_$deck)\" ]
    code 0 sinew compare \"\$(ls whole_$deck/checkpoints/*.h5 | tail -n 1)\" \"\$(ls part_$deck/checkpoints/*.h5 | tail -n 1)\"
  "
  for n in 2 4; do
    it "$deck: $n ranks agree with one" "
      code 0 ranks $n run $deck.yaml output.directory=ranks$n$deck
      code 0 sinew compare --tolerance 1e-9 \"\$(ls whole_$deck/checkpoints/*.h5 | tail -n 1)\" \
        \"\$(ls ranks$n$deck/checkpoints/*.h5 | tail -n 1)\"
    "
  done
  it "$deck: no cell is near folding, and the mesh has moved" "
    awk -v j=\"\$(field whole_$deck mesh_jacobian)\" 'BEGIN { exit !(j > 0.02 && j < 0.9) }'
  "
done

for deck in front implicit bore; do
  it "$deck: contents stay to rounding" "
    awk -F, 'NR == 2 { a = \$5 } NR > 2 { d = \$5 / a - 1; if (d > 1e-13 || d < -1e-13) exit 1 }' whole_$deck/history.csv
  "
done
it 'the monitor of the Data-free Mesh Mover asks for more, and the guard holds' '
  code 0 sinew run front.yaml output.directory=original stepper.max_steps=4 mesh_motion.monitor=original output.history_every=1
  code 0 sinew run front.yaml output.directory=gradient stepper.max_steps=4 output.history_every=1
  awk -v a="$(field original mesh_jacobian)" -v b="$(field gradient mesh_jacobian)" "BEGIN { exit !(a > 0.02 && a < b) }"
'
it 'series and checkpoint hold moved nodes' '
  code 0 sinew info whole_front/fields_000001.h5
  says out "/mesh/nodes"
  code 0 sinew plot "$(ls whole_front/checkpoints/*.h5 | tail -n 1)" --field u -o plot.png || code 0 sinew plot "$(ls whole_front/checkpoints/*.h5 | tail -n 1)"
  [ -s whole_front/u.png ]
'

mistake() { # NAME PATTERN WORDS ...
  it "$1" "code 2 sinew run ${*:3}; says err '$2'"
}
mistake 'a typo is named' 'mesh_motion.shar: unknown key; did you mean "share"' front.yaml mesh_motion.shar=0.5
mistake 'a field that is not there' 'mesh_motion.field: expected a field of burgers, found "rho"' front.yaml mesh_motion.field=rho
mistake 'weights for other fields' 'mesh_motion.field_weights: expected one for each of the 1 fields' front.yaml 'mesh_motion.field_weights=[1,2]'
mistake 'one dimension' 'grid.cells: expected 2 or 3 axes' front.yaml 'grid.cells=[24]'
mistake 'stretched axes' 'grid.stretch: expected none' front.yaml "'grid.stretch={x: x}'"
mistake 'steppers with a memory' 'stepper: expected ssp, rkl, euler' front.yaml "'stepper={type: bdf}'"
mistake 'pairs whose stages stand apart' 'stepper: expected ssp, rkl, euler' front.yaml "'stepper={type: arkimex, scheme: prssp2}'"
mistake 'an even number of stages' 'stepper.stages: expected an odd number' front.yaml stepper.stages=6
mistake 'WENO' 'stepper: expected ssp, rkl, euler' front.yaml stepper.reconstruction=weno5
mistake 'tensors in place' 'coefficients of diffusion must be constant' front.yaml \
  "'equation={type: diffusion, diffusivity: [\"0.01*x\", 0.01]}'"
mistake 'an uneven bottom' 'coefficients of shallow_water must be constant' bore.yaml 'equation.bathymetry="0.1*x"'
it 'a mesh that is folded in its checkpoint' 'code 2 sinew run front.yaml output.directory=part_front "grid.upper=[0.1, 0.1]" --restart auto --allow-change grid.upper; says err "the mesh to begin with is folded"'
mistake 'a formula that is missing' 'missing formula' front.yaml mesh_motion.monitor=formula
mistake 'a monitor that is zero' 'mesh_motion.monitor: not positive' front.yaml mesh_motion.monitor=formula mesh_motion.formula=0
mistake 'a monitor that is no number' 'mesh_motion.monitor: not positive' front.yaml mesh_motion.monitor=formula \
  "'mesh_motion.formula=\"sqrt(x - 2)\"'"
it 'too few cells a rank' 'code 2 ranks 4 run front.yaml "grid.cells=[24, 4]" "grid.ranks=[2, 2]"; says err "a moving mesh needs 3 cells a rank"'
finish

#!/usr/bin/env bash
# TIMEOUT 400
# WEIGHT 2
# Elastic bodies through decks: ranks and restarts do not change them, outputs show them where they are, energy and
# momentum are in the history, mistakes are said in one line.
. "$(dirname "$0")/lib.sh"

cat >fall.yaml <<'D'
equation:
  {type: elasticity, stiffness: 20, volume: 50, density: 2, force: [0, -40], force_end: 0.2, contact: 1e5,
   obstacles: {type: sphere, center: [0.2, -1.9], radius: 0.8}}
grid: {cells: [12, 10], lower: [-1, -1], upper: [1, 1], boundary: {x: outflow, y: outflow}}
initial: {type: undeformed}
stepper:
  {type: insr, dt: 0.05, points: 144, held_out: 0, face_points: 24, network: {width: 8, depth: 2, omega: 2},
   solver: {iterations: 8, stagnation: 1e-3, damping: 1e-3, acceleration: true}}
time: {end: 0.4}
output: {every: 0.1, history_every: 1, image: {field: strain_energy, lines: true}}
D
# column NAME FILE: its last value
column() { awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } END { print $c }' "$2"; }
# near A B PART: |A - B| <= PART |B|
near() { awk -v a="$1" -v b="$2" -v p="$3" 'BEGIN { d = a - b; exit !((d < 0 ? -d : d) <= p * (b < 0 ? -b : b)) }'; }

it "a body falls and lands, on one, two and four ranks alike" '
  for n in 1 2 4; do code 0 ranks $n run fall.yaml output.directory=on$n; done
  code 0 sinew compare "$(newest on1)" "$(newest on2)" --tolerance 1e-10
  code 0 sinew compare "$(newest on1)" "$(newest on4)" --tolerance 1e-10'

it "a restart is the run, to the bit" '
  code 0 sinew run fall.yaml output.directory=part stepper.max_steps=3
  code 0 sinew run fall.yaml output.directory=part --restart auto
  same_bits "$(newest on1)" "$(newest part)"
  same_states on1 part'

it "what is pushed has its momentum" '
  code 0 sinew run fall.yaml output.directory=push equation.obstacles=[] time.end=0.2
  near "$(column momentum_y push/history.csv)" -32 1e-4
  near "$(column kinetic_energy push/history.csv)" 64 1e-4'

it "what lands does not go through" '
  awk "BEGIN { exit !($(column deepest on1/history.csv) < 0.01) }"
  awk "BEGIN { exit !($(column momentum_y on1/history.csv) > -31) }"'

it "files show the body where it is" '
  [ -s on1/strain_energy.png ]
  well_formed on1/fields.xmf
  says on1/fields.xmf "3DSMesh"
  says on1/fields.xmf "fields_000004.h5:/mesh/nodes"'

it "a side that is held moves as it is told, and the rest follows" '
  code 0 sinew run fall.yaml output.directory=held "equation={type: elasticity, material: linear, density: 0, clamp: 1e3}" \
    "grid.boundary={x: {lower: {type: dirichlet, values: {displacement_x: 0, displacement_y: 0}}, \
      upper: {type: dirichlet, values: {displacement_x: 0.1 * t / 0.4, displacement_y: 0}}}, y: wall}" \
    time.end=0.1 stepper.dt=0.1 stepper.solver.stagnation=1e-6
  # u_x = 0.025 (x + 1) / 2 between rollers: volume 4 times (mu + lambda / 2) 0.0125^2
  near "$(column elastic_energy held/history.csv)" 4.2067e-4 2e-2'

it "the original way is there to be compared with" '
  code 0 sinew run fall.yaml output.directory=adam stepper.solver.adam=20 stepper.max_steps=1
  near "$(column insr_iterations adam/history.csv)" 20 0'

cat >small.mesh <<'D'
MeshVersionFormatted 2
Dimension 2
Vertices 4
-1 -1 0
1 -1 0
1 1 0
-1 1 0
Triangles 2
1 2 3 0
1 3 4 0
End
D
it "a body from a file is pushed like the box that it is" '
  code 0 sinew run fall.yaml output.directory=mesh equation.obstacles=[] equation.mesh=small.mesh time.end=0.2 output.image=[]
  near "$(column momentum_y mesh/history.csv)" -32 1e-4
  well_formed mesh/body.xmf
  says mesh/body.xmf "Triangle.*body_000002.h5:/mesh/cells.*body_000002.h5:/mesh/nodes"'

it "a body from a file lands on one and two ranks alike" '
  for n in 1 2; do code 0 ranks $n run fall.yaml output.directory=mesh$n equation.mesh=small.mesh output.image=[]; done
  code 0 sinew compare "$(newest mesh1)" "$(newest mesh2)" --tolerance 1e-10'

sed "s/^End/Edges 4\n1 2 3\n3 2 2\n3 4 3\n4 1 1\nEnd/" small.mesh >labelled.mesh
pulled="{type: elasticity, material: linear, density: 0, clamp: 1e3, mesh: labelled.mesh"
it "a body from a file is held by labels and by formulas, and pulled" '
  code 0 sinew run fall.yaml output.directory=pulled time.end=0.1 stepper.dt=0.1 stepper.solver.stagnation=1e-6 \
    "output.image=[{field: displacement_x}]" "equation=$pulled, clamps: [{label: 1, displacement_x: 0}, \
      {where: x - 0.9, displacement_x: 0.1 * t / 0.4}, {label: [3, 9], displacement_y: 0}]}"
  # as the box between rollers above
  near "$(column elastic_energy pulled/history.csv)" 4.2067e-4 2e-2
  [ -s pulled/displacement_x.png ]'

it "clamps outside of the body hold nothing" '
  code 2 sinew run fall.yaml output.image=[] "equation=$pulled, clamps: [{label: 4, displacement_x: 0}, \
    {label: 2, where: -x, displacement_x: 0}, {where: y - 3, displacement_y: 1}]}"
  lines 3 err
  says err "equation.clamps.*the clamp is outside of the body: no face of its surface has that label, they have 1, 2, 3"
  says err "outside of the body: no face of its surface with that label lies where -x is positive"
  says err "outside of the body: no face of its surface lies where y - 3 is positive"
  code 2 sinew run fall.yaml "equation.clamps=[{label: 4, displacement_x: 0}, {label: 1}]"
  lines 2 err
  says err "equation.clamps: clamps are for a body from a file"
  says err "equation.clamps.*expected displacement_x, _y or _z"'

it "mistakes of a mesh are told by file and line" '
  sed "s/^1 1 0/1 one 0/" small.mesh >bad.mesh
  code 2 sinew run fall.yaml equation.mesh=bad.mesh output.image=[]
  says err "bad.mesh:6: expected a coordinate, found \"one\""
  sed "s/^1 3 4 0/1 3 5 0/" small.mesh >bad.mesh
  code 2 sinew run fall.yaml equation.mesh=bad.mesh output.image=[]
  says err "bad.mesh:10: expected a vertex from 1 to 4, found \"5\""
  head -n 9 small.mesh >bad.mesh
  code 2 sinew run fall.yaml equation.mesh=bad.mesh output.image=[]
  says err "bad.mesh:10: the file ends where a vertex should be"
  code 2 sinew run fall.yaml equation.mesh=none.mesh output.image=[]
  says err "none.mesh: No such file"'

it "a body from a file lies in its box and has a surface that is free" '
  code 2 sinew run fall.yaml equation.mesh=small.mesh "grid.upper=[0.5, 1]"
  says err "equation.mesh: expected a body inside of the grid.s box: along x it reaches from -1 to 1"
  says err "output.image: pictures of a body from a file show a component of its displacement or volume_ratio, not strain_energy"
  code 2 sinew run fall.yaml equation.mesh=small.mesh output.image=[] "grid.boundary={x: periodic, y: outflow}"
  says err "equation.mesh: expected outflow on all sides"'

it "other steppers are not for it" '
  code 2 sinew run fall.yaml "stepper={type: ssp}"
  lines 1 err
  says err "stepper.type: expected insr, the stepper of elasticity, found ssp"'

it "schemes of rates are not for it, nor its own for others" '
  code 2 sinew run fall.yaml stepper.scheme=midpoint
  lines 1 err
  says err "stepper.scheme: variational is the scheme of elasticity"
  code 2 sinew run fall.yaml stepper.sampling=adaptive
  says err "stepper.sampling: adaptive goes by the rate"
  code 2 sinew run fall.yaml "equation={type: burgers}" "initial={type: gaussian}" stepper.scheme=variational \
    output.image=[] "grid.boundary={}"
  says err "stepper.scheme: variational is the scheme of elasticity"'

it "a clamp outside of the body holds nothing" '
  code 2 sinew run fall.yaml "grid.boundary.x=[{type: dirichlet, where: y - 3, values: {displacement_x: 0}}, {type: outflow}]"
  says err "grid.boundary.x: the lower side of the body has no point where y - 3 is positive"'

cat >bar.yaml <<'D'
equation:
  {type: elasticity, material: neo_hookean, young: 10, poisson: 0.3, density: 0, clamp: 1e4, traction: ["5 * t * (x > 1.999)", 0]}
grid:
  {cells: [16, 8], lower: [0, 0], upper: [2, 1],
   boundary: {x: {lower: wall, upper: outflow}, y: {lower: wall, upper: outflow}}}
initial: {type: undeformed}
stepper:
  {type: insr, dt: 1, points: 100, sampling: quadrature, held_out: 0, face_points: 12,
   network: {width: 8, depth: 2, omega: 1}, solver: {iterations: 150, stagnation: 1e-8, damping: 1e-3, damping_least: 1e-14}}
time: {end: 1}
output: {every: 1, history_every: 1}
D
it "a dead load on a body without inertia is borne, by Newton, on one, two and four ranks alike" '
  for n in 1 2 4; do code 0 ranks $n run bar.yaml output.directory=bar$n; done
  # (l - 1) x + t / (2 clamp) with the stretch l = 1.66519536 that mu, lambda and the traction give, at the last cell
  near "$(column displacement_x_max bar1/history.csv)" 1.289066 2e-6
  near "$(column elastic_energy bar1/history.csv)" 3.69566078 2e-6
  code 0 sinew compare "$(newest bar1)" "$(newest bar2)" --tolerance 1e-10
  code 0 sinew compare "$(newest bar1)" "$(newest bar4)" --tolerance 1e-10'

it "and by conjugate gradients with the exact Hessian, roughly" '
  code 0 sinew run bar.yaml output.directory=barcg stepper.solver.method=newton_cg stepper.solver.damping=1e-9
  near "$(column elastic_energy barcg/history.csv)" 3.69566078 2e-3'

it "loads need what bears them, and their own solver" '
  code 2 sinew run fall.yaml equation.density=0 equation.obstacles=[]
  lines 1 err
  says err "equation.density: nothing bears the load of a body without inertia"
  code 2 sinew run bar.yaml stepper.solver.method=normal
  says err "stepper.solver: expected method auto, newton or newton_cg: the energy of a dead load"
  code 2 sinew run bar.yaml stepper.solver.adam=10 stepper.fit.method=newton
  says err "stepper.solver: adam takes the energy for a sum of squares"
  says err "stepper.fit: newton and newton_cg are for energies"
  code 2 sinew run bar.yaml "equation.traction=[1, 2, 3]"
  says err "equation.traction: expected 2 components, found 3"'

it "obstacles are what they must be" '
  code 2 sinew run fall.yaml "equation.obstacles=[{type: cone}, {type: plane, point: [0, 0], normal: [0, 0]}, \
    {type: box, lower: [0, 0], upper: [1, -1]}, {type: sphere, center: [0, 0, 0], radius: 1}, {type: plane, point: [0, 0]}]"
  lines 5 err
  says err "equation.obstacles.*expected plane, sphere or box, found \"cone\""
  says err "expected a normal that is not zero"
  says err "expected lower below upper, found 0 and -1"
  says err "expected 2 coordinates of center, found 3"
  says err "obstacles.4..normal: missing"'

it "a wrong key has a right neighbour" '
  code 2 sinew run fall.yaml equation.stifness=3
  lines 1 err
  says err "equation.stifness.*stiffness"'

it "a body turned inside out at the start is no state of a Neo-Hookean solid" '
  code 3 sinew run fall.yaml equation.material=neo_hookean output.directory=inverted \
    "initial={type: expression, displacement_x: -1.5 * x}"
  says err "the solution broke down in step 1"
  says err "inside out"'

finish

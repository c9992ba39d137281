#!/usr/bin/env bash
# TIMEOUT 300
# WEIGHT 4
# From 9 to 16 ranks of equal boxes, by PETSc's log: no rank sends more messages (all have 8 neighbours on either), makes
# more reductions or takes more memory, and none is special. Gathering on a rank, or memory for each rank, would show.
. "$(dirname "$0")/lib.sh"
"${SINEW_TEST_PROGRAMS:?where the programs of tests are}/make_networks" || exit 1

cat >classical.yaml <<'D'
equation: {type: euler}
initial: {type: kelvin_helmholtz}
stepper: {type: ssp, scheme: rks2, max_steps: 10}
D
cat >neural.yaml <<'D'
equation: {type: burgers}
initial: {type: sine}
stepper: {type: sinenet, weights: good.h5, max_steps: 3}
D
for deck in classical neural; do
  cat >>$deck.yaml <<'D'
time: {end: 100}
output: {series: false, history_every: 0, status: 0}
checkpoint: {at_end: false, every_wall: 0}
D
done

# counted DECK RANKS SIDE: memory, messages, their largest over least, reductions, of the worst rank
counted() {
  code 0 ranks "$2" run "$1.yaml" output.directory=run "grid.cells=[$3,$3]" --quiet -- -malloc_debug -log_view ":$1.$2.log"
  awk '/^Memory \(bytes\)/ {memory = $3} /^MPI Msg Count/ {messages = $4; ratio = $5} /^MPI Reductions/ {reductions = $3}
    END {printf "%d %d %.3f %d\n", memory, messages, ratio, reductions}' "$1.$2.log"
}
for deck in classical neural; do
  it "$deck" '
    counted $deck 9 96 >nine
    counted $deck 16 128 >sixteen
    cat nine sixteen
    read -r memory messages ratio reductions <nine
    read -r more_memory more_messages more_ratio more_reductions <sixteen
    [ $messages -gt 50 ] && [ $more_messages = $messages ] && [ $more_reductions = $reductions ]
    [ $ratio = 1.000 ] && [ $more_ratio = 1.000 ]
    [ $more_memory -le $((memory * 103 / 100)) ]'
done
finish

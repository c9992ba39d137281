#!/usr/bin/env bash
# TIMEOUT 300
# WEIGHT 2
# Trainings: they learn, are killed and go on to the last bit, stop on request, and say what is wrong.
. "$(dirname "$0")/lib.sh"
"$SINEW_TEST_PROGRAMS/make_trajectories" || exit 1

cat >deck.yaml <<'D'
title: travelling waves
data: {files: waves.h5, scalars: [u], split: [0.75, 0.25, 0], shift: [x, y]}
network: {hidden: 6, waves: 1, mult: 1.3, padding: circular}
train: {epochs: 8, batch: 6, rate: 4e-3, warm_up: 1, validate_steps: 4, average: 0.9, clip: 1}
checkpoint: {every: 1}
D
weights() { code 0 sinew convert "$1" "$2.safetensors"; } # parameters and normalisation alone
column() { awk -F, -v name="$1" -v line="$2" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == name) c = i} NR == line + 1 {print $c}' "$3"; }

it 'the plan is printed' '
  code 0 sinew check deck.yaml
  says out "data +6 trajectories of 7 frames, 1 components on 16 x 16 cells; 2 for validation"
  says out "training +8 epochs of 7 steps of 6 samples; adamw, scaledl2"
  [ ! -e whole ]'

it 'it learns' '
  code 0 sinew train deck.yaml output.directory=whole
  says out "^RESULT status=done code=0 step=56 t=8 checkpoint=whole/checkpoints/0000056.h5"
  lines 9 whole/history.csv
  [ -s whole/loss.png ] && [ -s whole/validation.png ]
  awk "BEGIN {exit !($(column valid_one_step 8 whole/history.csv) < 0.5 * $(column valid_one_step 1 whole/history.csv))}"'

alike() { # loss of epoch 2, before rounding has grown
  awk "BEGIN {a = $(column loss 2 "$1/history.csv") / $(column loss 2 "$2/history.csv"); exit !(a > 0.9999 && a < 1.0001)}"
}
it 'in groups it does the same, to rounding' '
  code 0 ranks 2 train deck.yaml output.directory=groups train.groups=2
  alike whole groups
  code 0 ranks 2 train deck.yaml output.directory=space train.accumulate=3
  alike whole space'

it 'killed at any instant, it goes on to the last bit' '
  weights whole/last.h5 whole
  for pause in 1.2 0.4 0.8; do
    "$SINEW" train deck.yaml output.directory=killed --restart auto >out 2>err &
    pid=$!
    sleep $pause
    kill -9 $pid 2>/dev/null || :
    wait $pid || :
  done
  code 0 sinew train deck.yaml output.directory=killed --restart auto
  weights killed/last.h5 killed
  cmp whole.safetensors killed.safetensors
  weights whole/best.h5 whole_best
  weights killed/best.h5 killed_best
  cmp whole_best.safetensors killed_best.safetensors
  cmp whole/history.csv killed/history.csv'

it 'the wall clock ends it with code 10 in the middle of an epoch, and it goes on' '

  code 10 sinew train deck.yaml output.directory=stopped --wall-time 1
  says out "^RESULT status=stopped code=10"
  code 0 sinew train deck.yaml output.directory=stopped --restart auto
  weights stopped/last.h5 stopped
  cmp whole.safetensors stopped.safetensors
  cmp whole/history.csv stopped/history.csv'

it 'status.jsonl tells, and a checkpoint is written on request' '
  rm -rf asked
  "$SINEW" train deck.yaml output.directory=asked output.status=1e-9s train.epochs=40 checkpoint.every=1000 >out 2>err &
  pid=$!
  until_true [ -s asked/history.csv ]
  touch asked/checkpoint
  until_true eval "ls asked/checkpoints/*.h5 >/dev/null 2>&1"
  [ ! -e asked/checkpoint ]
  first=$(ls asked/checkpoints | head -n 1)
  kill -USR2 $pid
  until_true eval "[ \$(ls asked/checkpoints/*.h5 | wc -l) -gt 1 ]"
  kill -TERM $pid
  code 10 wait $pid
  says asked/status.jsonl "\"event\":\"start\".*\"training\":\"sinenet\""
  says asked/status.jsonl "\"event\":\"step\".*\"loss\":[0-9.e-]+,.*\"checkpoint\":\"asked/checkpoints/$first\""
  says asked/status.jsonl "\"event\":\"end\".*\"status\":\"stopped\",\"code\":10"'

it 'a damaged newest checkpoint is passed over' '
  cp -r whole damaged
  echo damage | dd of=damaged/checkpoints/0000056.h5 bs=1 seek=20000 conv=notrunc 2>/dev/null
  code 0 sinew train deck.yaml output.directory=damaged --restart auto
  says out "from damaged/checkpoints/0000049.h5"
  weights damaged/last.h5 damaged
  cmp whole.safetensors damaged.safetensors'

it 'what it makes is a stepper, and begins another training' '
  cat >run.yaml <<D
equation: {type: burgers}
grid: {cells: [32, 32]}
initial: {type: expression, u: "0.3 + 0.5*sin(2*pi*x)"}
stepper: {type: sinenet, weights: whole/best.h5}
time: {end: 0.2}
D
  code 0 sinew run run.yaml output.directory=ran
  says out "^RESULT status=done code=0 step=4"
  code 0 sinew train deck.yaml output.directory=tuned train.initial=whole/best.h5 train.epochs=1 train.rate=1e-4 train.warm_up=0
  awk "BEGIN {exit !($(column valid_one_step 1 tuned/history.csv) < 0.5 * $(column valid_one_step 1 whole/history.csv))}"'

it 'a conditional network goes ahead by as many frames as it is told' '
  code 0 sinew train deck.yaml output.directory=ahead network.variant=sinenet8-add train.lead=3 train.noise=0.01 train.clip=0 train.average=0 \
    train.epochs=20 train.validate_every=20
  for lead in 1 2; do
    code 0 sinew evaluate deck.yaml output.directory=ahead evaluate.part=valid evaluate.lead=$lead data.every=$lead
    awk "BEGIN {exit !($(sed -n "s/^RESULT.*one_step=\([^ ]*\).*/\1/p" out) < 0.05)}"
  done
  code 2 sinew evaluate deck.yaml output.directory=ahead evaluate.part=valid evaluate.lead=2
  says err "a step of the network is 0.1, frames of the data are 0.05"
  sed "s/weights: [^}]*/weights: ahead\/best.h5, lead: 2/" run.yaml >ahead.yaml
  code 0 sinew run ahead.yaml output.directory=ran_ahead
  says out "^RESULT status=done code=0 step=2"
  code 2 sinew train deck.yaml train.lead=2
  says err "train.lead: expected 1, or a conditional network"'

it 'another network or seed is no continuation' '
  code 2 sinew train deck.yaml output.directory=whole network.hidden=8 train.seed=1 --restart auto
  says err "network.hidden"
  says err "train.seed"'

it 'mistakes of a deck come in one run' '
  sed -e "s/hidden/hiden/" -e "s/rate: 4e-3/rate: -1/" -e "s/epochs: 8/loss: l3/" deck.yaml >wrong.yaml
  code 2 sinew train wrong.yaml train.groups=3 data.scalars=[]
  says err "wrong.yaml:3:.*network.hiden: unknown key; did you mean .hidden.\?"
  says err "train.rate: "
  says err "train.loss: .*did you mean|train.loss: expected"
  says err "train.groups: expected a divisor of the number of ranks"
  :'

it 'bad data are one line and code 2' '
  code 2 sinew train deck.yaml data.files=nan.h5
  lines 1 err
  says err "nan.h5: array u.*expected a finite number"
  code 2 sinew train deck.yaml data.files=other.h5
  lines 1 err
  says err "other.h5"
  code 2 sinew train deck.yaml "data.files=[waves.h5, wide.h5]"
  lines 1 err
  says err "wide.h5"
  head -c 20000 waves.h5 >cut.h5
  code 2 ranks 2 train deck.yaml data.files=cut.h5
  says err "cut.h5"
  code 2 sinew train deck.yaml data.files=none.h5
  says err "none.h5"
  code 2 sinew train deck.yaml train.initial=waves.h5
  says err "waves.h5"'

it 'a loss that diverges ends it with code 3 and the last good checkpoint' '
  code 0 sinew train deck.yaml output.directory=wild train.epochs=2
  code 3 sinew train deck.yaml output.directory=wild train.schedule=constant train.rate=1000 train.limit=20 --restart auto
  says err "^the training diverged in step [0-9]+, epoch [0-9.]+: the loss is"
  says err "^the last good state is in wild/checkpoints/"
  says out "^RESULT status=breakdown code=3"
  code 0 sinew info wild/checkpoints/0000014.h5'
finish

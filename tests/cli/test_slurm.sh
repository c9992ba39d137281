#!/usr/bin/env bash
# TIMEOUT 300
# WEIGHT 2
# LABELS shell slurm
# The shipped job scripts in a Slurm of this test's own: one node, loopback only, everything below $work.
. "$(dirname "$0")/lib.sh"
export PATH=$PATH:/usr/sbin:/sbin
for program in munged slurmctld slurmd sbatch; do
  command -v $program >/dev/null || { echo "# no $program: Slurm is not installed, skipped"; exit 77; }
done
scripts=$SINEW_SOURCE/examples/slurm
cluster=$work/slurm host=$(hostname -s) me=$(id -un) port=$((20000 + $$ % 20000))
export SLURM_CONF=$cluster/slurm.conf SINEW

# ---- a cluster ----

until_true() { # SECONDS COMMAND ...
  local n=$(($1 * 10))
  shift
  for _ in $(seq $n); do "$@" && return; sleep 0.1; done
  echo "waited in vain: $*"
  return 1
}

start_cluster() {
  mkdir -p "$cluster"/{state,spool,log,run}
  chmod 755 "$work" "$cluster" "$cluster/run"
  (umask 077; head -c 1024 /dev/urandom >"$cluster/munge.key")
  munged --force --socket="$cluster/run/munge.sock" --key-file="$cluster/munge.key" --num-threads=2 \
    --pid-file="$cluster/run/munged.pid" --log-file="$cluster/log/munged.log" --seed-file="$cluster/run/munged.seed"
  # cred_expire is also the delay before a requeued job may start again (standard: 120 s)
  cat >"$SLURM_CONF" <<C
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$me
SlurmdUser=$me
SlurmctldPort=$port
SlurmdPort=$((port + 1))
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
AuthInfo=socket=$cluster/run/munge.sock,cred_expire=5
CredType=cred/munge
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool
SlurmctldPidFile=$cluster/run/slurmctld.pid
SlurmdPidFile=$cluster/run/slurmd.pid
SlurmctldLogFile=$cluster/log/slurmctld.log
SlurmdLogFile=$cluster/log/slurmd.log
PlugStackConfig=$cluster/plugstack.conf
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
ReturnToService=2
JobRequeue=1
KillWait=5
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP
C
  : >"$cluster/plugstack.conf"
  echo CgroupPlugin=autodetect >"$cluster/cgroup.conf"
  slurmctld -f "$SLURM_CONF"
  until_true 10 controller_up
  slurmd -f "$SLURM_CONF" -N "$host"
  until_true 20 node_up || { tail "$cluster"/log/*; return 1; }
}
controller_up() { scontrol ping 2>/dev/null | grep -q 'is UP'; }
node_up() { sinfo -h -o %T 2>/dev/null | grep -Eq 'idle|mixed'; }

stop_cluster() {
  local daemon file pid
  scancel --user="$me" 2>/dev/null
  until_true 10 no_jobs >/dev/null
  for daemon in slurmd slurmctld munged; do
    file=$cluster/run/$daemon.pid
    [ -s "$file" ] && pid=$(cat "$file") && kill "$pid" 2>/dev/null && until_true 10 gone "$pid"
  done
}
no_jobs() { [ -z "$(squeue -h 2>/dev/null)" ]; }
gone() { ! kill -0 "$1" 2>/dev/null; }
tidy() { stop_cluster; }

job_is() { # ID STATE, with its exit code
  scontrol show job "$1" | grep -q "JobState=$2 "
}
restarts() { scontrol show job "$1" | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p'; }
has_restarted() { [ "$(restarts "$1")" -ge "$2" ]; }
has_checkpoint() { ls "$1"/checkpoints/*.h5 >/dev/null 2>&1; }
submit() { sbatch --parsable "$@"; }

# ---- decks ----

# Endless until somebody says where it ends, which a job that was requeued reads like any other change of its deck.
deck() { # END
  cat >deck.yaml <<D
equation: {type: euler}
grid: {cells: [48, 32]}
initial: {type: kelvin_helmholtz}
time: {end: $1}
output: {every: 1, history_every: 100}
checkpoint: {every: 1}
D
}

it "a cluster of one node starts" start_cluster
[ $failures = 0 ] || finish

chain() { # NAME LAUNCHER [now]: until the signal that precedes the limit, or one sent in its place
  local id end
  deck 1e9
  id=$(LAUNCH=$2 submit --ntasks=2 --time=00:01:00 --signal=B:USR1@50 --output="$1.log" "$scripts/chain.sh" deck.yaml \
    output.directory="$1")
  if [ "${3:-}" ]; then
    until_true 30 has_checkpoint "$1"
    scancel --batch --signal=USR1 "$id"
  fi
  until_true 60 grep -qs "back into the queue" "$1.log" || { cat "$1.log"; return 1; }
  says "$1.log" "RESULT status=stopped code=10"
  says "$1.log" "^ranks +2;"
  end=$(sed -n 's/^RESULT.* t=\([0-9]*\).*/\1/p' "$1.log")
  deck $((end + 2))
  until_true 60 job_is "$id" COMPLETED || { cat "$1.log"; return 1; }
  has_restarted "$id" 1
  says "$1.log" "RESULT status=done code=0"
  code 0 ranks 2 run deck.yaml output.directory="$1.whole"
  same_bits "$(newest "$1.whole")" "$(newest "$1")"
  same_states "$1.whole" "$1"
}
it "a chain through mpirun: signal before the limit, checkpoint, code 10, requeue, end, to the last bit" \
  'chain mpirun mpirun'
if ls /usr/lib/*/slurm*/mpi_pmix*.so >/dev/null 2>&1 && command -v srun >/dev/null; then
  it "a chain through srun" 'chain srun "srun --mpi=pmix" now'
  # The job script of a training: signals to the ranks of a step, not to the shell. Its rate is constant, so that where it
  # ends can be said when it has begun, and changes nothing before.
  epochs() { # N
    cat >training.yaml <<D
data: {files: waves.h5, scalars: [u], split: [0.75, 0.25, 0], shift: [x, y]}
network: {hidden: 4, waves: 1, mult: 1.3, padding: circular}
train: {epochs: $1, batch: 6, rate: 1e-3, schedule: constant, warm_up: 0, validate_steps: 2, validate_every: 100, average: 0.9}
checkpoint: {every: 1, keep: 3}
D
  }
  training() {
    local id end
    "$SINEW_TEST_PROGRAMS/make_trajectories"
    epochs 100000
    id=$(submit --ntasks=2 --time=00:01:00 --output=train.log "$scripts/train.sh" training.yaml output.directory=train)
    until_true 30 has_checkpoint train
    scancel --signal=USR1 "$id"
    until_true 60 grep -qs "back into the queue" train.log || { cat train.log; return 1; }
    says train.log "RESULT status=stopped code=10"
    end=$(sed -n 's/^RESULT.* t=\([0-9]*\).*/\1/p' train.log)
    epochs $((end + 3))
    until_true 60 job_is "$id" COMPLETED || { cat train.log; return 1; }
    has_restarted "$id" 1
    says train.log "RESULT status=done code=0"
    code 0 ranks 2 train training.yaml output.directory=train.whole
    for run in train train.whole; do code 0 sinew convert $run/last.h5 $run.safetensors; done
    cmp train.whole.safetensors train.safetensors
    cmp train.whole/history.csv train/history.csv
  }
  it "the job script of a training: signal to the ranks, code 10 through srun, requeue, end, to the last bit" training
else
  echo "# no pmix plugin: srun is not tested"
fi

it "an array runs one value a job" '
  mkdir array
  cd array
  deck 0.1
  id=$(submit --ntasks=1 --time=00:01:00 --array=0-2 --output=array_%a.log "$scripts/array.sh" deck.yaml \
    equation.gamma 1.4 1.5 1.6)
  until_true 60 no_jobs
  for gamma in 1.4 1.5 1.6; do
    "$SINEW" info "$(newest out/deck/equation.gamma=$gamma)" >info
    says info "gamma=$gamma"
  done'

it "a single run ends, by itself when its time is up" '
  deck 0.1
  id=$(submit --ntasks=2 --time=00:01:00 --output=single.log "$scripts/run.sh" deck.yaml output.directory=single)
  until_true 30 job_is $id COMPLETED
  says single.log "RESULT status=done code=0"
  id=$(WALL_TIME=2 submit --ntasks=2 --time=00:01:00 --output=long.log "$scripts/run.sh" deck.yaml time.end=1e9 output.directory=long)
  until_true 30 job_is $id FAILED
  scontrol show job $id | grep -q "ExitCode=10:0"
  says long.log "RESULT status=stopped code=10"'
finish

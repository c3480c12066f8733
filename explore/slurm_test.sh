#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A sweep on a real Slurm, started here on a node of its own in a temporary folder: its results equal those of
# the local launcher, also when a worker is killed, and when the sweep itself is killed and started again.
# Usage: slurm_test.sh BATKIT. Exit code 77 (skipped) where Slurm is not installed or cannot be started.
set -euo pipefail

batkit=$(realpath "$1")
for tool in slurmctld slurmd sbatch squeue munged mungekey; do
  if ! PATH="$PATH:/usr/sbin" command -v "$tool" >/dev/null; then
    echo "skipped: $tool is not installed (cmake/install_packages.sh --cluster)"
    exit 77
  fi
done
if [ "$(id -u)" -ne 0 ]; then
  echo "skipped: starting slurmd takes root"
  exit 77
fi
export PATH="$PATH:/usr/sbin"

dir=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  sleep 1
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$dir"
}
trap finish EXIT

host=$(hostname -s)
port=$((20000 + RANDOM % 20000))
mkdir -p "$dir/state" "$dir/spool"
chmod 755 "$dir"
mungekey --create --keyfile "$dir/munge.key"
munged --force --foreground --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
  --log-file="$dir/munged.log" --seed-file="$dir/munged.seed" >"$dir/munged.out" 2>&1 &
pids+=($!)
cat >"$dir/slurm.conf" <<CONF
ClusterName=batkit
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldPort=$port
SlurmdPort=$((port + 1))
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1
ReturnToService=2
KillWait=2
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$dir/slurm.conf"
slurmctld -D -f "$SLURM_CONF" >"$dir/slurmctld.log" 2>&1 &
pids+=($!)
slurmd -D -f "$SLURM_CONF" >"$dir/slurmd.log" 2>&1 &
pids+=($!)
started=no
for _ in $(seq 60); do
  if sinfo --noheader --format=%T 2>/dev/null | grep -q idle; then
    started=yes
    break
  fi
  sleep 0.5
done
if [ "$started" = no ]; then
  echo "skipped: Slurm does not start here:"
  tail -n 5 "$dir"/munged.log "$dir"/slurmctld.log "$dir"/slurmd.log || true
  exit 77
fi

# Six commands of a second or so each.
for jobs in 701 702 703 704 705 706; do
  echo "estimate nano --queue $jobs --json"
done >"$dir/commands"

"$batkit" sweep "$dir/commands" -o "$dir/local"
"$batkit" sweep "$dir/commands" -o "$dir/plain" --launcher slurm
cmp "$dir/local/results.json" "$dir/plain/results.json"
echo "equal: Slurm and local"

# The worker of the third command dies as soon as it runs; the next attempt replaces it.
(
  for _ in $(seq 400); do
    worker=$(pgrep -f "^sh $dir/killed/jobs/line00003.sh" | head -n 1 || true)
    if [ -n "$worker" ] && kill -9 "$worker"; then
      echo "killed worker $worker"
      touch "$dir/worker-killed"
      exit 0
    fi
    sleep 0.05
  done
) &
"$batkit" sweep "$dir/commands" -o "$dir/killed" --launcher slurm --retries 3
wait $!
test -e "$dir/worker-killed"
test -e "$dir/killed/jobs/attempt1.list"
test "$(cat "$dir/killed/jobs/attempt1.list")" = line00003
cmp "$dir/local/results.json" "$dir/killed/results.json"
echo "equal: with a killed worker"

# The sweep itself is killed once two results are there, and started again.
"$batkit" sweep "$dir/commands" -o "$dir/again" --launcher slurm --parallel 1 &
sweep=$!
while [ "$(find "$dir/again/jobs" -name '*.out' 2>/dev/null | wc -l)" -lt 2 ]; do sleep 0.1; done
kill -9 "$sweep"
wait "$sweep" 2>/dev/null || true
scancel --name=batkit
before=$(stat -c %Y%i "$dir/again/jobs/line00001.out")
"$batkit" sweep "$dir/commands" -o "$dir/again" --launcher slurm
test "$before" = "$(stat -c %Y%i "$dir/again/jobs/line00001.out")"
cmp "$dir/local/results.json" "$dir/again/results.json"
echo "equal: killed and started again"

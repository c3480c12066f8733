#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Repeats the runs that the energy model is fitted to (docs/area.md): every line of runs.jsonl. Each
# maps its configuration again, so that it takes an hour or two. From the root of the repository, with
# yosys, opensta and qflow-tech-osu018 installed; then build again.
set -eu
batkit=${BATKIT:-build/batkit}
lines=$(mktemp)
trap 'rm -f "$lines" "$lines.one"' EXIT

# run fit|held CONFIG [options of batkit synth]
run() {
  use=$1
  shift
  for gating in "" --clock-gating; do
    rm -f "$lines.one"
    "$batkit" synth "$@" --target osu018 --energy $gating --append-run "$lines.one" > /dev/null
    if [ "$use" = held ]; then
      sed 's/"fit":true/"fit":false/' "$lines.one" >> "$lines"
    else
      cat "$lines.one" >> "$lines"
    fi
  done
}

run fit micro --model random --layers 1
run fit micro --model random --layers 2
run fit micro --model random --layers 2 --tokens 4
run fit micro --model random --layers 4
run held micro --model random --layers 3 --tokens 8
run held nano --model fashion-nano
cp "$lines" synth/energy_model/runs.jsonl

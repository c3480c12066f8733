#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Renews the area reports of this folder: CONFIG-TARGET.json, and the same as a table in CONFIG-TARGET.md.
# Usage: synth/baselines/renew.sh [CONFIG ...]   (default: micro nano edge; all take about a quarter of an hour on one core)
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ ! -x build/batkit ]; then
  echo "renew.sh: build/batkit is missing; run: cmake -B build -G Ninja && cmake --build build --target batkit" >&2
  exit 3
fi
configs=("$@")
[ "${#configs[@]}" -gt 0 ] || configs=(micro nano edge)
for config in "${configs[@]}"; do
  for target in xcup ice40 osu018; do
    report="synth/baselines/$config-$target"
    echo "$report" >&2
    build/batkit synth "$config" --target "$target" --json-file "$report.json" >"$report.md.new"
    mv "$report.md.new" "$report.md"
  done
done

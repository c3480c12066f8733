#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Renews the area reports of this folder: CONFIG-TARGET.json, and the same as a table in CONFIG-TARGET.md.
# Usage: synth/baselines/renew.sh [CONFIG ...]   (default: micro nano edge; all take about a quarter of an hour on one core)
# micro and nano also with --timing: CONFIG-osu018-timing.json. Tolerances in the files are kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ ! -x build/batkit ]; then
  echo "renew.sh: build/batkit is missing; run: cmake -B build -G Ninja && cmake --build build --target batkit" >&2
  exit 3
fi
configs=("$@")
[ "${#configs[@]}" -gt 0 ] || configs=(micro nano edge)
renew() {  # REPORT OPTION ...
  echo "synth/baselines/$1" >&2
  build/batkit synth "${@:2}" --json-file "synth/baselines/$1.json" >"synth/baselines/$1.md.new"
  mv "synth/baselines/$1.md.new" "synth/baselines/$1.md"
}
for config in "${configs[@]}"; do
  for target in xcup ice40 osu018; do
    renew "$config-$target" "$config" --target "$target"
  done
  case "$config" in
    micro | nano) renew "$config-osu018-timing" "$config" --target osu018 --timing ;;
  esac
done

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Repeats the fit of the area model: coefficients.json and errors.md of this folder. Modules that were mapped before are taken from
# build/area-modules, so that after a change only the changed ones are mapped again.
# Usage: synth/area_model/fit.sh [option of batkit fit-area ...]
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ ! -x build/batkit ]; then
  echo "fit.sh: build/batkit is missing; run: cmake -B build -G Ninja && cmake --build build --target batkit" >&2
  exit 3
fi
build/batkit fit-area --cache build/area-modules --samples 16 --held-out 4 \
  --out synth/area_model/coefficients.json --errors synth/area_model/errors.md "$@"
echo "fit.sh: build batkit again to use the new coefficients" >&2

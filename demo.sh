#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to a trained binarized Transformer on generated hardware: installs what is missing, builds,
# generates `nano`, simulates it on Fashion-MNIST beside the golden model, and prints the area table.
# Usage: ./demo.sh [COUNT]   (test images, default 100)
set -euo pipefail
cd "$(dirname "$0")"
count="${1:-100}"

step() { printf '\n== %s\n' "$*"; }

step "1/5 packages"
cmake/install_packages.sh

step "2/5 build"
cmake -B build -G Ninja -DBUILD_TESTING=OFF >build.log 2>&1 || { tail -n 20 build.log >&2; exit 1; }
cmake --build build --target batkit 2>&1 | tee -a build.log | tail -n 1
rm -f build.log

step "3/5 generate: SystemVerilog for the configuration nano"
build/batkit generate nano -o out/nano

step "4/5 run: $count Fashion-MNIST test images on the hardware and on the golden model"
mkdir -p out
build/batkit synth nano --target osu018 >out/area.md 2>out/area.log &
area=$!
build/batkit run nano --backend both --count "$count"

step "5/5 area (standard cells; for FPGA: build/batkit synth nano --target xcup | ice40)"
wait "$area" || { cat out/area.log >&2; exit 1; }
cat out/area.md

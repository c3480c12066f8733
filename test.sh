#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds everything and passes all tests but the long ones (ctest -L nightly, ctest -L netlist).
# Usage: ./test.sh [ctest options], for example ./test.sh -R Popcount
set -euo pipefail
cd "$(dirname "$0")"
cmake/install_packages.sh
cmake -B build -G Ninja -DBUILD_TESTING=ON
cmake --build build
grep -q '^BAT_TRAIN:BOOL=ON' build/CMakeCache.txt ||
  echo "test.sh: the trainer and its tests are left out (cmake/install_packages.sh --train && cmake -B build -DBAT_TRAIN=ON)" >&2
exec ctest --test-dir build --output-on-failure -j 2 -LE 'nightly|netlist' "$@"

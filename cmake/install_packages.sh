#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian 12 packages that building and running need, those that are missing only.
# Usage: cmake/install_packages.sh [--train] [--report] [--synth] [--cluster]
#   --train    libtorch for `batkit train`
#   --report   the chart library of `batkit report` and the browser that its test uses
#   --synth    place and route of `batkit synth --place` for iCE40 (ECP5: nextpnr-ecp5 is not in Debian 12)
#   --cluster  Slurm and Munge for `batkit sweep --launcher slurm` and its test
set -euo pipefail

packages=(
  build-essential cmake ninja-build ccache
  libfmt-dev nlohmann-json3-dev libcli11-dev libtomlplusplus-dev libhwy-dev zlib1g-dev
  libeigen3-dev libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev
  verilator yosys clang qflow-tech-osu018 opensta
  dataset-fashion-mnist
)
for option in "$@"; do
  case "$option" in
    --train) packages+=(libtorch-dev libopenblas0-pthread) ;;
    --report) packages+=(node-d3 chromium) ;;
    --synth) packages+=(nextpnr-ice40) ;;
    --cluster) packages+=(slurm-wlm munge) ;;
    *)
      echo "install_packages.sh: unknown option '$option' (known: --train, --report, --synth, --cluster)" >&2
      exit 2
      ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  if [ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" != "install ok installed" ]; then
    missing+=("$package")
  fi
done
if [ "${#missing[@]}" -eq 0 ]; then
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "install_packages.sh: needs Debian 12 or a relative of it with apt-get; install by hand: ${missing[*]}" >&2
  exit 3
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "install_packages.sh: as root, run: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 3
  fi
  as_root=(sudo)
fi
echo "Installing: ${missing[*]}" >&2
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tables of docs/exploration.md as Markdown, from the spaces in explore/spaces.
# Usage: explore/study.sh [BATKIT [FOLDER]]   (build/batkit, out/study). BUILD=10 also builds ten points.
set -euo pipefail
cd "$(dirname "$0")/.."
batkit=${1:-build/batkit}
out=${2:-out/study}
mkdir -p "$out"
command -v jq >/dev/null || { echo "study.sh: needs jq (apt-get install jq)" >&2; exit 3; }

"$batkit" explore explore/spaces/fashion.toml -o "$out/fashion" --no-html >"$out/fashion.txt"
echo "### Fashion-MNIST on a ZCU102 at 200 MHz, by model"
echo
echo "| model | accuracy | with noise | with flips | robustness | points of the front | smallest: LUT, us, array | fastest: LUT, us, array | fastest below 40,000 LUT |"
echo "|---|---:|---:|---:|---:|---:|---|---|---|"
awk -F, '
  NR == 1 { for (i = 1; i <= NF; ++i) c[$i] = i; next }
  {
    m = $c["model"]; lut = $c["lut"]; us = $c["latency_us"]
    place = sprintf("%.0f, %.1f, %sx%sx%s", lut, us, $c["array.rows"], $c["array.cols"], $c["array.depth"])
    if (!(m in count)) { order[++models] = m }
    ++count[m]
    figures[m] = sprintf("%.4f | %.4f | %.4f | %.3f", $c["accuracy"], $c["noise_accuracy"], $c["flip_accuracy"], $c["robustness"])
    if (!(m in least) || lut < least[m]) { least[m] = lut; small[m] = place }
    if (!(m in quick) || us < quick[m]) { quick[m] = us; fast[m] = place }
    if (lut < 40000 && (!(m in some) || us < some[m])) { some[m] = us; middle[m] = place }
  }
  END {
    for (k = 1; k <= models; ++k) for (j = k + 1; j <= models; ++j) if (order[j] < order[k]) { t = order[j]; order[j] = order[k]; order[k] = t }
    for (k = 1; k <= models; ++k) { m = order[k]; printf "| `%s` | %s | %d | %s | %s | %s |\n", m, figures[m], count[m], small[m], fast[m], middle[m] }
  }' "$out/fashion/front.csv"

# devices TITLE TASK LATENCIES ACCURACIES: the table of batkit select.
devices() {
  local dir="$out/select-$2"
  echo
  echo "### Devices for $1"
  echo
  echo "| latency, us | accuracy | device | model | its accuracy | us | share of the device | array, lanes, port |"
  echo "|---:|---:|---|---|---:|---:|---:|---|"
  "$batkit" select --task "$2" --latency "$3" --accuracy "$4" -o "$dir" --json >"$dir.json" || test $? = 1
  jq -r '.selections[] | if .chosen then
      .chosen as $c | ($c.configuration | capture("rows = (?<r>[0-9]+)[^$]*?cols = (?<c>[0-9]+)[^$]*?depth = (?<k>[0-9]+)[^$]*?lanes = (?<l>[0-9]+)[^$]*axi_data_bits = (?<w>[0-9]+)"; "m")) as $a |
      "| \(.latency_us) | \(.accuracy) | \($c.device) | `\($c.model)` | \($c.accuracy * 10000 | round / 10000) | \($c.latency_us * 10 | round / 10) | \($c.utilization * 1000 | round / 10) % | \($a.r)x\($a.c)x\($a.k), \($a.l), \($a.w) |"
    else "| \(.latency_us) | \(.accuracy) | none | \(.infeasible) | | | | |" end' "$dir.json"
  for file in "$dir"/*.toml; do "$batkit" check "$file" >/dev/null; done
}
devices Fashion-MNIST fashion-mnist 20,50,200,2000 0.84,0.88,0.90,0.915
devices SST-2 sst2 100,250,1000,5000 0.83,0.875,0.90

"$batkit" explore explore/spaces/bert-base.toml -o "$out/bert" --no-html >"$out/bert.txt"
echo
echo "### BERT-base, 128 tokens, ZCU102 at 200 MHz"
echo
echo "| array, lanes, port, popcount | cycles | us | LUT | DSP | BRAM36 | share of the device |"
echo "|---|---:|---:|---:|---:|---:|---:|"
awk -F, '
  NR == 1 { for (i = 1; i <= NF; ++i) c[$i] = i; next }
  NR <= 9 { printf "| %sx%sx%s, %s, %s, %s | %d | %.1f | %.0f | %.0f | %.1f | %.1f %% |\n", $c["array.rows"], $c["array.cols"], $c["array.depth"], $c["array.lanes"], $c["memory.axi_data_bits"], $c["array.popcount"], $c["cycles"], $c["latency_us"], $c["lut"], $c["dsp"], $c["bram36"], 100 * $c["utilization"] }' "$out/bert/front.csv"

if [ "${BUILD:-0}" -gt 0 ]; then
  echo
  echo "### Predicted against measured"
  echo
  "$batkit" explore explore/spaces/built.toml -o "$out/built" --build "$BUILD" --no-html >"$out/built.txt"
  cat "$out/built/build.md"
fi

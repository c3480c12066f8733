#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks models of the zoo: `batkit eval` on the whole set must give the figure of the card, and
# `batkit run --backend both` must be bit-exact on RTL (samples and configuration: hardware.tsv).
# Usage: models/zoo/verify_zoo.sh [--batkit BIN] [--data DIR] [--no-rtl] [MODEL...]
# DIR holds glue/SST-2, glue/MRPC, ..., clinc, recordings, mnist, imdb/reviews.json; a model whose data are missing is
# skipped. Exit code 0: all that ran is right, 1: something differs, 2: wrong arguments.
set -u
cd "$(dirname "$0")/../.." || exit 2
batkit=build/batkit
data=data
rtl=yes
models=
while [ $# -gt 0 ]; do
  case $1 in
    --batkit | --data)
      [ $# -ge 2 ] || { echo "verify_zoo: $1 needs a value" >&2; exit 2; }
      if [ "$1" = --batkit ]; then batkit=$2; else data=$2; fi
      shift 2 ;;
    --no-rtl) rtl=no; shift ;;
    -*) echo "verify_zoo: unknown option $1" >&2; exit 2 ;;
    *) models="$models $1"; shift ;;
  esac
done
[ -x "$batkit" ] || { echo "verify_zoo: $batkit: not there; build it or name it with --batkit" >&2; exit 2; }
for model in $models; do
  grep -q "^$model	" models/zoo/hardware.tsv ||
    { echo "verify_zoo: no model '$model' in models/zoo/hardware.tsv" >&2; exit 2; }
done

# number KEY: the value of KEY in the JSON object on stdin.
number() { sed -n "s/^ *\"$1\": *\([-0-9.e]*\|true\|false\),*\$/\1/p" | head -n 1; }

failed=0
while IFS='	' read -r model config count set; do
  case $model in '#'* | '') continue ;; esac
  case " $models " in '  ' | *" $model "*) ;; *) continue ;; esac
  file=models/zoo/$model.safetensors
  input=
  if [ "$set" != - ]; then
    input="--input $data/$set"
    [ -e "$data/$set" ] || { echo "$model: skipped, $data/$set is not there"; continue; }
  fi
  row=$(grep '^| \*\*.*, integer view\*\* |' "models/zoo/$model.md")
  metric=$(echo "$row" | sed 's/^| \*\*\([a-z0-9]*\),.*/\1/')
  wanted=$(echo "$row" | sed 's/^[^|]*|[^|]*| \*\*\([-0-9.]*\)\*\*.*/\1/')
  # `eval` calls its data --data, `run` calls them --input.
  got=$("$batkit" eval --model "$file" ${input:+--data "$data/$set"} --json) || failed=1
  figure=$(printf '%.4f' "$(echo "$got" | number "$metric")")
  line="$model: $metric $figure on $(echo "$got" | number samples), card $wanted"
  [ "$figure" = "$wanted" ] || { failed=1; line="$line, DIFFERS"; }
  if [ "$rtl" = yes ]; then
    # shellcheck disable=SC2086 # $input is two words or none
    got=$("$batkit" run "$config" --model "$file" $input --count "$count" --backend both --json) ||
      failed=1
    exact=$(echo "$got" | number bit_exact)
    line="$line; $config, $(echo "$got" | number samples) on RTL: bit_exact $exact,"
    line="$line $(printf '%.0f' "$(echo "$got" | number cycles_per_sample)") cycles a sample"
    [ "$exact" = true ] || { failed=1; line="$line, FAILED"; }
  fi
  echo "$line"
done < models/zoo/hardware.tsv
exit $failed

#!/usr/bin/env bash
# ./x fuzz [--minutes N] [TARGET...]: runs each fuzz target (or those named) for N minutes, shared
# among them. What they find interesting stays in build/fuzz/corpus; the seeds in tests/fuzz/corpus
# are only read. A crash is kept in build/fuzz/crashes.
source tools/lib.sh

minutes=2
targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --minutes)
      minutes=${2:-}
      [[ $minutes =~ ^[0-9]+$ ]] || fail "--minutes takes a whole number"
      shift
      ;;
    -*) fail "no option '$1'" ;;
    *) targets+=("${1%_fuzz}") ;;
  esac
  shift
done

need build fuzz
if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(basename -s _fuzz.cc tests/fuzz/*_fuzz.cc)
fi
# Only these: all the rest under clang and its sanitizers would take longer than the fuzzing.
build_preset fuzz "${targets[@]/%/_fuzz}"
crashes=build/fuzz/crashes
rm -rf "$crashes"
mkdir -p "$crashes"

seconds=$((minutes * 60 / ${#targets[@]}))
[ "$seconds" -gt 0 ] || seconds=1
executions=0
failed=()
for target in "${targets[@]}"; do
  corpus=build/fuzz/corpus/$target
  seeds=tests/fuzz/corpus/$target
  log=build/fuzz/$target.log
  mkdir -p "$corpus"
  [ -d "$seeds" ] || fail "no seeds for $target: $seeds is missing"
  say "$target for $seconds s"
  "build/fuzz/${target}_fuzz" -max_total_time="$seconds" -print_final_stats=1 -timeout=10 \
    -rss_limit_mb=2048 -artifact_prefix="$crashes/$target-" "$corpus" "$seeds" \
    >"$log" 2>&1 || failed+=("$target")
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  executions=$((executions + ${runs:-0}))
done

for target in "${failed[@]}"; do tail -n 40 "build/fuzz/$target.log" >&2; done
say "$executions executions of ${#targets[@]} targets, ${#failed[@]} crashed${failed[*]:+ (${failed[*]}; inputs in $crashes)}, in $(elapsed) s"
[ ${#failed[@]} -eq 0 ] && [ "$executions" -gt 0 ]

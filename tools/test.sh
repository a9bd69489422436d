#!/usr/bin/env bash
# ./x test [--all]: one build, one S3 gateway, every test. --all adds the long forms of the
# end-to-end tests, and all of ctest and fault campaigns under the address and the thread sanitizer.
source tools/lib.sh
source tools/servers.sh

all=false
case ${1:-} in
  '') ;;
  --all) all=true ;;
  *) fail "no option '$1': --all or nothing" ;;
esac

need build test s3 fault
need_package_index
$PYTHON tools/check_structure.py || fail "the structure check"
build_preset dev
# What users get must build as well: the optimizer sees, and warns of, more.
build_preset release nats3
start_gateway

reports=()
cores=$(nproc)

# Most tests wait for servers more than they compute: somewhat more of them than cores.
run_ctest() {  # run_ctest PRESET
  local report=$PWD/build/$1/ctest.xml
  reports+=("$report")
  rm -f "$report"
  say "ctest of $1"
  ctest --test-dir "build/$1" --output-on-failure --parallel $((cores + 1)) --no-tests=error \
    --output-junit "$report" >"build/$1/ctest.log" 2>&1 || show_failures "build/$1/ctest.log"
}

show_failures() {
  grep -vE '^ *[0-9]+/[0-9]+ Test .*Passed|^ *Start ' "$1" | tail -n 300
}

run_e2e() {
  local report=$PWD/build/dev/e2e.xml
  reports+=("$report")
  rm -f "$report"
  say "end-to-end tests"
  run_pytest tools tests/harness tests/fault tests/e2e -q -n $((cores + 1)) --junitxml="$report" "$@" || true
}

# Longer campaigns, one at a time: a server under a sanitizer takes the machine for itself.
run_faults() {  # run_faults PRESET
  local report=$PWD/build/$1/fault.xml
  reports+=("$report")
  rm -f "$report"
  say "fault campaigns of $1"
  NATS3_PROGRAM=$PWD/build/$1/nats3 run_pytest tests/e2e/test_fault.py -q --long \
    --junitxml="$report" || true
}

export NATS3_PROGRAM=$PWD/build/dev/nats3
run_ctest dev
if $all; then
  run_e2e --long
  for preset in asan tsan; do
    build_preset "$preset"
    run_ctest "$preset"
    run_faults "$preset"
  done
else
  run_e2e
fi

status=0
$PYTHON tools/tally.py "${reports[@]}" >build/dev/tally || status=1
cat build/dev/tally
say "$(tail -n 1 build/dev/tally) in $(elapsed) s"
exit $status

#!/usr/bin/env bash
# ./x e2e [--all] [PYTEST OPTION...]: the end-to-end tests on a dev build, then the throughput of the
# release build. --all runs their long forms.
source tools/lib.sh
source tools/servers.sh

options=()
for option in "$@"; do
  if [ "$option" = --all ]; then option=--long; fi
  options+=("$option")
done

need build test s3
need_package_index
build_preset dev nats3
build_preset release nats3
start_gateway

report=$PWD/build/dev/e2e.xml
rm -f "$report"
NATS3_PROGRAM=$PWD/build/dev/nats3 run_pytest tests/e2e -q -n $(($(nproc) + 1)) \
  --junitxml="$report" "${options[@]}" || true
status=0
counts=$($PYTHON tools/tally.py "$report") || status=1
throughput=failed
if output=$(PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 NATS3_PROGRAM=$PWD/build/release/nats3 \
  $PYTHON tests/e2e/throughput.py); then
  throughput=$(tail -n 1 <<<"$output")
else
  status=1
fi
echo "$output"
say "$(tail -n 1 <<<"$counts"); $throughput; in $(elapsed) s"
exit $status

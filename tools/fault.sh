#!/usr/bin/env bash
# ./x fault [--minutes N] [--seed S] [--servers 1|3] [--store file|s3] [--window SECONDS] [--rate N]
# [--settle SECONDS] [--keep]: a campaign of seeded faults under a known workload, judged at the end
# (tests/fault/README.md). Runs build/dev/nats3, or the one that NATS3_PROGRAM names; S3 is a gateway
# of its own, or the one that NATS3_TEST_S3_ENDPOINT names. A failed run keeps its logs and says where.
source tools/lib.sh

need build test s3 fault
if [ -z "${NATS3_PROGRAM:-}" ]; then
  build_preset dev nats3
  export NATS3_PROGRAM=$PWD/build/dev/nats3
fi

output=$(mktemp)
trap 'rm -f "$output"' EXIT
status=0
PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 $PYTHON -m fault "$@" | tee "$output" || status=$?
line=$(sed -n 's/^result: //p' "$output")
say "${line:-no result} in $(elapsed) s"
exit "$status"

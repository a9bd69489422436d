#!/usr/bin/env bash
# ./x bench [OPTION...]: nats3 beside the floor that libnats and nats-server set; see
# docs/performance.md. --help lists the options.
source tools/lib.sh
need build test s3
need_package_index
build_preset release nats3 nats3_floor nats3_archive_bench
PYTHONDONTWRITEBYTECODE=1 $PYTHON bench/run.py "$@"

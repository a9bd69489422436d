# Sourced after lib.sh: the one Ceph gateway that all tests share, each with buckets of its own.

# Starts it and tells the tests where it is; it is stopped when the script ends, however it ends.
start_gateway() {
  local port
  GATEWAY=$(mktemp -d -t nats3-ceph.XXXXXX)
  trap stop_gateway EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  port=$($PYTHON -c 'import random, socket
while True:
    port = random.randrange(10000, 20000)
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)):
            print(port)
            break')
  say "starting Ceph's S3 gateway"
  tests/support/ceph.sh start "$GATEWAY" "$port" || fail "Ceph's S3 gateway did not start"
  export NATS3_TEST_S3_ENDPOINT=http://127.0.0.1:$port
  export NATS3_TEST_S3_ACCESS=test-user NATS3_TEST_S3_SECRET=test-password
}

stop_gateway() {
  tests/support/ceph.sh stop "$GATEWAY" || say "Ceph in $GATEWAY did not stop" >&2
  rm -rf "$GATEWAY"
}

# Runs pytest on Debian's Python with the suite's settings.
run_pytest() {
  PYTHONDONTWRITEBYTECODE=1 $PYTHON -m pytest -c tests/e2e/pytest.ini "$@"
}

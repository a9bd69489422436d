#!/usr/bin/env bash
# One-node Ceph object gateway (S3) on 127.0.0.1 with its data in memory, for tests.
#
#   ceph.sh start DIR PORT   start mon, mgr, osd and gateway; returns when S3 answers
#   ceph.sh stop DIR         end all of them (by the process ids in DIR)
#   ceph.sh pause-rgw DIR    freeze the gateway: connections open, nothing answers
#   ceph.sh kill-rgw DIR     kill the gateway; the data stays
#   ceph.sh start-rgw DIR    start it again on the same port, or thaw a paused one
#
# S3 user: access key "test-user", secret "test-password" (NATS3_TEST_S3_ACCESS and _SECRET set
# others). With CEPH_STS=1 it may make roles, whose temporary keys STS gives out at the same port.
# DIR is emptied by start if an earlier start made it; its log/ holds the daemons' logs.
# The monitor's port is a free one, or CEPH_MON_PORT.
# Debian packages: radosgw ceph-mon ceph-mgr ceph-osd uuid-runtime curl.
set -euo pipefail

usage() {
  sed -n '4,8s/^# \{0,3\}//p' "$0" >&2
  exit 2
}

command=${1:-}
[ -n "${2:-}" ] || usage
mkdir -p "$2"
DIR=$(cd "$2" && pwd)
CONF=$DIR/ceph.conf
ACCESS=${NATS3_TEST_S3_ACCESS:-test-user}
SECRET=${NATS3_TEST_S3_SECRET:-test-password}
READY_SECONDS=${CEPH_READY_SECONDS:-120}

say() { echo "ceph.sh: $*" >&2; }

# What the daemons said last, for whoever reads a failed run.
show_logs() {
  local log
  for log in "$DIR"/log/*; do
    [ -s "$log" ] || continue
    echo "--- tail of $log" >&2
    tail -n 15 "$log" >&2
  done
}

# A process id is ours only while its command line names our configuration: ids get reused.
is_ours() {
  local pid
  pid=$(cat "$DIR/$1.pid" 2>/dev/null) || return 1
  # The process may end between the two looks.
  [ -n "$pid" ] && tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -- "$CONF" 2>/dev/null
}

is_running() {
  is_ours "$1" && ! grep -q '^State:[[:space:]]*Z' "/proc/$(cat "$DIR/$1.pid")/status" 2>/dev/null
}

send() {  # send NAME SIGNAL
  if is_ours "$1"; then kill "-$2" "$(cat "$DIR/$1.pid")" 2>/dev/null || true; fi
}

end() {  # end NAME: nothing on these disks is worth a clean shutdown
  local tries=0
  send "$1" KILL
  while is_running "$1"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
      say "$1 does not end"
      return 1
    fi
    sleep 0.1
  done
  rm -f "$DIR/$1.pid"
}

launch() {  # launch NAME COMMAND...: in a session of its own, so that a Ctrl-C on the test spares it
  local name=$1 tries=0
  shift
  setsid "$@" -c "$CONF" </dev/null >>"$DIR/log/$name.out" 2>&1 &
  echo $! >"$DIR/$name.pid"
  # Until it has become the program its command line is that of this script: not ours, it would
  # seem. On a loaded machine that takes a while.
  until is_ours "$name" || [ "$tries" -ge 500 ]; do
    tries=$((tries + 1))
    sleep 0.01
  done
}

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))  # below the range the kernel hands out itself
    if is_free "$port"; then
      echo "$port"
      return
    fi
  done
}

write_conf() {  # write_conf FSID MON_PORT
  cat >"$CONF" <<CONF
[global]
fsid = $1
mon host = [v2:127.0.0.1:$2]
ms_bind_msgr1 = false
public_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc secure
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 2000
mon_data_avail_crit = 1
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
memstore_device_bytes = ${CEPH_MEMORY_BYTES:-8589934592}
run dir = $DIR/run
log file = $DIR/log/\$name.log
admin socket = $DIR/run/\$name.asok
crash dir = $DIR/run
keyring = $DIR/keyring
mon data = $DIR/mon
mgr data = $DIR/mgr
osd data = $DIR/osd
rgw data = $DIR/rgw
rgw_frontends = beast endpoint=127.0.0.1:$PORT tcp_nodelay=1
rgw_thread_pool_size = 64
rgw_relaxed_region_enforcement = true
CONF
  # Only where it is wanted: with it the gateway takes a wrong secret for a missing right.
  if [ -n "${CEPH_STS:-}" ]; then
    printf 'rgw_s3_auth_use_sts = true\nrgw_sts_key = nats3-tests-only\n' >>"$CONF"
  fi
}

# Fails at once when the process is gone, else after the deadline.
wait_for_s3() {
  local deadline=$((SECONDS + READY_SECONDS))
  until curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$PORT/"; do
    if ! is_running rgw; then
      say "the gateway ended while starting"
      return 1
    fi
    if [ $SECONDS -ge $deadline ]; then
      say "the gateway did not answer on port $PORT within $READY_SECONDS s"
      return 1
    fi
    sleep 0.2
  done
}

# The gateway would create these at the first bucket and the first object, which takes seconds:
# better here than within somebody's deadline.
create_pool() {
  timeout "$READY_SECONDS" ceph -c "$CONF" osd pool create "$1"
  timeout "$READY_SECONDS" ceph -c "$CONF" osd pool application enable "$1" rgw
}

start_rgw() {
  launch rgw radosgw -f -n client.admin
  wait_for_s3
}

start_daemons() {
  local mon_port fsid osd_uuid id
  mon_port=${CEPH_MON_PORT:-$(free_port)}
  fsid=$(uuidgen)
  write_conf "$fsid" "$mon_port"
  : >"$DIR/keyring"
  echo "$PORT" >"$DIR/port"
  export CEPH_CONF=$CONF
  monmaptool --create --clobber --addv a "[v2:127.0.0.1:$mon_port]" --fsid "$fsid" "$DIR/monmap"
  ceph-mon --mkfs -i a --monmap "$DIR/monmap" -c "$CONF"
  launch mon ceph-mon -f -i a
  launch mgr ceph-mgr -f -i x
  osd_uuid=$(uuidgen)
  id=$(timeout "$READY_SECONDS" ceph -c "$CONF" osd new "$osd_uuid")
  ceph-osd -i "$id" --mkfs --osd-uuid "$osd_uuid" -c "$CONF"
  launch osd ceph-osd -f -i "$id"
  local jobs=() job pool
  for pool in index data non-ec; do
    create_pool "default.rgw.buckets.$pool" &
    jobs+=($!)
  done
  timeout "$READY_SECONDS" radosgw-admin -c "$CONF" user create --uid=test --display-name=test \
    --access-key="$ACCESS" --secret="$SECRET" --caps="roles=*;oidc-provider=*"
  for job in "${jobs[@]}"; do wait "$job"; done
  start_rgw
}

start() {
  local program
  for program in ceph-mon ceph-mgr ceph-osd radosgw radosgw-admin ceph monmaptool uuidgen curl; do
    if ! command -v "$program" >/dev/null; then
      say "$program is missing: apt-get install radosgw ceph-mon ceph-mgr ceph-osd uuid-runtime curl"
      exit 1
    fi
  done
  if [ -e "$CONF" ]; then
    stop
  elif [ -n "$(ls -A "$DIR")" ]; then
    say "$DIR holds other things: give an empty or a new folder"
    exit 1
  fi
  if ! is_free "$PORT"; then
    say "port $PORT is in use: give another one"
    exit 1
  fi
  rm -rf "${DIR:?}"/{mon,mgr,osd,run,log,rgw}
  mkdir -p "$DIR"/{mon,mgr,osd,run,log,rgw}
  # In a child, so that its set -e holds although we look at how it ended.
  if ! "$0" start-daemons "$DIR" "$PORT" >"$DIR/log/start.out" 2>&1; then
    say "Ceph did not start"
    show_logs
    stop
    exit 1
  fi
}

stop() {
  local name failed=0
  for name in rgw osd mgr mon; do
    end "$name" || failed=1
  done
  return $failed
}

need_started() {
  if ! is_running mon || ! is_running osd; then
    say "no Ceph runs in $DIR: use 'ceph.sh start' first"
    exit 1
  fi
  PORT=$(cat "$DIR/port")
}

case $command in
  start)
    PORT=${3:-}
    [ -n "$PORT" ] || usage
    start
    ;;
  start-daemons)  # internal
    PORT=$3
    start_daemons
    ;;
  stop) stop ;;
  pause-rgw)
    need_started
    is_running rgw || { say "the gateway is not running"; exit 1; }
    send rgw STOP
    ;;
  kill-rgw)
    need_started
    end rgw
    ;;
  start-rgw)
    need_started
    if is_running rgw; then
      send rgw CONT
    else
      start_rgw || { show_logs; exit 1; }
    fi
    ;;
  *) usage ;;
esac

#!/usr/bin/env bash
# ./x web: the types and the format of the web page, then its tests in a browser. Leaves pictures of
# it in build/web.
source tools/lib.sh
source tools/servers.sh
need build test
command -v npm >/dev/null || need web
log=build/web/npm.log
mkdir -p build/web
say "checking web/src"
npm ci --prefix web --no-audit --no-fund >"$log" 2>&1 || { tail -n 20 "$log" >&2 && fail "npm ci"; }
npm run --silent --prefix web check >"$log" 2>&1 || { cat "$log" >&2 && fail "npm run check in web/"; }
build_preset dev nats3

report=$PWD/build/web/browser.xml
rm -f build/web/*.png "$report"
status=0
NATS3_PICTURES=$PWD/build/web NATS3_PROGRAM=$PWD/build/dev/nats3 run_pytest tests/e2e/test_web.py -q \
  -n "$(nproc)" --junitxml="$report" || status=1
counts=$($PYTHON tools/tally.py "$report") || status=1
mapfile -t pictures < <(find build/web -name '*.png')
say "$(find web/src -type f | wc -l) files checked, in a browser $(tail -n 1 <<<"$counts")," \
  "${#pictures[@]} pictures in build/web, in $(elapsed) s"
exit $status

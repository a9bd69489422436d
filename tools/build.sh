#!/usr/bin/env bash
# ./x build [PRESET [TARGET...]]: builds the targets, or everything, of the release preset unless
# another one is given.
source tools/lib.sh
preset=${1:-release}
[ $# -eq 0 ] || shift
case $preset in
  dev | asan | tsan | release) ;;
  *) fail "no preset '$preset': dev, asan, tsan or release (fuzz is built by ./x fuzz)" ;;
esac
need build
build_preset "$preset" "$@"
say "build/$preset/nats3, $(du -h "build/$preset/nats3" | cut -f1), in $(elapsed) s"

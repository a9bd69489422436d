#!/usr/bin/env bash
# ./x build [PRESET [TARGET...]]: without a word the program as users get it, in build/release;
# with a preset all of it, tests included, or the targets.
source tools/lib.sh
[ $# -gt 0 ] || set -- release nats3
preset=$1
shift
case $preset in
  dev | asan | tsan | release) ;;
  *) fail "no preset '$preset': dev, asan, tsan or release (fuzz is built by ./x fuzz)" ;;
esac
need build
build_preset "$preset" "$@"
say "build/$preset/nats3, $(du -h "build/$preset/nats3" | cut -f1), in $(elapsed) s"

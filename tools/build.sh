#!/usr/bin/env bash
# ./x build [PRESET]: builds everything; the release preset unless another one is given.
source tools/lib.sh
preset=${1:-release}
case $preset in
  dev | asan | tsan | release) need build ;;
  fuzz) need build fuzz ;;
  *) fail "no preset '$preset': dev, asan, tsan, fuzz or release" ;;
esac
build_preset "$preset"
if [ "$preset" = fuzz ]; then
  say "$(find build/fuzz -maxdepth 1 -name '*_fuzz' | wc -l) fuzz targets in build/fuzz in $(elapsed) s"
else
  say "build/$preset/nats3, $(du -h "build/$preset/nats3" | cut -f1), in $(elapsed) s"
fi

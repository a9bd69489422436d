#!/usr/bin/env bash
# ./x demo: builds nats3 and shows its main job on real input; see tools/demo/demo.py for options.
source tools/lib.sh
case " $* " in
  *" -h "* | *" --help "*) ;;
  *)
    need build demo
    case " $* " in *" --s3 "*) need s3 ;; esac
    need_package_index
    build_preset release nats3
    ;;
esac
export PYTHONPATH=$PWD/tests PYTHONDONTWRITEBYTECODE=1
export NATS3_PROGRAM=${NATS3_PROGRAM:-$PWD/build/release/nats3}
exec $PYTHON tools/demo/demo.py "$@"

"""./x bench: nats3 beside the floor that libnats and the server set, on servers of its own.

Figures are ratios of medians, measured by turns in the same minute; see docs/performance.md.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

import archives  # noqa: E402
import charts  # noqa: E402
import linear  # noqa: E402
import many_jobs  # noqa: E402
import outage  # noqa: E402
import rounds  # noqa: E402
import targets  # noqa: E402
from bench_servers import Servers  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

QUICK_SCALE = 0.02


def arguments():
    parser = argparse.ArgumentParser(prog="./x bench", description=__doc__.splitlines()[0])
    names = [each.name for each in WORKLOADS]
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (default 5)")
    parser.add_argument("--workload", action="append", choices=names, help="only this one")
    parser.add_argument("--store", choices=["file", "s3", "both"], default="both")
    parser.add_argument("--quick", action="store_true",
                        help="see that all of it works: few messages, one round, nothing judged")
    parser.add_argument("--without-ids", action="store_true",
                        help="loads without message ids as well, beside a floor of their own")
    parser.add_argument("--jobs", action="store_true", help="instead: many jobs on one server")
    parser.add_argument("--archive", action="store_true", help="instead: reading large archives")
    parser.add_argument("--outage", action="store_true", help="instead: S3 stops for a minute")
    parser.add_argument("--linear", action="store_true", help="instead: ten times the messages")
    parser.add_argument("--docs", action="store_true", help="draw docs/bench/*.svg anew")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench")
    return parser.parse_args()


def save(options, name, content):
    options.out.mkdir(parents=True, exist_ok=True)
    about = {"when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cores": os.cpu_count(),
             "quick": options.quick}
    (options.out / f"{name}.json").write_text(json.dumps({**about, name: content}, indent=1) + "\n")


def measure_all(options, folder):
    chosen = [each for each in WORKLOADS if each.name in (options.workload or [each.name])]
    kinds = ["file", "s3"] if options.store == "both" else [options.store]
    scale = QUICK_SCALE if options.quick else 1
    results = []
    for kind in kinds:
        with Servers(folder, kind) as servers:
            for workload in chosen:
                count = 1 if options.quick else options.rounds
                results.append(rounds.measure(servers, workload, count, scale,
                                              options.without_ids))
                print(targets.line(results[-1]), flush=True)
    return results


def main():
    options = arguments()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nats3-bench.") as name:
        folder = pathlib.Path(name)
        if options.jobs:
            found, text, kept = many_jobs.measure(folder, options.quick)
            save(options, "jobs", found)
        elif options.archive:
            found, text, kept = archives.measure(options.quick)
            save(options, "archive", found)
        elif options.outage:
            found, text, kept = outage.measure(folder, options.quick)
            save(options, "outage", found)
        elif options.linear:
            kind = "file" if options.store == "both" else options.store
            found, text, kept = linear.measure(folder, kind, options.rounds, options.quick)
            save(options, "linear", found)
        else:
            found = measure_all(options, folder)
            save(options, "results", found)
            charts.draw(found, ROOT / "docs/bench" if options.docs else options.out)
            kept = all(ok for result in found for *_, ok in targets.judged(result))
            text = targets.last_line(found, time.monotonic() - began)
    print(f"bench: {text}{'' if kept or options.quick else '; short of a target'}")
    return 0 if kept or options.quick else 1


if __name__ == "__main__":
    sys.exit(main())

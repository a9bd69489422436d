"""Reading large archives: the requests and bytes it takes, by the program nats3_archive_bench."""

import json
import subprocess

from bench_servers import program

# Figure, the most it may be, and in words.
TARGETS = (
    ("plan_requests", 20, "requests to plan an hour out of 10 million chunks"),
    ("window_share", 0.03, "of the bytes for 1 % of the time"),
    ("subject_share", 0.05, "of the bytes for one subject of 10,000"),
)


def measure(quick):
    command = [program("nats3_archive_bench")]
    command += ["--keys", "20000", "--messages", "40000"] if quick else []
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=900)
    found = json.loads(done.stdout)
    figures = [f"{found[name]:g} {text} (<= {most:g})" for name, most, text in TARGETS]
    kept = all(found[name] <= most for name, most, _ in TARGETS)
    return found, "; ".join(figures), kept

"""Ten times the messages: how much more time, CPU time and memory they take.

A run of the fewer messages takes half a second, so that one pause of the disk decides it; each run
of the more stands beside several of them, on servers of their own, in the same minute.
"""

import contextlib

import rounds
from bench_servers import Servers
from workloads import WORKLOADS

FEWER, MORE = 0.1, 1
RUNS = 4  # of the fewer messages beside one of the more
TIMES = ("store", "load", "pull_floor", "publish_floor")
CPU = ("store_cpu", "load_cpu")
KEPT = (0.85, 1.15)


def measure(folder, kind, count, quick):
    """`count` runs of the more messages."""
    workload = WORKLOADS[0]
    scales = [scale * (0.2 if quick else 1) for scale in (FEWER, MORE)]
    with contextlib.ExitStack() as closing:
        both = []
        for number, scale in enumerate(scales):
            servers = closing.enter_context(Servers(folder / str(number), kind))
            both.append((servers, rounds.fill(servers, workload, scale), []))
        for _ in range(1 if quick else count):
            for (servers, messages, done), runs in zip(both, (1 if quick else RUNS, 1)):
                done += [rounds.one_round(servers, workload, messages) for _ in range(runs)]
    return _compare(*({"messages": messages, **rounds.summary(done, messages)}
                      for _, messages, done in both))


def _compare(fewer, more):
    times = more["messages"] / fewer["messages"]
    slower = {name: fewer[name] / more[name] for name in TIMES}
    slower |= {name: more[name]["nats3"] / fewer[name]["nats3"] for name in CPU}
    memory = more["peak_megabytes"] / fewer["peak_megabytes"]
    kept = all(KEPT[0] <= slower[name] <= KEPT[1] for name in ("store", "load")) and memory <= KEPT[1]
    store, load, pull, publish, store_cpu, load_cpu = (times * each for each in slower.values())
    bounds = " to ".join(f"{times * each:.1f}" for each in KEPT)
    text = (f"{times:.1f} times the messages: store {store:.1f} times the time, load {load:.1f} "
            f"({bounds}), of the floor {pull:.1f} and {publish:.1f}, of nats3's CPU time "
            f"{store_cpu:.1f} and {load_cpu:.1f}; memory {memory:.2f} times (<= {KEPT[1]})")
    return {"fewer": fewer, "more": more, "slower": slower, "memory": memory}, text, kept

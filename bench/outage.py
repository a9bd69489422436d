"""S3 doesn't answer for a minute in the middle of a store: what nats3 then holds in memory."""

import os
import signal
import time

from harness.wait import wait_for

from bench_servers import Servers
from rounds import SECONDS, begin_store, wait_stored
from targets import PEAK_MEGABYTES
from workloads import WORKLOADS

MEASURED = ("1k", "1m")
LOOK = 0.5
BEFORE = 0.15  # of the messages are archived when it stops
QUICK_CHUNKS = 12  # so that it stops in the middle, though there is little to do


def measure(folder, quick):
    seconds = 2 if quick else 60
    with Servers(folder, "s3") as servers:
        found = [_store(servers, workload, quick, seconds)
                 for workload in WORKLOADS if workload.name in MEASURED]
    kept = all(each["running"] and each["peak_megabytes"] <= PEAK_MEGABYTES for each in found)
    figures = "; ".join(
        f"{each['workload']}: {max(each['megabytes']):.0f} MB meanwhile, "
        f"{each['peak_megabytes']:.0f} at the peak (<= {PEAK_MEGABYTES}), "
        f"{'Running' if each['running'] else 'NOT Running'}, all {each['messages']:,} archived"
        for each in found
    )
    return found, f"S3 stopped for {seconds} s: {figures}", kept


def _store(servers, workload, quick, seconds):
    count = QUICK_CHUNKS * workload.chunk_messages if quick else workload.count(1)
    servers.stream.add_stream("BENCH", ["bench.>"])
    servers.stream.publish_all("BENCH", workload.generate(count), seconds=SECONDS)
    bucket = servers.new_bucket()
    nats3 = servers.processes["nats3"]
    nats3.reset_peak()
    job = begin_store(servers, workload, bucket)

    def now():
        return servers.rest.store.get(job["id"])

    wait_for(lambda: now()["progress"]["messages"] >= count * BEFORE, SECONDS, "the store to begin")
    megabytes, seen = _while_stopped(servers.gateway_pid, seconds, nats3, now)
    if seen[-1]["progress"]["messages"] >= count:
        raise AssertionError("all was archived before S3 stopped")
    wait_stored(servers, job, count, workload.chunk_messages)
    found = {"workload": workload.name, "messages": count, "megabytes": megabytes,
             "peak_megabytes": nats3.peak_megabytes(),
             "running": all(each["status"] == "Running" for each in seen)}
    servers.rest.store.remove(job["id"])
    servers.remove_bucket(bucket)
    servers.stream.delete_stream("BENCH")
    return found


def _while_stopped(gateway, seconds, nats3, now):
    """What nats3 holds in memory, and its job, look by look."""
    megabytes, seen = [], []
    os.kill(gateway, signal.SIGSTOP)
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(LOOK)
            megabytes.append(nats3.resident_megabytes())
            seen.append(now())
    finally:
        os.kill(gateway, signal.SIGCONT)
    return megabytes, seen

"""Rounds of floor and nats3 by turns on the same server, and their medians."""

import json
import statistics
import subprocess
import time

from bench_servers import CpuMeter, program

SECONDS = 600  # that anything may take
POLL = 0.01  # how exactly an end is seen
SELDOM = 0.25  # the longest without a look


def floor(servers, mode, workload, count, ack="none", zstd=0, ids=True):
    """Messages a second of the floor program."""
    command = [program("nats3_floor"), mode, "--url", servers.nats.url, "--stream", "BENCH"]
    command += ["--subject", "bench.>", "--messages", str(count), "--ack", ack]
    command += ["--batch", str(workload.batch), "--window", str(workload.in_flight)]
    command += ["--zstd", str(zstd), "--ids", "yes" if ids else "no"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=SECONDS)
    return json.loads(done.stdout)["rate"]


def store(servers, workload, count, bucket):
    """Seconds from making a store job until all is archived."""
    began = time.monotonic()
    job = begin_store(servers, workload, bucket)
    wait_stored(servers, job, count, workload.chunk_messages)
    seconds = time.monotonic() - began
    servers.rest.store.remove(job["id"])
    return seconds


def begin_store(servers, workload, bucket):
    """The store job, just made."""
    return servers.rest.store.create(
        name="bench",
        stream="BENCH",
        subject="bench.>",
        bucket=bucket.name,
        batch={"max_count": workload.chunk_messages},
    )


def wait_stored(servers, job, count, chunk):
    """Returns when the job has archived all, in chunks of `chunk` messages, and nothing twice."""
    last = wait_until(
        servers.rest.store, job, count, lambda now: now["progress"]["messages"] >= count, chunk
    )
    if last["progress"]["messages"] != count:
        raise AssertionError(f"{last['progress']['messages']} archived instead of {count}")


def load(servers, count, bucket, ids=True):
    """Seconds from making a load job until all is published and acknowledged."""
    without_ids = {"strict": True, "message_ids": False}
    began = time.monotonic()
    job = servers.rest.load.create(
        bucket=bucket.name,
        read_stream="BENCH",
        read_subject="bench.>",
        write_subject="back.{{subject}}",
        **({} if ids else without_ids),
    )
    last = wait_until(servers.rest.load, job, count, lambda now: now["status"] == "Success")
    seconds = time.monotonic() - began
    servers.rest.load.remove(job["id"])
    held = servers.stream.state("BACK")["messages"]
    if last["progress"]["messages"] != count or held != count:
        raise AssertionError(f"of {count} messages {last['progress']['messages']} were published, "
                             f"and the target holds {held}")
    return seconds


def wait_until(jobs, job, count, condition, ahead=0):
    """Looks seldom while much is left: a hundred looks a second take a tenth of a core. The job may
    be as many as `ahead` messages further than its progress."""
    began = time.monotonic()
    while True:
        now = jobs.get(job["id"])
        if now["status"] == "Failure":
            raise AssertionError(f"{jobs.kind} job failed: {now['last_error']}")
        if condition(now):
            return now
        passed = time.monotonic() - began
        if passed > SECONDS:
            raise AssertionError(f"{jobs.kind} job did not end in {SECONDS} s: {json.dumps(now)}")
        done = min(now["progress"]["messages"] + ahead, count)
        left = passed * (count - done) / done if done else SELDOM
        time.sleep(min(max(left / 2, POLL), SELDOM))


def with_target(servers, measure):
    """measure() with an empty target stream, which is gone afterwards."""
    servers.stream.add_stream("BACK", ["back.>"])
    result = measure()
    servers.stream.delete_stream("BACK")
    return result


def one_round(servers, workload, count, without_ids=False):
    bucket = servers.new_bucket()
    found = {
        "pull_none": floor(servers, "pull", workload, count, "none"),
        "pull_all": floor(servers, "pull", workload, count, "all"),
        "pull_zstd": floor(servers, "pull", workload, count, zstd=1),
    }
    with CpuMeter(servers) as storing:
        found["store"] = count / store(servers, workload, count, bucket)
    found["publish"] = with_target(servers, lambda: floor(servers, "publish", workload, count))
    with CpuMeter(servers) as loading:
        found["load"] = count / with_target(servers, lambda: load(servers, count, bucket))
    if without_ids:
        found["publish_without_ids"] = with_target(
            servers, lambda: floor(servers, "publish", workload, count, ids=False)
        )
        found["load_without_ids"] = count / with_target(
            servers, lambda: load(servers, count, bucket, ids=False)
        )
    found["stored_bytes"] = servers.stored_bytes(bucket)
    found["peak_megabytes"] = max(storing.peak, loading.peak)
    for name, meter in (("store_cpu", storing), ("load_cpu", loading)):
        found[name] = {each: s / count * 1e6 for each, s in meter.seconds.items()}
    servers.remove_bucket(bucket)
    return found


def fill(servers, workload, scale):
    """Makes the stream and fills it; the number of messages."""
    count = workload.count(scale)
    servers.stream.add_stream("BENCH", ["bench.>"])
    servers.stream.publish_all("BENCH", workload.generate(count), seconds=SECONDS)
    return count


def measure(servers, workload, rounds, scale, without_ids=False):
    """Fills the stream, and returns the rounds and what they come to. `without_ids`: loads without
    message ids as well."""
    count = fill(servers, workload, scale)
    done = [one_round(servers, workload, count, without_ids) for _ in range(rounds)]
    servers.stream.delete_stream("BENCH")
    return {"workload": workload.name, "to": servers.kind, "messages": count,
            "payload_bytes": workload.size, "rounds": done, **summary(done, count)}


def summary(done, count):
    def median(name):
        return statistics.median(each[name] for each in done)

    def medians(name):
        return {key: statistics.median(each[name][key] for each in done) for key in done[0][name]}

    pull = max(median("pull_none"), median("pull_all"))
    without_ids = {
        "load_without_ids": median("load_without_ids"),
        "load_without_ids_ratio": median("load_without_ids") / median("publish_without_ids"),
    } if "load_without_ids" in done[0] else {}
    return {
        "pull_floor": pull,
        "store": median("store"),
        "store_ratio": median("store") / pull,
        "store_of_compressing": median("store") / median("pull_zstd"),
        "publish_floor": median("publish"),
        "load": median("load"),
        "load_ratio": median("load") / median("publish"),
        "peak_megabytes": max(each["peak_megabytes"] for each in done),
        "store_cpu": medians("store_cpu"),
        "load_cpu": medians("load_cpu"),
        "stored_bytes_per_message": median("stored_bytes") / count,
        **without_ids,
    }

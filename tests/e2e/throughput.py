"""Measures a store and a load of many messages to Ceph's gateway and back; asserts no time.

    PYTHONPATH=tests throughput.py [--messages N] [--bytes N] [--file] [--codec Binary|Json]

Compares all that came back. Run by ./x e2e on the release build; NATS3_PROGRAM names another.
"""

import argparse
import contextlib
import pathlib
import random
import sys
import tempfile
import time

from harness.bucket import bucket_of, chunk_keys
from harness.compare import compare, originals
from harness.jetstream import JetStream
from harness.rest import Rest
from harness.servers import CephGateway, NatsServer, Nats3Server


def payloads(count, size):
    """Compressible about as real records are: words out of a small vocabulary."""
    chance = random.Random(1)
    words = [chance.randbytes(chance.randrange(2, 9)).hex() for _ in range(2000)]
    pool = [" ".join(chance.choices(words, k=size // 4)).encode()[: size - 8] for _ in range(500)]
    for number in range(count):
        yield f"bench.{number % 100}", b"%08d" % number + pool[number % 500], ()


def peak_megabytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line[:6] == "VmHWM:") / 1000


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def timed(jobs, create, done):
    started = time.monotonic()
    job = create()
    jobs.wait(job["id"], done, 600, "to finish")
    return time.monotonic() - started


def start(options, folder, closing):
    nats = NatsServer(folder / "nats")
    closing.callback(nats.close)
    nats.start()
    s3 = folder / "objects"
    if not options.file:
        s3 = CephGateway.from_environment()
        if s3 is None:
            gateway = CephGateway(folder / "ceph")
            closing.callback(gateway.close)
            s3 = gateway.start().account
    server = Nats3Server(folder / "nats3", nats.url, s3, log_level="info")
    closing.callback(server.close)
    server.start()
    return server, JetStream(closing.enter_context(nats.connect())), s3


def measure(options, folder, closing):
    server, stream, s3 = start(options, folder, closing)
    rest = Rest(server.url)
    count = options.messages
    bucket = bucket_of(s3, f"throughput-{time.time_ns()}")
    stream.add_stream("BENCH", ["bench.>"])
    stream.add_stream("BACK", ["back.>"])
    stream.publish_all("BENCH", payloads(count, options.bytes))
    store = timed(
        rest.store,
        lambda: rest.store.create(
            name="s",
            stream="BENCH",
            subject="bench.>",
            bucket=bucket.name,
            batch={"max_wait": "1s"},
            encoding={"codec": options.codec},
        ),
        lambda job: job["progress"]["messages"] >= count,
    )
    store_cpu = cpu_seconds(server.process.pid)
    load = timed(
        rest.load,
        lambda: rest.load.create(
            bucket=bucket.name,
            read_stream="BENCH",
            read_subject="bench.*",
            write_subject="back.{{wildcard(1)}}",
        ),
        lambda job: job["status"] == "Success",
    )
    load_cpu = cpu_seconds(server.process.pid) - store_cpu
    stored = sum(bucket.size(key) for key in chunk_keys(bucket))
    print(f"nats3: {peak_megabytes(server.process.pid):.0f} MB at peak; CPU seconds: store "
          f"{store_cpu:.1f}, load {load_cpu:.1f}; {len(chunk_keys(bucket))} chunks")
    back = originals(stream.read("BACK"), "BENCH", lambda s: s.replace("back.", "bench.", 1))
    result = compare(list(stream.read("BENCH")), back)
    ratio = count * options.bytes / stored
    print(f"store {count / store:,.0f}/s, load {count / load:,.0f}/s, {ratio:.1f} to 1; {result}")
    return 0 if result.same else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--bytes", type=int, default=1000, help="payload of each (default 1000)")
    parser.add_argument("--file", action="store_true", help="a folder instead of Ceph's gateway")
    parser.add_argument("--codec", default="Binary", choices=["Binary", "Json"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as closing:
        return measure(options, pathlib.Path(folder), closing)


if __name__ == "__main__":
    sys.exit(main())

"""The servers of a benchmark, each with its processes to measure."""

import contextlib
import os
import shutil
import subprocess

from harness.bucket import bucket_of, chunk_keys
from harness.jetstream import JetStream
from harness.process import ROOT
from harness.rest import Rest
from harness.servers import CephGateway, Nats3Server, NatsServer

from process_stats import Processes, ceph_pids

BUILD = ROOT / "build/release"
SERVER_CONFIG = "max_payload: 8MB\n"


def program(name):
    """A program of the release build; NATS3_BENCH_BUILD names another build's folder."""
    return os.path.join(os.environ.get("NATS3_BENCH_BUILD", BUILD), name)


class Servers:
    """A nats-server, one kind of object store ("file" or "s3"), and nats3. A context manager."""

    def __init__(self, folder, kind):
        self.folder = folder / kind
        self.kind = kind
        self._closing = contextlib.ExitStack()
        self._buckets = 0

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self._closing.close()
            raise
        return self

    def __exit__(self, *_):
        self._closing.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self):
        self.nats = NatsServer(self.folder / "nats", SERVER_CONFIG)
        self._closing.callback(self.nats.close)
        self.nats.start()
        self.processes = {"nats-server": Processes([self.nats.process.pid])}
        self.s3 = self.folder / "objects"
        if self.kind == "s3":
            gateway = CephGateway(self.folder / "ceph")
            self._closing.callback(gateway.close)
            self.s3 = gateway.start().account
            self.processes["s3"] = Processes(ceph_pids(self.folder / "ceph").values())
            self.gateway_pid = ceph_pids(self.folder / "ceph")["rgw"]
        self.nats3 = Nats3Server(
            self.folder / "nats3", self.nats.url, self.s3, program("nats3"), log_level="info"
        )
        self._closing.callback(self.nats3.close)
        self.nats3.start()
        self.processes["nats3"] = Processes([self.nats3.process.pid])
        self.stream = JetStream(self._closing.enter_context(self.nats.connect()))
        self.rest = Rest(self.nats3.url)

    def new_bucket(self):
        self._buckets += 1
        return bucket_of(self.s3, f"bench-{os.getpid()}-{self._buckets}")

    def remove_bucket(self, bucket):
        if self.kind == "file":
            shutil.rmtree(bucket.folder)
        else:
            command = self.s3.s3cmd("rb", "--recursive", "--force", f"s3://{bucket.name}")
            subprocess.run(command, check=True, capture_output=True)

    def stored_bytes(self, bucket):
        if self.kind == "file":
            return sum(bucket.size(key) for key in chunk_keys(bucket))
        return sum(size for key, size in bucket._list() if key.endswith(".zst"))


class CpuMeter:
    """CPU seconds by process while its `with` lasts, and the peak memory of nats3."""

    def __init__(self, servers):
        self.processes = servers.processes
        self.seconds = {}
        self.peak = 0.0

    def __enter__(self):
        self.processes["nats3"].reset_peak()
        self._before = {name: each.cpu_seconds() for name, each in self.processes.items()}
        return self

    def __exit__(self, *_):
        for name, each in self.processes.items():
            self.seconds[name] = each.cpu_seconds() - self._before[name]
        self.peak = self.processes["nats3"].peak_megabytes()

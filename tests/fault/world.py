"""The servers of a campaign: nats-server, S3 or a folder, nats3 once or three times, proxies between."""

import glob
import os
import pathlib
import subprocess
import time
import uuid

from fault.disk import Disk
from fault.loop import LoopThread
from fault.s3_proxy import S3Proxy
from fault.tcp_proxy import TcpProxy
from harness.bucket import S3Account, bucket_of
from harness.jetstream import JetStream
from harness.rest import Rest
from harness.servers import CephGateway, NatsServer, Nats3Server

_NATS_MEGABYTES = 4096  # at most: tmpfs takes what is written
_OBJECT_MEGABYTES = 2048


def _faketime(program):
    """libfaketime, or None where it can't be: a sanitizer wants to be loaded first itself."""
    libraries = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    linked = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return libraries[0] if libraries and "libasan" not in linked and "libtsan" not in linked else None


class FaultyServer(Nats3Server):
    """A nats3 whose clock can be set."""

    def __init__(self, folder, nats_url, s3):
        super().__init__(folder, nats_url, s3)
        self._library = _faketime(self.program)
        self._clock = self.folder / "clock"
        self.frozen = False
        self.set_clock(0)

    @property
    def has_clock(self):
        return self._library is not None

    def set_clock(self, offset):
        """Moves the time of day by so many seconds from the true one; the monotonic clock stays."""
        self._clock.write_text(f"{offset:+d}\n")

    def spawn(self, config=None):
        self.config_path.write_text(self.config() if config is None else config)
        environment = {}
        if self._library:
            environment = {
                "LD_PRELOAD": self._library,
                "FAKETIME_TIMESTAMP_FILE": str(self._clock),
                "FAKETIME_CACHE_DURATION": "1",
                "DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        self.process.spawn([self.program, "serve", "--config", self.config_path], environment)

    def freeze(self):
        self.frozen = True
        super().freeze()

    def thaw(self):
        self.frozen = False
        super().thaw()

    @property
    def answers(self):
        return self.process.running and not self.frozen


class World:
    """start() and close(). `folder` keeps the logs."""

    def __init__(self, folder, seed, servers, store, mounts):
        self.folder = pathlib.Path(folder)
        self.store = store
        self._seed = seed
        self._count = servers
        self._mounts = mounts
        self._gateway = None
        self.loop = LoopThread()
        self.bucket_name = f"fault-{seed}-{uuid.uuid4().hex[:8]}"
        self.nats = None
        self.nats_disk = None
        self.object_disk = None
        self.s3 = None  # the proxy
        self.links = []
        self.servers = []
        self.bucket = None

    def start(self):
        if self._mounts:
            self.nats_disk = Disk(self.folder / "nats/jetstream", _NATS_MEGABYTES)
        self.nats = NatsServer(self.folder / "nats").start()
        place = self._start_s3() if self.store == "s3" else self._start_folder()
        for number in range(self._count):
            link = TcpProxy(self.loop, self.nats.port)
            self.links.append(link)
            server = FaultyServer(self.folder / f"nats3-{number}", link.url, place)
            self.servers.append(server)
            server.start()
        return self

    def _start_folder(self):
        root = self.folder / "objects"
        if self._mounts:
            self.object_disk = Disk(root, _OBJECT_MEGABYTES)
        self.bucket = bucket_of(root, self.bucket_name)
        return root

    def _start_s3(self):
        account = CephGateway.from_environment()
        if account is None:
            self._gateway = CephGateway(self.folder / "ceph")
            account = self._gateway.start().account
        port = int(account.endpoint.rsplit(":", 1)[1])
        self.s3 = S3Proxy(self.loop, port, self._seed)
        # The judge goes to the gateway itself.
        self.bucket = bucket_of(account, self.bucket_name)
        return S3Account(self.s3.endpoint, account.access, account.secret)

    # A gateway that others use as well stays alive: then nobody answers where nats3 looks for it.

    def kill_s3(self):
        self.s3.refusing = True
        self.s3.cut()
        if self._gateway:
            self._gateway.kill_gateway()

    def revive_s3(self):
        if self._gateway:
            self._start_gateway()
        self.s3.refusing = False

    def _start_gateway(self):
        """Ceph's gateway ends by itself now and then when it starts on a busy machine, without a word
        in its log: that is its own matter, and S3 stays away for a little longer.
        """
        for left in (2, 1, 0):
            try:
                return self._gateway.start_gateway()
            except subprocess.CalledProcessError:
                if not left:
                    raise
                time.sleep(1)

    def temporary_files(self):
        """What puts of the file store have left behind."""
        if self.store == "s3":
            return []
        folder = self.folder / "objects" / self.bucket_name / ".nats3-tmp"
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def age_temporary_files(self):
        """As if they had been there for days: by that a server tells what nobody writes any more."""
        long_ago = time.time() - 3 * 86_400
        for path in self.temporary_files():
            os.utime(path, (long_ago, long_ago))

    def rests(self):
        """The API of each server that can answer now."""
        return [Rest(server.url) for server in self.servers if server.answers]

    def stream(self):
        """A new connection to nats-server itself; close its client."""
        return JetStream(self.nats.connect())

    def close(self):
        for server in self.servers:
            server.close()
        if self.nats:
            self.nats.close()
        if self._gateway:
            self._gateway.close()
        for proxy in self.links + ([self.s3] if self.s3 else []):
            proxy.close()
        self.loop.close()
        for disk in (self.nats_disk, self.object_disk):
            if disk:
                disk.close()

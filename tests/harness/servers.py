"""The servers of a test: nats-server, Ceph's S3 gateway, nats3 itself. Each with its own folder."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from harness.bucket import S3Account, S3WithoutKeys
from harness.jetstream import JetStream
from harness.nats import Client, NatsError
from harness.process import ROOT, Process, free_port
from harness.wait import Timeout, wait_for

START_SECONDS = 60


def nats_server_program():
    """NATS_SERVER=PATH runs the tests on another nats-server than Debian's."""
    return os.environ.get("NATS_SERVER", "/usr/sbin/nats-server")


def nats3_program():
    return pathlib.Path(os.environ.get("NATS3_PROGRAM", ROOT / "build/dev/nats3"))


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class NatsServer:
    """A nats-server with JetStream. stop() or kill() and start() again: same port, same data."""

    def __init__(self, folder, config=""):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.port = None
        self.process = Process("nats-server", self.folder / "nats-server.log")

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    def start(self):
        attempts = 5 if self.port is None else 1
        for attempt in range(attempts):
            port = self.port or free_port()
            path = self.folder / "nats.conf"
            path.write_text(
                f"listen: 127.0.0.1:{port}\n"
                f'jetstream {{ store_dir: "{self.folder}/jetstream", max_file: 64GB }}\n'
                f"{self.config}\n"
            )
            self.process.spawn([nats_server_program(), "-c", path])
            try:
                wait_for(
                    lambda: not self.process.running or _answers(port),
                    START_SECONDS,
                    "nats-server",
                    self.process.log_tail,
                )
            except Timeout:
                self.process.close()
                raise
            if self.process.running:
                self.port = port
                self._wait_for_jetstream()
                return self
            if attempt == attempts - 1:
                raise AssertionError(f"nats-server ended\n{self.process.log_tail()}")
        return self

    def _wait_for_jetstream(self):
        def ready():
            # Seen once: a connection that was closed at once, while the server started.
            with contextlib.suppress(NatsError), self.connect() as client:
                return JetStream(client).api("INFO")

        wait_for(ready, START_SECONDS, "JetStream")

    def connect(self):
        return Client(self.port)

    def stop(self):
        self.process.stop()

    def kill(self):
        self.process.kill()

    def freeze(self):
        self.process.freeze()

    def thaw(self):
        self.process.send(signal.SIGCONT)

    def close(self):
        self.process.close()


class CephGateway:
    """Ceph's S3 gateway, by tests/support/ceph.sh; or the one that the environment names.

    With `sts` it gives out temporary keys as well, and calls a wrong secret a missing right.
    """

    SCRIPT = ROOT / "tests/support/ceph.sh"

    def __init__(self, folder, sts=False):
        self.folder = pathlib.Path(folder)
        self.variables = {"CEPH_STS": "1"} if sts else {}
        self.port = None

    @staticmethod
    def from_environment():
        """The account of a gateway that runs already (./x test starts one for all), or None."""
        endpoint = os.environ.get("NATS3_TEST_S3_ENDPOINT")
        if not endpoint:
            return None
        return S3Account(
            endpoint,
            os.environ.get("NATS3_TEST_S3_ACCESS", "test-user"),
            os.environ.get("NATS3_TEST_S3_SECRET", "test-password"),
        )

    @property
    def account(self):
        return S3Account(f"http://127.0.0.1:{self.port}", "test-user", "test-password")

    def start(self):
        self.port = free_port()
        self._run("start", str(self.port))
        return self

    def kill_gateway(self):
        self._run("kill-rgw")

    def start_gateway(self):
        self._run("start-rgw")

    def close(self):
        if self.port is not None:
            self._run("stop")
            self.port = None

    def _run(self, command, *arguments):
        subprocess.run(
            [str(self.SCRIPT), command, str(self.folder), *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
            env={**os.environ, **self.variables},
        )


class Nats3Server:
    """`nats3 serve` with a configuration of its own; restarts keep port and folder.

    `s3` is an S3Account, S3WithoutKeys, or the pathlib.Path of a file store's root.
    """

    def __init__(self, folder, nats_url, s3, program=None, log_level="debug"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.nats_url = nats_url
        self.s3 = s3
        self.program = program or nats3_program()
        self.log_level = log_level
        self.port = free_port()
        self.process = Process("nats3", self.folder / "nats3.log")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def config_path(self):
        return self.folder / "config.toml"

    def config(self):
        if isinstance(self.s3, pathlib.Path):
            s3 = f'endpoint = "file:{self.s3}"\nregion = ""\naccess = ""\nsecret = ""\n'
        elif isinstance(self.s3, S3WithoutKeys):
            s3 = f'endpoint = "{self.s3.endpoint}"\ncredentials = "aws"\n'
        else:
            s3 = (
                f'endpoint = "{self.s3.endpoint}"\nregion = "us-east-1"\n'
                f'access = "{self.s3.access}"\nsecret = "{self.s3.secret}"\n'
            )
        return (
            f'log = "{self.log_level}"\n\n'
            f'[server]\naddr = "127.0.0.1:{self.port}"\n\n'
            f'[nats]\nurl = "{self.nats_url}"\n\n'
            f"[s3]\n{s3}"
        )

    def spawn(self, config=None):
        """Starts the process only."""
        self.config_path.write_text(self.config() if config is None else config)
        variables = self.s3.variables if isinstance(self.s3, S3WithoutKeys) else {}
        self.process.spawn([self.program, "serve", "--config", self.config_path], variables)

    def start(self):
        """Returns when it says that it is ready."""
        self.spawn()
        wait_for(self._ready_or_ended, START_SECONDS, "nats3", self.process.log_tail)
        if not self.process.running:
            raise AssertionError(f"nats3 ended while starting\n{self.process.log_tail()}")
        return self

    def _ready_or_ended(self):
        if not self.process.running:
            return True
        try:
            with urllib.request.urlopen(f"{self.url}/ready", timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def kill(self):
        self.process.kill()

    def freeze(self):
        self.process.freeze()

    def thaw(self):
        self.process.send(signal.SIGCONT)

    def stop(self):
        """SIGTERM; returns the exit status."""
        return self.process.stop()

    def close(self):
        self.process.close()

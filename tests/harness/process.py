"""Child processes that never outlive the tests, and free ports for them."""

import collections
import ctypes
import os
import pathlib
import random
import signal
import socket
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
# Below the range from which the kernel takes ports for outgoing connections, and apart from the one
# that tests/support/ceph.sh uses. A server begins to listen after its port was found to be free: so
# workers that run tests side by side have ports of their own, and none is given twice in a row.
_PORTS = random.SystemRandom()
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_GIVEN = collections.deque(maxlen=200)


def free_port():
    while True:
        port = _PORTS.randrange(10_000 + _WORKER, 20_000, _WORKERS)
        if port in _GIVEN:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _GIVEN.append(port)
        return port


def _die_with_parent():
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A server in the background, its output in a log file. Signals go to its process id only."""

    def __init__(self, name, log_path):
        self.name = name
        self.log_path = pathlib.Path(log_path)
        self.child = None

    def spawn(self, command, env=None):
        assert not self.running, f"{self.name} runs already"
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                preexec_fn=_die_with_parent,
            )

    @property
    def running(self):
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self):
        return self.child.pid

    def send(self, number):
        if self.running:
            self.child.send_signal(number)

    def kill(self):
        """kill -9, and gone when this returns."""
        self.send(signal.SIGKILL)
        return self.wait()

    def stop(self, seconds=30):
        """SIGTERM; returns the exit status. Raises when it does not end in time."""
        self.send(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds=30):
        if self.child is None:
            return None
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end in {seconds} s\n{self.log_tail()}") from None

    def close(self):
        """For the end of a test: gone, however."""
        if self.running:
            self.send(signal.SIGCONT)
            self.kill()

    def freeze(self):
        """Returns once it stands still: a signal takes its time."""
        if self.running:
            self.send(signal.SIGSTOP)
            os.waitid(os.P_PID, self.child.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=30):
        return f"--- {self.log_path}\n" + "\n".join(self.log().splitlines()[-lines:])

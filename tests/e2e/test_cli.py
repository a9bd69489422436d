"""The command line against real servers: watching on a terminal, waiting."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

import pytest
from harness.rest import Cli
from harness.servers import nats3_program
from harness.wait import wait_for
from workload import add_target, load_spec, publish, replayed, store_spec

COUNT = 2000


@pytest.fixture
def cli(file_server, tmp_path):
    return Cli(nats3_program(), tmp_path / "home", file_server.url)


@pytest.fixture
def work(stream):
    stream.add_stream("WORK", ["work.>"])
    add_target(stream)
    publish(stream, "WORK", COUNT)


def flags(spec):
    words = []
    for key, value in spec.items():
        words += [f"--{key.replace('_', '-')}", value]
    return words


STORE = {"name": "orders", "stream": "WORK", "subject": "work.>", "batch_max_wait": "200ms"}
LOAD = {"name": "replay", "read_stream": "WORK", "read_subject": "work.*.*"}
LOAD |= {"write_subject": "replay.{{wildcard(1)}}.{{wildcard(2)}}"}


class Terminal:
    """A command on a terminal of its own, and what it wrote there."""

    def __init__(self, cli, *arguments, columns=120, rows=24):
        self.master, slave = pty.openpty()
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        self.child = subprocess.Popen(
            [cli.program, *cli.options, *map(str, arguments)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=cli.environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.text = ""

    def read(self):
        """All that has come until now."""
        while select.select([self.master], [], [], 0)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other side is closed
                break
            if not data:
                break
            self.text += data.decode(errors="replace")
        return self.text

    def screen(self):
        """The lines on the terminal, as its last drawing left them."""
        return re.sub(r"\x1b\[\d*m", "", self.read()).split("\x1b[J")[-1]

    def wait_screen(self, pattern):
        return wait_for(
            lambda: re.search(pattern, self.screen()), 60, f"{pattern!r} on the screen", self.read
        )

    def press(self, data):
        os.write(self.master, data)

    def ended(self):
        status = self.child.wait(60)
        self.read()
        return status

    def close(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL)
            self.child.wait()
        os.close(self.master)


@pytest.fixture
def terminal(cli):
    made = []

    def make(*arguments, **size):
        made.append(Terminal(cli, *arguments, **size))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_watch_of_stores_until_ctrl_c(terminal, file_rest, stream, work, bucket_name):
    job = file_rest.store.create(**store_spec(bucket_name))
    watch = terminal("store", "watch", "--interval", "100ms")
    watch.wait_screen(rf"{job['id']}  store-WORK  Running +2,000 .* 0")
    publish(stream, "WORK", 10, COUNT)
    watch.wait_screen("2,010")
    watch.press(b"\x03")
    assert watch.ended() == 0
    assert "\x1b[?25l" not in watch.text  # no cursor was hidden, so none is to be shown again
    assert watch.text.endswith("\r\n")


def test_watch_goes_on_when_the_server_is_back(terminal, file_server, file_rest, work, bucket_name):
    job = file_rest.store.create(**store_spec(bucket_name))
    file_rest.store.wait_messages(job["id"], COUNT)
    watch = terminal("store", "watch", "--job-id", job["id"], "--interval", "100ms", columns=40)
    watch.wait_screen("2,000")
    file_server.stop()
    watch.wait_screen("No answer for")
    file_server.start()
    wait_for(lambda: "No answer" not in watch.screen(), 60, "the server to be back", watch.read)
    watch.wait_screen("Running")
    watch.press(b"\x03")
    assert watch.ended() == 0


def test_ctrl_c_ends_a_watch_whose_server_hangs(terminal, file_server, file_rest, work, bucket_name):
    file_rest.store.create(**store_spec(bucket_name))
    watch = terminal("store", "watch", "--interval", "100ms")
    watch.wait_screen("Running")
    file_server.freeze()
    try:
        watch.press(b"\x03")
        assert watch.ended() == 0
    finally:
        file_server.thaw()


def test_watch_of_a_load_ends_with_it(terminal, cli, file_rest, work, bucket_name):
    store = file_rest.store.create(**store_spec(bucket_name))
    file_rest.store.wait_messages(store["id"], COUNT)
    load = file_rest.load.create(**load_spec(bucket_name))
    watch = terminal("load", "watch", "--job-id", load["id"])
    assert watch.ended() == 0
    assert re.search(r"Success +█{20} +100% +2,000", watch.screen())
    piped = cli.run("load", "watch")
    assert piped.returncode == 0 and "\x1b" not in piped.stdout
    assert piped.stdout.endswith("load-WORK: Success, 100%, 2,000 of 2,000 messages\n")
    (line,) = cli.run("load", "watch", "--output", "json").stdout.splitlines()
    assert json.loads(line)["id"] == load["id"]


def test_watch_of_a_failed_load_ends_with_1(cli, file_rest, work, bucket_name, file_bucket):
    store = file_rest.store.create(**store_spec(bucket_name))
    file_rest.store.wait_messages(store["id"], COUNT)
    for key in file_bucket.keys():
        if key.endswith(".zst"):
            file_bucket.put(key, b"damaged")
    load = file_rest.load.create(**load_spec(bucket_name))
    file_rest.load.wait_ended(load["id"])
    for command in (["load", "watch"], ["load", "wait", "--job-id", load["id"]]):
        done = cli.run(*command)
        assert done.returncode == 1
        assert file_rest.load.get(load["id"])["last_error"] in done.stderr
        assert "load resume" in done.stderr


def test_create_waits_for_what_it_began(cli, file_rest, stream, work, bucket_name):
    bucket = {"bucket": bucket_name}
    store = cli.run("store", "create", *flags(STORE | bucket), "--wait", "--timeout", "60s")
    assert store.returncode == 0, store.stderr
    assert f"{COUNT:,} messages" in store.stdout
    load = cli.json("load", "create", *flags(LOAD | bucket), "--wait")
    assert load["status"] == "Success" and load["progress"]["messages"] == COUNT
    assert len(replayed(stream)) == COUNT
    (job,) = file_rest.store.list()
    assert cli.run("store", "wait", "--job-id", job["id"]).returncode == 0


def test_waiting_for_an_empty_stream_ends(cli, stream, bucket_name):
    stream.add_stream("WORK", ["work.>"])
    done = cli.run("store", "create", *flags(STORE), "--bucket", bucket_name, "--wait")
    assert done.returncode == 0, done.stderr


def test_waiting_ends_with_its_timeout_and_the_job_goes_on(cli, file_rest, stream, work, bucket_name):
    spec = STORE | {"bucket": bucket_name, "batch_max_wait": "1h", "timeout": "300ms"}
    done = cli.run("store", "create", *flags(spec), "--wait")
    assert done.returncode == 1
    (job,) = file_rest.store.list()
    assert f"nats3 store wait --job-id {job['id']}" in done.stderr
    assert job["status"] == "Running"


def test_waiting_shows_progress_on_a_terminal(terminal, file_rest, work, bucket_name):
    spec = STORE | {"bucket": bucket_name, "batch_max_wait": "1h"}
    create = terminal("store", "create", *flags(spec), "--wait", columns=60)
    create.wait_screen("Running, 0 messages, .*lag 2,000")
    (job,) = file_rest.store.list()
    file_rest.store.pause(job["id"])
    assert create.ended() == 1
    assert "is paused" in create.screen()

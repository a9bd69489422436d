"""The command line against real servers: watching on a terminal, waiting, moving jobs."""

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
from harness.jetstream import JetStream
from harness.rest import Cli, Rest
from harness.servers import NatsServer, nats3_program
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


@pytest.fixture
def other(tmp_path, servers):
    """A server on a NATS of its own, with the same stream, and its command line."""
    nats = NatsServer(tmp_path / "other-nats").start()
    with nats.connect() as client:
        JetStream(client).add_stream("WORK", ["work.>"])
        add_target(JetStream(client))
        server = servers(nats.url, tmp_path / "other-objects").start()
        yield Rest(server.url), Cli(nats3_program(), tmp_path / "home", server.url)
    nats.close()


def definitions(rest):
    """Of all jobs that have not ended, what they were made of, and whether they're paused."""
    told = {"id", "status", "created", "updated", "progress", "last_error", "last_error_since", "server",
            "exactness", "exactness_reason"}  # a load finds that out when it has begun
    return [
        (job["status"] == "Paused", {key: job[key] for key in set(job) - told})
        for job in rest.store.list() + rest.load.list()
        if job["status"] != "Success"
    ]


def test_jobs_move_to_another_server(cli, file_rest, other, stream, work, bucket_name, tmp_path):
    other_rest, other_cli = other
    store = file_rest.store.create(**store_spec(bucket_name, prefix="p", consumer="mine"))
    file_rest.store.wait_messages(store["id"], COUNT)
    done = file_rest.load.create(**load_spec(bucket_name, prefix="p"))
    file_rest.load.wait_status(done["id"], "Success")
    file_rest.store.create(**store_spec(bucket_name, batch={"max_count": 7}, paused=True))
    file_rest.load.create(**load_spec(bucket_name, poll_interval="1h", on_corrupt="skip"))
    path = tmp_path / "jobs.json"
    assert cli.run("job", "export", "--file", path).returncode == 0
    exported = json.loads(path.read_text())
    assert list(exported) == list(cli.json("job", "export"))  # the same form on standard output
    assert [job["id"] for job in exported["load_jobs"]] == [job["id"] for job in file_rest.load.list()]
    dry = other_cli.json("job", "import", path, "--dry-run")
    assert other_rest.store.list() == [] and len(dry) == 4
    made = other_cli.json("job", "import", path)
    assert [one["result"] for one in made] == ["created", "skipped", "created", "created"]
    assert definitions(other_rest) == definitions(file_rest)
    again = other_cli.json("job", "import", path)
    assert [one["result"] for one in again] == ["exists", "skipped", "exists", "exists"]
    assert definitions(other_rest) == definitions(file_rest)
    (_, all_of_them, *_) = other_cli.json("job", "import", path, "--all")
    assert all_of_them["result"] == "created"
    assert other_rest.load.get(all_of_them["id"])["status"] == "Paused"


OLD_STORE = {
    "id": "7f6e3c9e-5f2b-4c58-9f3a-000000000001",
    "name": "old-store",
    "status": "Running",
    "stream": "WORK",
    "consumer": "never-used",
    "subject": "work.>",
    "bucket": "",
    "prefix": None,
    "batch": {"max_bytes": 1000000, "max_count": 1000},
    "encoding": {"codec": "Binary"},
    "created": "2025-01-02T03:04:05.123456Z",
    "updated": "2025-01-02T03:04:05.123456Z",
}
OLD_LOAD = {
    "id": "7f6e3c9e-5f2b-4c58-9f3a-000000000002",
    "name": "old-load",
    "status": "Paused",
    "bucket": "",
    "prefix": None,
    "read_stream": "WORK",
    "read_consumer": None,
    "read_subject": "work.*.*",
    "poll_interval": {"secs": 30, "nanos": 0},
    "write_subject": "replay.{{wildcard(1)}}.x",
    "delete_chunks": True,
    "from_time": None,
    "to_time": "2030-01-01T00:00:00Z",
    "created": "2025-01-02T03:04:06Z",
    "updated": "2025-01-02T03:04:06Z",
}


def test_import_of_what_nats_s3_connector_answers(cli, file_rest, stream, work, bucket_name, tmp_path):
    # The consumer that the connector had read with, and how far it was.
    config = {"durable_name": "work__", "ack_policy": "explicit", "filter_subject": "work.>"}
    stream.add_consumer("WORK", **config, deliver_policy="by_start_sequence", opt_start_seq=1501)
    stores, loads = tmp_path / "stores.json", tmp_path / "loads.json"
    ended = OLD_LOAD | {"status": "Success", "name": "ended"}
    stores.write_text(json.dumps([OLD_STORE | {"bucket": bucket_name}]))
    loads.write_text(json.dumps([job | {"bucket": bucket_name} for job in (ended, OLD_LOAD)]))
    made = cli.json("job", "import", stores, loads)
    assert sorted((one["name"], one["result"]) for one in made) == [
        ("ended", "skipped"),
        ("old-load", "created"),
        ("old-store", "created"),
    ]
    (store,) = file_rest.store.list()
    assert store["adopt_consumer"] == "work__" and store["consumer"] is None
    assert store["batch"]["max_count"] == 1000 and store["encoding"] == {"codec": "Binary"}
    (load,) = file_rest.load.list()
    assert load["status"] == "Paused" and load["delete_chunks"] is True
    assert load["poll_interval"] == {"secs": 30, "nanos": 0}
    again = cli.json("job", "import", loads, stores)
    assert {one["result"] for one in again} == {"exists", "skipped"}


def test_import_says_what_failed_and_tries_the_others(cli, file_rest, work, bucket_name):
    wrong = OLD_STORE | {"bucket": bucket_name, "stream": "NOPE"}
    right = OLD_STORE | {"bucket": bucket_name, "name": "right"}
    done = cli.run("job", "import", "-", text_in=json.dumps([right, wrong]))
    assert done.returncode == 1
    assert re.search(r"store +old-store +failed +.*NOPE", done.stdout)
    assert re.search(r"store +right +created", done.stdout)
    assert "1 of 2 jobs could not be made" in done.stderr

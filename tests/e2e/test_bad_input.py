"""What can't work is refused with a clear error and the right status, and leaves nothing behind."""

import json
import subprocess

import pytest
from harness.bucket import S3Account, run
from harness.jetstream import JetStream
from harness.process import ROOT, free_port
from harness.rest import Cli, Rest
from harness.servers import NatsServer, Nats3Server, nats3_program
from harness.wait import wait_for
from workload import add_target, load_spec, publish, store_spec


@pytest.fixture(scope="module")
def module_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bad-input")


@pytest.fixture(scope="module")
def world(module_folder):
    """One set of servers for the table: nothing of it may change them."""
    nats = NatsServer(module_folder / "nats")
    server = None
    try:
        nats.start()
        server = Nats3Server(module_folder / "nats3", nats.url, module_folder / "objects")
        server.start()
        with nats.connect() as client:
            stream = JetStream(client)
            stream.add_stream("WORK", ["work.>"])
            add_target(stream)
            publish(stream, "WORK", 10)
            yield Rest(server.url), stream, module_folder / "objects"
    finally:
        if server:
            server.close()
        nats.close()


def state_of(world):
    """All that a refused request must not change."""
    rest, stream, objects = world
    files = sorted(str(path) for path in objects.rglob("*")) if objects.exists() else []
    counts = {name: stream.state(name)["messages"] for name in stream.stream_names()}
    consumers = [c["name"] for name in ("WORK", "REPLAY") for c in stream.consumers(name)]
    return files, counts, consumers, rest.store.list(), rest.load.list()


STORE = store_spec("never-made")
LOAD = load_spec("never-made")


def without(spec, key):
    return {name: value for name, value in spec.items() if name != key}


# kind, body (a spec, or the bytes as they are), status, words that the error must have.
REFUSED = [
    # Bodies that are none.
    ("store", b"", 400, ["JSON"]),
    ("store", b"{", 400, ["line 1", "column"]),
    ("store", b'{"name": "a",\n  "bucket": oops}', 400, ["line 2, column 1"]),
    ("store", b"[]", 400, ["object"]),
    ("store", b"\xff\xfe", 400, ["line 1"]),
    ("store", b"[" * 100_000, 400, ["nested"]),
    ("load", b'"text"', 400, ["object"]),
    # Keys that are missing or unknown.
    ("store", without(STORE, "stream"), 400, ["stream"]),
    ("store", without(STORE, "bucket"), 400, ["bucket"]),
    ("load", without(LOAD, "write_subject"), 400, ["write_subject"]),
    ("store", {**STORE, "sbuject": "x"}, 400, ["'sbuject'", "'subject'"]),
    ("store", {**STORE, "batch": {"max_byte": 1}}, 400, ["'max_byte'", "'max_bytes'"]),
    ("load", {**LOAD, "form_time": "x"}, 400, ["'form_time'", "'from_time'"]),
    # Sizes and times.
    ("store", {**STORE, "batch": {"max_bytes": -1}}, 400, ["batch.max_bytes", "-1"]),
    ("store", {**STORE, "batch": {"max_count": 0}}, 400, ["batch.max_count"]),
    ("store", {**STORE, "batch": {"max_count": 1.5}}, 400, ["batch.max_count", "1.5"]),
    ("store", {**STORE, "batch": {"max_bytes": 10**18}}, 400, ["batch.max_bytes"]),
    ("store", {**STORE, "batch": {"max_bytes": 10**30}}, 400, ["batch.max_bytes"]),
    ("store", {**STORE, "batch": {"max_wait": "-5s"}}, 400, ["batch.max_wait"]),
    ("store", {**STORE, "batch": "large"}, 400, ["batch"]),
    ("store", {**STORE, "encoding": {"codec": "xml"}}, 400, ["codec", "Json", "xml"]),
    ("load", {**LOAD, "from_time": "yesterday"}, 400, ["from_time", "RFC 3339"]),
    ("load", {**LOAD, "poll_interval": {"secs": -1, "nanos": 0}}, 400, ["poll_interval"]),
    ("load", {**LOAD, "delete_chunks": "yes"}, 400, ["delete_chunks"]),
    # Names that would leave their place.
    ("store", {**STORE, "name": "a\u0000b"}, 400, ["name"]),
    ("store", {**STORE, "name": ""}, 400, ["name"]),
    ("store", {**STORE, "name": "../../etc"}, 400, ["name", ".."]),
    ("store", {**STORE, "prefix": "a/../../b"}, 400, ["prefix", ".."]),
    ("store", {**STORE, "prefix": "a\nb"}, 400, ["prefix"]),
    ("store", {**STORE, "bucket": "../escape"}, 400, ["bucket"]),
    ("store", {**STORE, "bucket": "Not_A_Bucket"}, 400, ["bucket"]),
    ("store", {**STORE, "bucket": 7}, 400, ["bucket", "string"]),
    ("load", {**LOAD, "prefix": ".."}, 400, ["prefix"]),
    # Streams and subjects.
    ("store", {**STORE, "stream": "NOWHERE"}, 400, ["NOWHERE", "create the stream"]),
    ("store", {**STORE, "stream": "A.B"}, 400, ["stream"]),
    ("store", {**STORE, "subject": "other.>"}, 400, ["other.>", "outside", "work.>"]),
    ("store", {**STORE, "subject": "work..x"}, 400, ["subject"]),
    ("store", {**STORE, "subject": "work.> "}, 400, ["subject"]),
    ("store", {**STORE, "subject": ">.work"}, 400, ["subject"]),
    # Loads that can't work.
    ("load", LOAD, 400, ["never-made"]),
    ("load", {**LOAD, "write_subject": "nobody.stores.this"}, 400, ["nobody.stores.this", "stream"]),
    ("load", {**LOAD, "write_subject": "replay.{{wildcard(9)}}"}, 400, ["write_subject"]),
    ("load", {**LOAD, "write_subject": "replay.{{shuffle(1)}}"}, 400, ["write_subject"]),
    ("load", {**LOAD, "write_subject": "replay.*"}, 400, ["write_subject"]),
]


@pytest.mark.parametrize("kind, body, status, words", REFUSED, ids=range(len(REFUSED)))
def test_refused_and_nothing_made(world, kind, body, status, words):
    before = state_of(world)
    answer = world[0].call("POST", f"/{kind}/job", body)
    assert answer.status == status, answer.body
    assert answer.content_type == "application/json"
    for word in words:
        assert word in answer.error, answer.error
    assert state_of(world) == before


MISSING = "8b0c7b7e-5f5e-4a32-9d3e-1f4f0c0de000"


@pytest.mark.parametrize("kind", ["store", "load"])
@pytest.mark.parametrize(
    "method, path, status, words",
    [
        ("GET", f"job?job_id={MISSING}", 404, f"job id {MISSING} not found"),
        ("DELETE", f"job?job_id={MISSING}", 404, f"job id {MISSING} not found"),
        ("POST", f"job/pause?job_id={MISSING}", 404, f"job id {MISSING} not found"),
        ("POST", f"job/resume?job_id={MISSING}", 404, f"job id {MISSING} not found"),
        ("GET", "job?job_id=nonsense", None, "nonsense"),
        ("GET", "job", 400, "job_id"),
        ("GET", "job?job_id=", 400, "job_id"),
        ("GET", "nothing", 404, "/nothing"),
        ("PUT", "jobs", 405, "PUT"),
    ],
)
def test_unknown_jobs_and_routes(world, kind, method, path, status, words):
    answer = world[0].call(method, f"/{kind}/{path}")
    assert answer.status in ((400, 404) if status is None else (status,))
    assert words in answer.error


def test_an_id_with_odd_bytes_is_only_unknown(world):
    for odd in ("a%00b", "..%2F..%2Fx", "%25", "a" * 4000, "%ff", "*", "%3E"):
        answer = world[0].call("GET", f"/store/job?job_id={odd}")
        assert answer.status in (400, 404), answer.body
        assert answer.error


def test_a_body_beyond_all_measure_is_refused(world):
    before = state_of(world)
    body = json.dumps({**STORE, "name": "x" * 20_000_000}).encode()
    try:
        answer = world[0].call("POST", "/store/job", body)
        assert answer.status in (400, 413)
        assert answer.error
    except OSError:
        pass  # it may close the connection before all of it is sent
    assert state_of(world) == before


def test_two_jobs_that_would_write_the_same_keys(file_rest, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"])
    first = file_rest.store.create(**store_spec(file_bucket.name))
    answer = file_rest.call("POST", "/store/job", store_spec(file_bucket.name))
    assert answer.status == 409
    assert "already" in answer.error
    assert [job["id"] for job in file_rest.store.list()] == [first["id"]]


def test_a_work_queue_that_others_are_reading(file_rest, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"], retention="workqueue")
    stream.add_consumer("WORK", durable_name="worker", ack_policy="explicit")
    publish(stream, "WORK", 10)
    answer = file_rest.call("POST", "/store/job", store_spec(file_bucket.name))
    assert answer.status in (400, 409), answer.body
    assert "WORK" in answer.error and "worker" in answer.error
    assert file_rest.store.list() == []
    assert not file_bucket.exists()
    assert [consumer["name"] for consumer in stream.consumers("WORK")] == ["worker"]
    assert stream.state("WORK")["messages"] == 10


def test_a_bucket_without_permission(nats, servers, ceph, stream, bucket_name):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 10)
    run(ceph.s3cmd("mb", f"s3://{bucket_name}"))
    account = S3Account(ceph.endpoint, ceph.access, "not-the-password")
    rest = Rest(servers(nats.url, account).start().url)
    answer = rest.call("POST", "/store/job", store_spec(bucket_name))
    assert answer.status == 403, answer.body
    assert bucket_name in answer.error
    assert "check the secret key" in answer.error
    assert rest.store.list() == []
    assert stream.consumers("WORK") == []


def test_s3_unreachable_when_a_job_is_made(nats, servers, ceph, stream, bucket_name):
    stream.add_stream("WORK", ["work.>"])
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    server = servers(nats.url, S3Account(endpoint, "test-user", "test-password"))
    rest = Rest(server.start().url)
    answer = rest.call("POST", "/store/job", store_spec(bucket_name), seconds=120)
    assert answer.status == 503, answer.body
    assert "127.0.0.1" in answer.error and str(port) in answer.error
    assert rest.store.list() == []
    assert stream.consumers("WORK") == []


def test_nats_unreachable_at_start(servers, file_root):
    """It says so and waits; it is alive, and not ready."""
    url = f"nats://127.0.0.1:{free_port()}"
    server = servers(url, file_root)
    server.spawn()
    name = url.removeprefix("nats://")
    wait_for(lambda: name in server.process.log(), 30, "NATS to be named", server.process.log_tail)
    if server.process.running:
        rest = Rest(server.url)
        wait_for(lambda: server.process.running and alive(rest), 30, "an answer to /ping")
        answer = rest.call("GET", "/ready")
        assert answer.status == 503
        assert name in answer.error
        assert rest.call("POST", "/store/job", store_spec("never-made")).status == 503
    else:
        assert server.process.wait() == 1


def alive(rest):
    try:
        return rest.call("GET", "/ping").body == b"pong"
    except OSError:
        return False


# A line in place of its like in a good configuration, and words that the message must have. Where it
# isn't TOML at all, the file's name comes with line and column.
CONFIGS = [
    ("log", "log = ", ["config.toml:1:"]),
    ("[server]", "[server", ["config.toml:3:"]),
    ("[server]", "[sever]", ["sever", "server"]),
    ("url", 'ulr = "localhost"', ["ulr", "url"]),
    ("addr", 'addr = "no address"', ["server.addr", "no address"]),
    ("addr", 'addr = "127.0.0.1:99999"', ["server.addr", "99999"]),
    ("endpoint", "endpoint = 7", ["s3.endpoint"]),
    ("endpoint", 'endpoint = "gopher://x"', ["s3.endpoint", "gopher"]),
    ("url", "", ["nats.url", "NATS3_NATS_URL"]),
]


@pytest.mark.parametrize("begins, line, words", CONFIGS, ids=range(len(CONFIGS)))
def test_a_configuration_that_cannot_work(servers, begins, line, words):
    server = servers("nats://127.0.0.1:1", S3Account("http://127.0.0.1:1", "me", "secret"))
    lines = server.config().splitlines()
    (at,) = [i for i, good in enumerate(lines) if good.startswith(begins)]
    lines[at] = line
    server.spawn(config="\n".join(lines) + "\n")
    assert server.process.wait(30) not in (0, None)
    log = server.process.log()
    for word in [*words, str(server.config_path)]:
        assert word in log, log
    assert len(log.splitlines()) <= 5, log


def test_a_configuration_file_that_is_missing(servers, file_root, tmp_path):
    server = servers("nats://127.0.0.1:1", file_root)
    missing = tmp_path / "nowhere.toml"
    command = [server.program, "serve", "--config", missing]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=ROOT)
    assert done.returncode != 0
    assert str(missing) in done.stdout + done.stderr


def test_the_command_line_says_what_was_refused(world, tmp_path):
    rest = world[0]
    cli = Cli(nats3_program(), tmp_path, rest.url)
    words = ["--name", "x", "--stream", "NOWHERE", "--subject", "a", "--bucket", "never-made"]
    done = cli.run("store", "create", *words)
    assert done.returncode == 1
    assert "NOWHERE" in done.stderr and done.stdout == ""
    done = cli.run("store", "create", "--nmae", "x")
    assert done.returncode == 2
    assert "--nmae" in done.stderr
    done = cli.run("store", "pause", "--job-id", MISSING)
    assert done.returncode == 1
    assert f"job id {MISSING} not found" in done.stderr
    away = Cli(nats3_program(), tmp_path, f"http://127.0.0.1:{free_port()}")
    done = away.run("store", "list")
    assert done.returncode == 1
    assert away.options[1] in done.stderr

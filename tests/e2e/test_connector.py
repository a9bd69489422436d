"""nats3 in the place of nats-s3-connector: its clients' requests, its jobs, its known defects.

What its own programs sent is in tests/fixtures/connector; connector.py sends it and judges answers.
"""

import json
import re

import pytest
from connector import FACTS, Mistyped, check_type, send
from harness.bucket import chunk_keys, read_archive
from harness.jetstream import parse_time
from harness.process import ROOT
from harness.rest import Cli
from harness.servers import nats3_program
from harness.wait import wait_for
from workload import add_target, check_same, load_spec, publish, replayed, store_spec

STORE_JOB = {
    "id": "7f6e3c9e-5f2b-4c58-9f3a-000000000001",
    "name": "n",
    "status": "Running",
    "stream": "s",
    "consumer": None,
    "subject": "a.>",
    "bucket": "bbb",
    "batch": {"max_bytes": 1_000_000, "max_count": 1000},
    "encoding": {"codec": "Binary"},
    "created": "2026-11-24T05:52:05.123456789Z",
    "updated": "2026-11-24T05:52:05+01:00",
}


def changed(**changes):
    return {key: value for key, value in {**STORE_JOB, **changes}.items() if value != "gone"}


# The check itself


@pytest.mark.parametrize(
    "job", [STORE_JOB, changed(progress={}, prefix="p"), changed(consumer="gone")]
)
def test_the_check_takes_what_the_old_client_takes(job):
    check_type(job, "StoreJob")
    check_type([job, job], "[StoreJob]")


@pytest.mark.parametrize(
    "job",
    [
        [],
        changed(name="gone"),
        changed(name=None),
        changed(prefix=5),
        changed(status="running"),
        changed(batch=None),
        changed(batch={"max_bytes": 1.5, "max_count": 1}),
        changed(batch={"max_bytes": 2**63, "max_count": 1}),
        changed(encoding={"codec": "zstd"}),
        changed(created="2026-11-24 05:52"),
        changed(created=1795500000),
    ],
    ids=str,
)
def test_the_check_refuses_what_the_old_client_refuses(job):
    with pytest.raises(Mistyped):
        check_type(job, "StoreJob")


# Requests as its command line and its end-to-end tool send them


@pytest.fixture
def streams(stream):
    """The streams that the recorded jobs name, with something in them."""
    for name in ("test-input", "test-output"):
        stream.add_stream(name, [name.replace("-", ".")], retention="workqueue")
    stream.add_stream("jobs", ["jobs.>"])
    stream.add_stream("replay", ["replay.>"])
    for number in range(10):
        stream.publish("jobs.a", b"%d" % number)


SESSIONS = list(dict.fromkeys(request["session"] for request in FACTS["requests"]))


@pytest.mark.parametrize("session", SESSIONS)
def test_recorded_requests_are_answered_as_the_old_client_needs(
    file_server, streams, bucket_name, session
):
    values = {"BUCKET": bucket_name, "UNKNOWN_ID": "00000000-0000-4000-8000-000000000000"}
    for request in (request for request in FACTS["requests"] if request["session"] == session):
        answer = send(file_server.url, request, values)
        said = f"{request['says']}: {answer.status} {answer.body.decode()}"
        assert answer.status == request["status"], said
        if answer.status == 404:
            assert answer.error == f"job id {values['UNKNOWN_ID']} not found", said
        elif answer.status != 200:
            assert answer.error, said
        elif request["answer"] == "nothing":
            assert answer.body == b"", said
        else:
            assert answer.content_type == "application/json", said
            check_type(answer.json, request["answer"])
        if "keep" in request:
            values[request["keep"]] = answer.json["id"]


# Its jobs


def defaults_of_its_tool(bucket_name, codec):
    """The two jobs that its end-to-end tool makes."""
    store = {"name": "test-store", "stream": "test-input", "consumer": None, "prefix": None}
    store |= {"subject": "test.input", "bucket": bucket_name, "encoding": {"codec": codec}}
    store |= {"batch": {"max_bytes": 1_000_000, "max_count": 1000}}
    load = {"name": "test-load", "bucket": bucket_name, "prefix": None, "read_consumer": None}
    load |= {"read_stream": "test-input", "read_subject": "test.input", "from_time": None}
    load |= {"write_subject": "test.output", "poll_interval": {"secs": 2, "nanos": 0}}
    return store, {**load, "delete_chunks": True, "to_time": None}


@pytest.mark.parametrize("codec", ["Binary", "Json"])
def test_work_queue_to_work_queue_without_headers(rest, stream, bucket, codec):
    """As that tool has it, but with messages without headers, which it can't read itself."""
    for name in ("test-input", "test-output"):
        stream.add_stream(name, [name.replace("-", ".")], retention="workqueue")
    store, load = defaults_of_its_tool(bucket.name, codec)
    rest.store.create(**store)
    job = rest.load.create(**load)
    payloads = [b"", bytes(range(256))] + [b"message %d " % number * 20 for number in range(2998)]
    count = len(payloads)
    stream.publish_all("test-input", [("test.input", payload, ()) for payload in payloads])
    rest.load.wait_messages(job["id"], count)
    back = list(stream.get_messages("test-output", 1, count))
    assert [message.payload for message in back] == payloads
    assert stream.state("test-output")["last_seq"] == count
    for message in back:
        assert all(name.startswith(("Nats3-", "Nats-Msg-Id")) for name, _ in message.headers)
    wait_for(lambda: stream.state("test-input")["messages"] == 0, 30, "the input to be empty")
    wait_for(lambda: chunk_keys(bucket) == [], 30, "the chunks to be deleted")
    assert rest.load.get(job["id"])["status"] == "Running"


def exported(kind):
    return json.loads((ROOT / f"tests/fixtures/connector/{kind}-jobs.json").read_text())


def acknowledge(stream, name, consumer, count):
    """Reads with a durable as the old server does, and acknowledges."""
    inbox = stream.client.new_inbox()
    deliveries = stream.client.subscribe(inbox)
    request = json.dumps({"batch": count, "expires": 10_000_000_000})
    stream.client.publish(f"$JS.API.CONSUMER.MSG.NEXT.{name}.{consumer}", request, reply=inbox)
    for _ in range(count):
        stream.client.publish(deliveries.next(10).reply, b"+ACK")
    deliveries.close()
    floor = lambda: stream.consumers(name)[0]["ack_floor"]["stream_seq"]  # noqa: E731
    wait_for(lambda: floor() == count, 30, "the acknowledgements to be there")


def test_the_swap_goes_on_where_the_old_server_stopped(
    file_server, file_rest, streams, stream, tmp_path
):
    """docs/migration.md: 6 of 10 messages were archived by the old one, whose lists are imported."""
    durable = {"ack_policy": "explicit", "max_ack_pending": 1000, "durable_name": "jobs__"}
    stream.add_consumer("jobs", filter_subject="jobs.>", **durable)
    acknowledge(stream, "jobs", "jobs__", 6)
    cli = Cli(nats3_program(), tmp_path / "home", file_server.url)
    lists = [ROOT / f"tests/fixtures/connector/{kind}-jobs.json" for kind in ("store", "load")]
    for _ in range(2):  # the second time everything is there
        done = cli.run("job", "import", *lists)
        assert done.returncode == 0, done.stderr
    jobs = {job["name"]: job for job in file_rest.store.list() + file_rest.load.list()}
    assert set(jobs) == {"orders", "orders-eu", "replay", "paused"}
    assert jobs["orders-eu"]["status"] == jobs["paused"]["status"] == "Paused"
    assert jobs["orders-eu"]["consumer"] is None  # the old one never used it
    job = file_rest.store.wait_messages(jobs["orders"]["id"], 4)
    assert job["progress"]["messages"] == 4 and job["progress"]["last_sequence"] == 10
    assert job["batch"]["max_count"] == 1000
    assert file_rest.load.get(jobs["replay"]["id"])["status"] == "Running"


def asked_for(job, keys):
    """What a job was made of, by those keys; equal times written in two ways are equal."""
    spec = {key: job[key] for key in keys}
    for key in keys & {"from_time", "to_time"}:
        spec[key] = spec[key] and parse_time(spec[key])
    if "batch" in spec:
        spec["batch"] = {key: spec["batch"][key] for key in ("max_bytes", "max_count")}
    return spec


def test_jobs_as_the_old_server_answered_them_can_be_posted(file_rest, streams):
    for kind, jobs in (("store", file_rest.store), ("load", file_rest.load)):
        for old in exported(kind):
            check_type(old, f"{kind.capitalize()}Job")
            new = jobs.create(**old)
            assert new["id"] != old["id"]
            keys = old.keys() - {"id", "status", "created", "updated"}
            assert asked_for(new, keys) == asked_for(old, keys)


def test_a_load_may_be_made_before_anything_is_archived(file_rest, stream, bucket_name):
    stream.add_stream("WORK", ["work.>"])
    add_target(stream)
    file_rest.store.create(**store_spec(bucket_name))  # makes the bucket
    spec = load_spec(bucket_name, poll_interval={"secs": 0, "nanos": 100_000_000})
    load = file_rest.load.create(**spec)
    file_rest.load.wait_status(load["id"], "Running")
    publish(stream, "WORK", 10)
    file_rest.load.wait_messages(load["id"], 10)
    check_same(list(stream.read("WORK")), replayed(stream))


# Its metrics


def test_connector_metrics(file_rest, stream, file_bucket):
    """Names and directions are in test_metrics_of_the_interface; here is what the numbers count."""
    stream.add_stream("WORK", ["work.>"])
    add_target(stream)
    publish(stream, "WORK", 500)
    store = file_rest.store.create(**store_spec(file_bucket.name))
    file_rest.store.wait_messages(store["id"], 500)
    load = file_rest.load.create(**load_spec(file_bucket.name))
    file_rest.load.wait_status(load["id"], "Success")
    metrics = file_rest.metrics()
    stored = sum(file_bucket.size(key) for key in chunk_keys(file_bucket))
    for suffix in ("", "_total"):
        value = lambda name, labels: metrics[f"nats3_{name}_total{suffix}{{{labels}}}"]  # noqa: E731
        assert value("nats_bytes", 'direction="out"') == stored
        assert value("s3_bytes", 'direction="in"') == stored
        payloads = sum(len(message.payload) for message in stream.read("WORK"))
        assert value("nats_bytes", 'direction="in"') == payloads
        assert value("jobs", 'job_type="load",status="completed"') == 1
    current = 'nats3_jobs_current{job_type="store"}'
    running = lambda: file_rest.metrics()[current]  # noqa: E731
    assert running() == 1
    file_rest.store.pause(store["id"])
    assert running() == 0
    file_rest.store.resume(store["id"])
    wait_for(lambda: running() == 1, 30, "the resumed job to count")
    file_rest.store.remove(store["id"])
    wait_for(lambda: running() == 0, 30, "the removed job not to count")
    assert file_rest.metrics()['nats3_jobs_total{job_type="store",status="failed"}'] == 0


# Its defects: docs/migration.md names a test for each


def test_chunks_of_one_second_have_their_own_keys(file_rest, stream, file_bucket):
    """There a key was a second and a count: of 201 chunks that were written fast, 38 remained."""
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 5000)
    for prefix in (None, "with/prefix"):
        spec = store_spec(file_bucket.name, batch={"max_count": 50}, prefix=prefix)
        job = file_rest.store.create(**spec)
        file_rest.store.wait_messages(job["id"], 5000)
    jobs = file_rest.store.list()
    assert all(job["progress"]["chunks"] >= 100 for job in jobs)
    assert len(chunk_keys(file_bucket)) == sum(job["progress"]["chunks"] for job in jobs)
    archived = read_archive(file_bucket)
    published = list(stream.read("WORK"))
    check_same(published, archived[:5000])
    check_same(published, archived[5000:])


def test_a_store_job_reads_with_the_consumer_it_names(file_rest, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"], retention="workqueue")
    publish(stream, "WORK", 1000)
    published = list(stream.get_messages("WORK", 1, 1000))
    job = file_rest.store.create(**store_spec(file_bucket.name, consumer="mine"))
    assert job["consumer"] == "mine"
    file_rest.store.wait_messages(job["id"], 1000)
    wait_for(lambda: stream.state("WORK")["messages"] == 0, 30, "the stream to be empty")
    assert [consumer["name"] for consumer in stream.consumers("WORK")] == ["mine"]
    check_same(published, read_archive(file_bucket))
    file_rest.store.remove(job["id"])
    assert [consumer["name"] for consumer in stream.consumers("WORK")] == ["mine"]


def test_two_jobs_on_one_subject_each_archive_all_of_it(file_rest, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"])
    specs = [store_spec(file_bucket.name, prefix=prefix) for prefix in ("first", "second")]
    jobs = [file_rest.store.create(**spec) for spec in specs]
    publish(stream, "WORK", 2000)
    for job in jobs:
        file_rest.store.wait_messages(job["id"], 2000)
    archived = read_archive(file_bucket)
    published = list(stream.read("WORK"))
    check_same(published, archived[:2000])
    check_same(published, archived[2000:])


def test_pausing_a_job_that_ended_is_refused(file_rest, stream, bucket_name):
    """There it became Paused, and resumed it replayed everything again."""
    stream.add_stream("WORK", ["work.>"])
    add_target(stream)
    publish(stream, "WORK", 100)
    store = file_rest.store.create(**store_spec(bucket_name))
    file_rest.store.wait_messages(store["id"], 100)
    load = file_rest.load.create(**load_spec(bucket_name))
    file_rest.load.wait_status(load["id"], "Success")
    answer = file_rest.call("POST", f"/load/job/pause?job_id={load['id']}")
    assert answer.status == 409 and load["id"] in answer.error
    assert file_rest.load.get(load["id"])["status"] == "Success"
    assert stream.state("REPLAY")["messages"] == 100


# The page that says so


def test_the_migration_page_names_only_tests_that_exist():
    page = (ROOT / "docs/migration.md").read_text()
    sources = [*ROOT.glob("tests/e2e/test_*.py"), *ROOT.glob("src/**/*_test.cc")]
    text = "\n".join(path.read_text() for path in sources)
    known = set(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE))
    cases = re.findall(r"^TEST(?:_[FP])?\((\w+),\s*(\w+)", text, re.MULTILINE)
    known |= {".".join(case) for case in cases}
    rows = page.split("## Defects", 1)[1].splitlines()
    cells = "\n".join(row.split("|")[-2] for row in rows if "|" in row)
    named = re.findall(r"`(test_\w+|\w+\.\w+)`", cells)
    assert len(named) > 20
    assert set(named) <= known, sorted(set(named) - known)

"""Several servers on one NATS and one bucket: jobs are shared out, and move when a server goes."""

import threading
import time
import urllib.error

import pytest
from harness.bucket import read_archive
from harness.rest import Cli, Rest
from harness.servers import nats3_program
from harness.wait import wait_for
from workload import add_target, check_same, load_spec, messages, publish, replayed, store_spec

JOBS = 30
TAKEOVER_SECONDS = 15  # what users are promised


@pytest.fixture
def three(nats, file_root, servers):
    started = [servers(nats.url, file_root).start() for _ in range(3)]
    rest = Rest(started[0].url)
    wait_for(lambda: len(rest.ok("GET", "/servers")) == 3, 20, "three servers to see each other")
    return started


def holders(rest):
    """Job id to server id, of all jobs."""
    return {job["id"]: job["server"] for job in rest.store.list() + rest.load.list()}


def counts(rest):
    """Jobs that each server says it works at, in order of its id."""
    return [s["store_jobs"] + s["load_jobs"] for s in rest.ok("GET", "/servers")]


def own_id(server):
    (own,) = [s for s in Rest(server.url).ok("GET", "/servers") if s["self"]]
    return own["id"]


def make_jobs(stream, rest, bucket_name, number=JOBS):
    """`number` streams with a store job each; returns the jobs."""
    jobs = []
    for i in range(number):
        stream.add_stream(f"S{i}", [f"s{i}.>"])
        spec = store_spec(bucket_name, name=f"S{i}", subject=f"s{i}.>")
        jobs.append(rest.store.create(**spec))
    return jobs


def fill(stream, number=JOBS, each=40):
    for i in range(number):
        stream.publish_all(f"S{i}", [(f"s{i}.x", b"%d" % n, ()) for n in range(each)])


def even(rest, servers, jobs=JOBS):
    found = counts(rest)
    return len(found) == servers and sum(found) == jobs and max(found) - min(found) <= 1


def test_jobs_are_spread_and_move_from_a_killed_server(three, stream, file_bucket):
    rest = Rest(three[0].url)
    jobs = make_jobs(stream, rest, file_bucket.name)
    fill(stream)
    wait_for(lambda: even(rest, 3), 60, "10 jobs each", lambda: str(counts(rest)))
    victim = own_id(three[2])
    orphans = [job for job, server in holders(rest).items() if server == victim]
    assert len(orphans) == JOBS // 3
    three[2].kill()
    killed = time.monotonic()
    fill(stream)
    living = {own_id(server) for server in three[:2]}
    wait_for(
        lambda: all(holders(rest)[job] in living for job in orphans), 60, "the jobs to move"
    )
    # The promise, with what a loaded machine adds to noticing it here.
    assert time.monotonic() - killed < TAKEOVER_SECONDS, "the takeover took too long"
    for job in jobs:
        rest.store.wait_messages(job["id"], 80)
    archived = {}
    for message in read_archive(file_bucket):
        archived.setdefault(message.subject, []).append(message)
    for i in range(JOBS):
        check_same(list(stream.read(f"S{i}")), archived[f"s{i}.x"])
    three[2].start()
    wait_for(lambda: even(rest, 3), 60, "10 jobs each again", lambda: str(counts(rest)))


def test_a_server_that_stops_leaves_its_jobs_at_once(three, stream, file_bucket):
    rest = Rest(three[0].url)
    make_jobs(stream, rest, file_bucket.name, 6)
    wait_for(lambda: even(rest, 3, 6), 60, "two jobs each", lambda: str(counts(rest)))
    assert three[1].stop() == 0
    wait_for(lambda: counts(rest) == [3, 3], 5, "three jobs each", lambda: str(counts(rest)))


def test_every_server_answers_for_every_job(three, stream, file_bucket, tmp_path):
    first, second = Rest(three[0].url), Rest(three[1].url)
    (job,) = make_jobs(stream, first, file_bucket.name, 1)
    fill(stream, 1)
    first.store.wait_messages(job["id"], 40)
    wait_for(
        lambda: second.store.get(job["id"])["progress"]["messages"] == 40, 10, "the progress"
    )
    assert second.store.get(job["id"])["server"] == own_id(three[0])
    assert second.store.pause(job["id"])["status"] == "Paused"
    assert first.store.get(job["id"])["status"] == "Paused"
    assert first.store.get(job["id"])["server"] is None
    assert second.store.resume(job["id"])["status"] == "Running"
    wait_for(lambda: first.store.get(job["id"])["server"], 10, "a server to work at it")
    fill(stream, 1)
    first.store.wait_messages(job["id"], 80)
    third = Rest(three[2].url)
    third.store.remove(job["id"])
    assert first.store.list() == second.store.list() == third.store.list() == []
    assert len(read_archive(file_bucket)) == 80
    cli = Cli(nats3_program(), tmp_path, three[0].url)
    assert [server["self"] for server in cli.json("servers")].count(True) == 1
    table = cli.run("servers")
    assert table.returncode == 0 and table.stdout.count("\n") == 4 and "this one" in table.stdout


def test_of_two_equal_jobs_made_at_once_one_is_made(three, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"])
    statuses = []

    def create(server):
        answer = Rest(server.url).call("POST", "/store/job", store_spec(file_bucket.name))
        statuses.append(answer.status)

    threads = [threading.Thread(target=create, args=(server,)) for server in three]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409, 409]
    assert len(Rest(three[0].url).store.list()) == 1


@pytest.mark.parametrize("retention", ["limits", "workqueue"])
def test_a_server_that_stood_still_does_no_harm(three, stream, file_bucket, retention):
    """Frozen for longer than its lease, in the middle of a store and a load; then it wakes up."""
    rest = Rest(three[0].url)
    stream.add_stream("WORK", ["work.>"], retention=retention)
    add_target(stream)
    batch = {"max_count": 100, "max_wait": "100ms"}
    store = rest.store.create(**store_spec(file_bucket.name, batch=batch))
    load = rest.load.create(**load_spec(file_bucket.name, poll_interval="100ms"))
    publish(stream, "WORK", 2000)
    expected = list(messages(2000))
    frozen = three[0]
    frozen.freeze()
    other = Rest(three[1].url)
    living = {own_id(server) for server in three[1:]}
    wait_for(lambda: set(holders(other).values()) <= living, 30, "the jobs to move")
    expected += messages(2000, start=2000)
    publish(stream, "WORK", 2000, start=2000)
    other.load.wait_messages(load["id"], 4000)
    frozen.thaw()
    wait_for(lambda: answers(frozen), 30, "the server to answer again")
    expected += messages(1000, start=4000)
    publish(stream, "WORK", 1000, start=4000)
    other.load.wait_messages(load["id"], 5000)
    back = replayed(stream)
    assert [(m.subject, m.payload) for m in back] == [(s, p) for s, p, _ in expected]
    if retention == "limits":
        check_same(list(stream.read("WORK")), read_archive(file_bucket))
    assert other.store.get(store["id"])["status"] == "Running"


def answers(server):
    try:
        return Rest(server.url).call("GET", "/ready", seconds=2).status == 200
    except (OSError, urllib.error.URLError):
        return False

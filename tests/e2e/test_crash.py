"""kill -9 of the server in the middle of a job: every message once, in the bucket and the target."""

import random

import pytest
from harness.bucket import read_archive
from harness.jetstream import JetStream, Stored
from harness.wait import wait_for
from workload import (
    add_target,
    check_same,
    load_spec,
    messages,
    publish,
    replayed,
    store_spec,
)

COUNT = 30_000
CHANCE = random.Random(20261124)


def kill_in_the_middle(server, jobs, job_id, at_least):
    """kill -9 once the job has got so far; returns how far it said it was."""
    job = jobs.wait_messages(job_id, at_least)
    server.kill()
    return job["progress"]["messages"]


@pytest.mark.parametrize("retention", ["limits", "workqueue"])
def test_killed_store_job_goes_on(server, rest, stream, bucket, retention, long):
    stream.add_stream("WORK", ["work.>"], retention=retention)
    publish(stream, "WORK", COUNT)
    published = list(stream.get_messages("WORK", 1, COUNT))
    spec = store_spec(bucket.name, batch={"max_count": 500, "max_wait": "200ms"})
    job = rest.store.create(**spec)
    at = 0
    for _ in range(10 if long else 3):
        at = kill_in_the_middle(server, rest.store, job["id"], at + CHANCE.randrange(1, 3000))
        assert at < COUNT, "all was archived before the kill: nothing is tested"
        server.start()
    if retention == "limits":
        rest.store.wait_messages(job["id"], COUNT)
        archived = read_archive(bucket)
        check_same(published, archived)
    else:
        wait_for(lambda: stream.state("WORK")["messages"] == 0, 120, "the stream to be empty")
        # What was archived and not yet acknowledged is delivered again: the bucket may hold it
        # twice, a replay never.
        archived = read_archive(bucket)
        assert {m.sequence for m in archived} == {m.sequence for m in published}
        add_target(stream)
        load = rest.load.create(**load_spec(bucket.name))
        rest.load.wait_status(load["id"], "Success")
        check_same(published, replayed(stream))
    assert rest.store.get(job["id"])["progress"]["messages"] == len(archived)


def test_killed_load_job_goes_on(server, rest, stream, bucket, long):
    count, kills = (200_000, 10) if long else (COUNT, 3)
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", count)
    store = rest.store.create(**store_spec(bucket.name, batch={"max_count": 1000}))
    rest.store.wait_messages(store["id"], count)
    rest.store.remove(store["id"])
    add_target(stream)
    load = rest.load.create(**load_spec(bucket.name))
    at = 0
    for _ in range(kills):
        at = kill_in_the_middle(server, rest.load, load["id"], at + CHANCE.randrange(1, 2000))
        assert at < count, "all was replayed before the kill: nothing is tested"
        server.start()
    rest.load.wait_status(load["id"], "Success")
    check_same(list(stream.read("WORK")), replayed(stream))


@pytest.mark.parametrize("retention", ["limits", "workqueue"])
def test_both_jobs_at_once_through_kills(
    file_server, file_rest, stream, file_bucket, retention, long
):
    """Published in parts between the kills, archived and replayed meanwhile by a polling load."""
    stream.add_stream("WORK", ["work.>"], retention=retention)
    add_target(stream)
    parts, size = 20 if long else 4, 3000
    batch = {"max_count": 100, "max_wait": "100ms"}
    store = file_rest.store.create(**store_spec(file_bucket.name, batch=batch))
    poll = {"secs": 0, "nanos": 20_000_000}
    load = file_rest.load.create(**load_spec(file_bucket.name, poll_interval=poll))
    for part in range(parts):
        publish(stream, "WORK", size, start=part * size)
        kill_in_the_middle(
            file_server, file_rest.load, load["id"], part * size + CHANCE.randrange(1, size)
        )
        file_server.start()
    file_rest.load.wait_messages(load["id"], parts * size)
    back = replayed(stream)
    expected = [
        Stored(number + 1, 0, subject, headers, payload)
        for number, (subject, payload, headers) in enumerate(messages(parts * size))
    ]
    check_same(expected, back, times=False)
    file_rest.store.remove(store["id"])
    if retention == "limits":
        check_same(list(stream.read("WORK")), read_archive(file_bucket))


def test_messages_delivered_again_reach_a_load_that_is_past_them(
    file_server, file_rest, stream, file_bucket
):
    """Taken but not archived when the server died: they come again after the acknowledgement's wait,
    when later ones have been archived and replayed already."""
    stream.add_stream("WORK", ["work.>"], retention="workqueue")
    add_target(stream)
    store = file_rest.store.create(**store_spec(file_bucket.name, batch={"max_wait": "2s"}))
    poll = {"secs": 0, "nanos": 50_000_000}
    load = file_rest.load.create(**load_spec(file_bucket.name, poll_interval=poll))
    publish(stream, "WORK", 100)
    held = lambda job: job["progress"]["oldest_unarchived"] is not None  # noqa: E731
    file_rest.store.wait(store["id"], held, 10, "to hold messages")
    file_server.kill()
    assert read_archive(file_bucket) == []
    file_server.start()
    publish(stream, "WORK", 100, start=100)
    file_rest.load.wait_messages(load["id"], 100)
    wait_for(lambda: stream.state("WORK")["messages"] == 0, 120, "the stream to be empty")
    file_rest.load.wait_messages(load["id"], 200, 10)
    sequences = [message.sequence for message in replayed(stream)]
    assert sorted(sequences) == list(range(1, 201))


def test_sigterm_in_the_middle_ends_cleanly(file_server, file_rest, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    job = file_rest.store.create(**store_spec(file_bucket.name, batch={"max_count": 500}))
    file_rest.store.wait_messages(job["id"], 500)
    assert file_server.stop() == 0
    file_server.start()
    file_rest.store.wait_messages(job["id"], COUNT)
    check_same(list(stream.read("WORK")), read_archive(file_bucket))


def test_jobs_survive_a_restart_of_all_servers(nats, file_server, file_rest, file_bucket):
    with nats.connect() as client:
        stream = JetStream(client)
        stream.add_stream("WORK", ["work.>"])
        publish(stream, "WORK", 1000)
    running = file_rest.store.create(**store_spec(file_bucket.name))
    file_rest.store.wait_messages(running["id"], 1000)
    paused = file_rest.store.create(
        **store_spec(file_bucket.name) | {"name": "paused", "subject": "work.text.*"}
    )
    file_rest.store.pause(paused["id"])
    file_server.kill()
    nats.stop()
    nats.start()
    file_server.start()
    # Newest first, as they were.
    jobs = file_rest.store.list()
    assert [job["id"] for job in jobs] == [paused["id"], running["id"]]
    assert jobs[0]["status"] == "Paused"
    for key in ("name", "bucket", "stream", "subject", "batch", "encoding", "created"):
        assert jobs[1][key] == running[key]
    with nats.connect() as client:
        stream = JetStream(client)
        publish(stream, "WORK", 1000, start=1000)
        file_rest.store.wait_messages(running["id"], 2000)
        assert file_rest.store.get(paused["id"])["status"] == "Paused"

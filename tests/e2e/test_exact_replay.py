"""A load that is killed and goes on after its target has forgotten all message ids."""

import json
import pathlib
import random
import threading

import pytest
from harness.jetstream import JetStream
from harness.rest import Rest, RestError
from harness.wait import wait_for
from workload import add_target, check_same, load_spec, publish, replayed, store_spec

COUNT = 30_000
WINDOW = 100_000_000  # nanoseconds: the least that nats-server takes
CHANCE = random.Random(20261124)


@pytest.fixture
def archived(file_rest, stream, file_bucket):
    """What was published to WORK, all of it in the bucket."""
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    store = file_rest.store.create(**store_spec(file_bucket.name, batch={"max_count": 1000}))
    file_rest.store.wait_messages(store["id"], COUNT)
    file_rest.store.remove(store["id"])
    return list(stream.read("WORK"))


STRICT = {"strict": True}
WITHOUT_IDS = {"strict": True, "message_ids": False}


def message_ids(stream, sequence):
    found = stream.get_messages("REPLAY", sequence, sequence)
    return [value for message in found for name, value in message.headers if name == "Nats-Msg-Id"]


def wait_until_forgotten(stream, how):
    """Until REPLAY takes no id for a duplicate any more, its newest included. Nothing is stored: a
    message that isn't a duplicate is refused for what it expects."""
    last = stream.state("REPLAY")["last_seq"]
    headers = [("Nats-Msg-Id", value) for value in message_ids(stream, last)]
    assert bool(headers) == how.get("message_ids", True)
    if not headers:
        return
    headers.append(("Nats-Expected-Last-Sequence", str(last + 1_000_000)))

    def refused():
        answer = stream.client.request("replay.text.0", b"", tuple(headers))
        return "error" in json.loads(answer.payload)

    wait_for(refused, 30, "the target to forget message ids")


def kill_in_the_middle(server, jobs, job_id, at_least):
    job = jobs.wait_messages(job_id, at_least)
    server.kill()
    assert job["progress"]["messages"] < COUNT, "all was replayed before the kill: nothing is tested"
    return job["progress"]["messages"]


def own(messages):
    return [message for message in messages if message.subject != "work.foreign"]


@pytest.mark.parametrize("how", [{}, STRICT, WITHOUT_IDS], ids=["plain", "strict", "without-ids"])
def test_killed_load_goes_on_after_the_duplicate_window(
    archived, file_server, file_rest, stream, file_bucket, how, long
):
    add_target(stream, duplicate_window=WINDOW)
    load = file_rest.load.create(**load_spec(file_bucket.name, **how))
    assert load["exactness"] is None
    at = 0
    for _ in range(10 if long else 4):
        at = kill_in_the_middle(
            file_server, file_rest.load, load["id"], at + CHANCE.randrange(1, 2000)
        )
        wait_until_forgotten(stream, how)
        file_server.start()
    job = file_rest.load.wait_status(load["id"], "Success")
    check_same(archived, replayed(stream))
    assert (job["exactness"], job["exactness_reason"]) == ("read_back", None)
    assert job["progress"]["messages"] == COUNT
    assert stream.consumers("REPLAY") == []


def test_others_may_publish_into_the_target(
    archived, nats, file_server, file_rest, stream, file_bucket
):
    add_target(stream, duplicate_window=WINDOW)
    stop = threading.Event()

    def publish_foreign():
        with nats.connect() as client:
            while not stop.wait(0.002):
                JetStream(client).publish("replay.foreign", b"foreign")

    thread = threading.Thread(target=publish_foreign)
    thread.start()
    try:
        load = file_rest.load.create(**load_spec(file_bucket.name))
        at = 0
        for _ in range(3):
            at = kill_in_the_middle(
                file_server, file_rest.load, load["id"], at + CHANCE.randrange(1, 2000)
            )
            file_server.start()
        job = file_rest.load.wait_status(load["id"], "Success")
    finally:
        stop.set()
        thread.join()
    check_same(archived, own(replayed(stream)))
    assert job["exactness"] == "read_back"
    assert "others publish into stream 'REPLAY'" in job["exactness_reason"]


@pytest.mark.parametrize("how", [STRICT, WITHOUT_IDS], ids=["ids", "without-ids"])
def test_strict_stops_a_server_that_wakes_up_after_the_duplicate_window(
    archived, nats, file_root, servers, file_server, file_rest, stream, file_bucket, how
):
    add_target(stream, duplicate_window=WINDOW)
    second = servers(nats.url, pathlib.Path(file_root))
    load = file_rest.load.create(**load_spec(file_bucket.name, **how))
    file_rest.load.wait_messages(load["id"], 1)
    file_server.freeze()
    second.start()
    job = Rest(second.url).load.wait_status(load["id"], "Success")
    wait_until_forgotten(stream, how)
    file_server.thaw()
    # By its lease or by the job's record, whichever it looks at first.
    log = file_server.process.log
    signs = ("lease", "taken this job over", "ended on another server")
    noticed = lambda: any(sign in log() for sign in signs)  # noqa: E731
    wait_for(noticed, 60, "the first server to notice")
    file_rest.load.wait_status(load["id"], "Success")
    check_same(archived, replayed(stream))
    assert job["progress"]["messages"] == COUNT


@pytest.mark.parametrize("how", [STRICT, WITHOUT_IDS], ids=["ids", "without-ids"])
def test_strict_fails_where_others_publish(archived, file_rest, stream, file_bucket, how):
    """It says who is in the way, and ends: it can't be exact there. Without ids what was in flight
    may be stored before the message that was refused, and it can't go on."""
    add_target(stream, duplicate_window=WINDOW)
    load = file_rest.load.create(**load_spec(file_bucket.name, **how))
    file_rest.load.wait_messages(load["id"], 1)
    stream.publish("replay.foreign", b"foreign")
    job = file_rest.load.wait_ended(load["id"])
    assert job["status"] == "Failure"
    assert "somebody else publishes into stream 'REPLAY'" in job["last_error"]
    file_rest.load.resume(load["id"])
    if how is WITHOUT_IDS:
        assert file_rest.load.wait_ended(load["id"])["status"] == "Failure"
        sequences = [message.sequence for message in own(replayed(stream))]
        assert len(sequences) == len(set(sequences))
        return
    file_rest.load.wait_status(load["id"], "Success")
    check_same(archived, own(replayed(stream)))


def test_a_target_that_can_not_be_read_back_says_so(
    archived, file_server, file_rest, stream, file_bucket
):
    add_target(stream, retention="workqueue")
    load = file_rest.load.create(**load_spec(file_bucket.name))
    kill_in_the_middle(file_server, file_rest.load, load["id"], 1)
    file_server.start()
    job = file_rest.load.wait_status(load["id"], "Success")
    assert job["exactness"] == "window"
    assert "leave stream 'REPLAY' when they are consumed" in job["exactness_reason"]
    assert stream.state("REPLAY")["messages"] == COUNT


def test_what_is_gone_from_the_target_is_told(
    archived, file_server, file_rest, stream, file_bucket
):
    add_target(stream, duplicate_window=WINDOW)
    load = file_rest.load.create(**load_spec(file_bucket.name))
    kill_in_the_middle(file_server, file_rest.load, load["id"], 1)
    stream.api("STREAM.PURGE.REPLAY")
    file_server.start()
    job = file_rest.load.wait_status(load["id"], "Success")
    assert job["exactness"] == "window"
    assert "are gone from stream 'REPLAY'" in job["exactness_reason"]


def test_a_target_without_acknowledgements_is_refused(archived, file_rest, stream, file_bucket):
    add_target(stream, no_ack=True)
    with pytest.raises(RestError, match="no_ack"):
        file_rest.load.create(**load_spec(file_bucket.name))


def test_a_full_target_keeps_the_order(archived, file_rest, stream, file_bucket):
    """Refused messages are tried again; none after them is stored before."""
    room = COUNT // 4
    add_target(stream, max_msgs=room, discard="new")
    load = file_rest.load.create(**load_spec(file_bucket.name))
    back = []
    for _ in range(3):
        wait_for(lambda: stream.state("REPLAY")["messages"] == room, 60, "a full target")
        file_rest.load.wait(load["id"], lambda job: job["last_error"], 30, "to say why it waits")
        back += replayed(stream)
        stream.api("STREAM.PURGE.REPLAY")
    file_rest.load.wait_status(load["id"], "Success")
    check_same(archived, back + replayed(stream))

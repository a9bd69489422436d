"""Buckets that nats-s3-connector left: its chunks are replayed as they were published."""

import base64
import json
import pathlib

import pytest
from harness.jetstream import Stored
from harness.v1 import V1Message, archived_at, put_v1_chunks, timestamps_of
from workload import add_target, load_spec, publish, store_spec

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "v1"
ARCHIVED = 1_795_464_796_850_861_165  # ns since 1970, of the first message that is made here

# What a load may add for the target: see docs/api.md.
_OF_LOADS = ("Nats-Msg-Id", "Nats-Expected-Last-Sequence")


def golden_keys():
    """The file and the key of each real chunk, out of "FILE was stored at key KEY"."""
    lines = (GOLDEN / "keys.txt").read_text().splitlines()
    return [tuple(line.split(" was stored at key ")) for line in lines if line]


def published():
    """What had been published before the real chunks were written."""
    for entry in json.loads((GOLDEN / "published.json").read_text()):
        headers = tuple((entry["headers"] or {}).items())
        payload = base64.b64decode(entry["payload_b64"])
        yield Stored(entry["seq"], 0, entry["subject"], headers, payload)


def made(count, first=0):
    """Messages as the connector would have archived them, five a second."""
    return [
        V1Message(
            f"work.text.{number % 3}",
            b"old %d" % number,
            (("Number", str(number)), ("Tag", "a"), ("Tag", "b")) if number % 2 else None,
            archived_at(ARCHIVED + number * 200_000_000),
            10,
        )
        for number in range(first, first + count)
    ]


def as_replayed(message, stream, archived):
    """(subject, payload, headers) that a message of an old chunk becomes, without its own id."""
    headers = [(f"Nats3-{name[5:]}" if name == "Nats-Msg-Id" else name, value)
               for name, value in message.headers or ()]
    headers += [("Nats3-Stream", stream), ("Nats3-Archived", archived)]
    return message.subject, message.payload, sorted(headers, key=lambda pair: pair[0])


def came(stream, target, subject_of=lambda subject: subject):
    """What the target holds, in order, in the same form; each id is there once."""
    messages = list(stream.read(target))
    ids = [dict(message.headers)["Nats-Msg-Id"] for message in messages]
    assert len(set(ids)) == len(ids)
    return [
        (
            subject_of(message.subject),
            message.payload,
            sorted(
                (pair for pair in message.headers if pair[0] not in _OF_LOADS),
                key=lambda pair: pair[0],
            ),
        )
        for message in messages
    ]


def nanoseconds(timestamp):
    """A chunk's timestamp as nats3 writes times."""
    seconds, _, fraction = timestamp[:-1].partition(".")
    return f"{seconds}.{fraction:0<9}Z"


def work(subject):
    return subject.replace("replay.", "work.", 1)


def expected_of(messages):
    return [as_replayed(m, "WORK", nanoseconds(m.timestamp)) for m in messages]


@pytest.mark.parametrize("file, key", golden_keys())
def test_the_real_chunks_come_back_as_published(rest, stream, bucket, file, key):
    data = (GOLDEN / file).read_bytes()
    bucket.create()
    bucket.put(key, data)
    stream.add_stream("TARGET", ["to.>"])
    *folders, source, subject, _ = key.split("/")
    job = rest.load.create(
        name="old",
        bucket=bucket.name,
        prefix="/".join(folders),
        read_stream=source,
        read_subject=subject,
        write_subject="to.{{subject}}",
    )
    job = rest.load.wait_status(job["id"], "Success")
    times = timestamps_of(data)
    expected = [as_replayed(m, source, t) for m, t in zip(published(), times)]
    assert came(stream, "TARGET", lambda subject: subject.removeprefix("to.")) == expected
    assert job["progress"]["messages"] == job["progress"]["total_messages"] == len(expected)
    assert bucket.keys() == [key]


@pytest.mark.parametrize("codec", ["json", "bin"])
def test_old_and_new_are_replayed_in_turn(file_rest, stream, file_bucket, codec):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 500)
    store = file_rest.store.create(**store_spec(file_bucket.name))
    file_rest.store.wait_messages(store["id"], 500)
    file_rest.store.remove(store["id"])
    old = made(95)
    put_v1_chunks(file_bucket, "", "WORK", "work.>", old, per_chunk=10, codec=codec)
    add_target(stream)
    # The named folder decides what is read of the old: work.*.* overlaps with work.>.
    job = file_rest.load.create(**load_spec(file_bucket.name))
    file_rest.load.wait_status(job["id"], "Success")
    back = came(stream, "REPLAY", work)
    assert back[:95] == expected_of(old)
    assert [dict(headers)["Nats3-Sequence"] for _, _, headers in back[95:]] == [
        str(sequence) for sequence in range(1, 501)
    ]


def test_a_killed_load_goes_on_in_old_chunks(file_server, file_rest, stream, file_bucket):
    old = made(20_000)
    file_bucket.create()
    put_v1_chunks(file_bucket, "pre", "WORK", "work.>", old, per_chunk=100)
    add_target(stream)
    job = file_rest.load.create(**load_spec(file_bucket.name, prefix="pre"))
    file_rest.load.wait_messages(job["id"], 1)
    file_server.kill()
    file_server.start()
    file_rest.load.wait_status(job["id"], "Success")
    assert came(stream, "REPLAY", work) == expected_of(old)


def test_old_chunks_are_deleted_once_replayed(file_rest, stream, file_bucket):
    old = made(95)
    file_bucket.create()
    put_v1_chunks(file_bucket, "pre", "WORK", "work.*.*", old, per_chunk=10, codec="bin")
    other = put_v1_chunks(file_bucket, "pre", "WORK", "work.text.0", made(5), codec="bin")
    add_target(stream)
    job = file_rest.load.create(**load_spec(file_bucket.name, prefix="pre", delete_chunks=True))
    file_rest.load.wait_status(job["id"], "Success")
    assert came(stream, "REPLAY", work) == expected_of(old)
    assert file_bucket.keys() == other


def test_a_damaged_old_chunk_fails_the_load_and_is_named(file_rest, stream, file_bucket):
    old = made(30)
    file_bucket.create()
    keys = put_v1_chunks(file_bucket, "", "WORK", "work.>", old, per_chunk=10)
    data = file_bucket.get(keys[1])
    file_bucket.put(keys[1], data.replace(b"[111,", b"[112,", 1))
    add_target(stream)
    job = file_rest.load.create(**load_spec(file_bucket.name))
    job = file_rest.load.wait_ended(job["id"])
    assert job["status"] == "Failure"
    assert keys[1] in job["last_error"]
    assert "SHA-256" in job["last_error"]
    assert came(stream, "REPLAY", work) == expected_of(old[:10])
    file_bucket.put(keys[1], data)
    file_rest.load.resume(job["id"])
    file_rest.load.wait_status(job["id"], "Success")
    assert came(stream, "REPLAY", work) == expected_of(old)


def test_folders_that_may_hold_the_same_messages_are_refused(file_rest, stream, file_bucket):
    file_bucket.create()
    for subject in ("work.>", "work.text.0"):
        put_v1_chunks(file_bucket, "", "WORK", subject, made(5))
    add_target(stream)
    answer = file_rest.call("POST", "/load/job", load_spec(file_bucket.name))
    assert answer.status == 400
    assert "'work.>' and 'work.text.0'" in answer.error

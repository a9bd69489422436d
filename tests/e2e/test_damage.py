"""What is wrong with a chunk is found, named, and never replayed as good."""

import pytest
from harness.bucket import chunk_keys
from harness.chunk import lie_about_subjects, lie_about_time
from workload import add_target, check_same, load_spec, publish, replayed, store_spec

COUNT = 3000


@pytest.fixture
def archived(rest, stream, bucket):
    """Six chunks in the bucket; returns their keys."""
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    job = rest.store.create(**store_spec(bucket.name, batch={"max_count": 500}))
    rest.store.wait_messages(job["id"], COUNT)
    rest.store.remove(job["id"])
    add_target(stream)
    keys = chunk_keys(bucket)
    assert len(keys) == 6
    return keys


def flip_a_bit(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def check_nothing_from(sequence, stream):
    """What came is the beginning of the stream without a gap, and ends before the damage."""
    back = replayed(stream)
    assert len(back) < sequence
    check_same(list(stream.read("WORK"))[: len(back)], back)


DAMAGES = {
    "flipped-bit": flip_a_bit,
    "cut": lambda data: data[:-100],
    "empty": lambda data: b"",
    "foreign": lambda data: b"no chunk" * 100,
    "lying-time": lie_about_time,
    "lying-subjects": lie_about_subjects,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_chunk_fails_the_load_and_is_named(rest, stream, bucket, archived, damage):
    key = archived[3]
    bucket.put(key, damage(bucket.get(key)))
    load = rest.load.create(**load_spec(bucket.name))
    job = rest.load.wait_ended(load["id"])
    assert job["status"] == "Failure"
    assert key in job["last_error"]
    check_nothing_from(2000, stream)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_chunk_is_skipped_whole_when_told_so(rest, stream, bucket, archived, damage):
    key = archived[3]
    bucket.put(key, damage(bucket.get(key)))
    load = rest.load.create(**load_spec(bucket.name, on_corrupt="skip"))
    done = rest.load.wait_status(load["id"], "Success")
    assert done["progress"]["skipped_chunks"] == 1
    original = list(stream.read("WORK"))
    check_same(original[:1500] + original[2000:], replayed(stream))


def test_a_foreign_file_is_not_replayed(rest, stream, bucket, archived):
    folder = archived[3].rsplit("/", 1)[0]
    chunk = bucket.get(archived[3])
    for key in (f"{folder}/notes.txt", f"{folder}/copy of a chunk.bin.zst", "WORK/chunk.bin.zst"):
        bucket.put(key, chunk)
    load = rest.load.create(**load_spec(bucket.name))
    rest.load.wait_status(load["id"], "Success")
    check_same(list(stream.read("WORK")), replayed(stream))


def test_a_missing_chunk_fails_the_load_and_is_named(rest, stream, bucket, archived):
    key = archived[3]
    bucket.remove(key)
    load = rest.load.create(**load_spec(bucket.name))
    job = rest.load.wait_ended(load["id"])
    assert job["status"] == "Failure"
    assert "missing" in job["last_error"]
    assert "after 1500 up to 2000" in job["last_error"]
    check_nothing_from(1501, stream)


def test_resume_after_the_repair_gives_the_rest_once(rest, stream, bucket, archived):
    key = archived[3]
    good = bucket.get(key)
    bucket.put(key, flip_a_bit(good))
    load = rest.load.create(**load_spec(bucket.name))
    assert rest.load.wait_ended(load["id"])["status"] == "Failure"
    bucket.put(key, good)
    rest.load.resume(load["id"])
    rest.load.wait_status(load["id"], "Success")
    check_same(list(stream.read("WORK")), replayed(stream))

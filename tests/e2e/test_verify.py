"""An archive that was damaged is found to be, by name, and is made whole where the stream allows."""

import pytest
from harness.bucket import chunk_keys
from harness.chunk import lie_about_subjects, lie_about_time
from harness.rest import Rest
from test_damage import flip_a_bit
from workload import add_target, check_same, load_spec, publish, replayed, store_spec, verify_spec

COUNT = 3000
BATCH = 500

DAMAGES = {
    "damaged": flip_a_bit,
    "cut": lambda data: data[:-100],
    "lying_index": lie_about_subjects,
}


def archive(rest, stream, bucket):
    """Six chunks in the bucket; returns what is under each key."""
    publish(stream, "WORK", COUNT)
    job = rest.store.create(**store_spec(bucket.name, batch={"max_count": BATCH}))
    rest.store.wait_messages(job["id"], COUNT)
    rest.store.remove(job["id"])
    archived = contents(bucket)
    assert len(archived) == COUNT // BATCH
    return archived


@pytest.fixture
def archived(rest, stream, bucket):
    stream.add_stream("WORK", ["work.>"])
    return archive(rest, stream, bucket)


def contents(bucket):
    return {key: bucket.get(key) for key in chunk_keys(bucket)}


def verify(rest, bucket, **changes):
    job = rest.verify.create(**verify_spec(bucket.name, **changes))
    return rest.verify.wait_ended(job["id"])


def found(job):
    return [(finding["kind"], finding["key"]) for finding in job["progress"]["findings"]]


def test_a_whole_archive_is_found_whole(rest, bucket, archived):
    job = verify(rest, bucket)
    assert job["status"] == "Success"
    progress = job["progress"]
    assert (progress["chunks"], progress["messages"]) == (6, COUNT)
    assert progress["bytes"] >= sum(map(len, archived.values()))
    assert progress["findings"] == []


def test_every_damage_is_found_and_repaired_to_the_byte(rest, bucket, archived):
    keys = list(archived)
    damaged = dict(zip(DAMAGES, keys[1:4]))
    for kind, key in damaged.items():
        bucket.put(key, DAMAGES[kind](archived[key]))
    bucket.remove(keys[4])
    bucket.put("WORK/notes.txt", b"of somebody else")
    job = verify(rest, bucket)
    assert job["status"] == "Success", job["last_error"]
    expected = [*damaged.items(), ("missing", keys[5]), ("foreign", "WORK/notes.txt")]
    assert sorted(found(job)) == sorted(expected)
    for finding in job["progress"]["findings"]:
        assert finding["repaired"] == (finding["kind"] != "foreign"), finding
    assert contents(bucket) == archived
    assert bucket.get("WORK/notes.txt") == b"of somebody else"
    metrics = rest.metrics()
    assert metrics['nats3_verify_findings_total{kind="cut"}'] == 1
    assert metrics["nats3_verify_repaired_total"] == 4
    assert metrics['nats3_jobs_total{job_type="verify",status="completed"}'] == 1
    assert verify(rest, bucket)["progress"]["damaged"] == 0


@pytest.mark.parametrize("kind", DAMAGES)
def test_what_the_stream_has_no_more_is_named_and_left_as_it_is(
    rest, stream, bucket, archived, kind
):
    key = list(archived)[3]
    bad = DAMAGES[kind](archived[key])
    bucket.put(key, bad)
    stream.purge("WORK", keep=1000)
    job = verify(rest, bucket)
    assert job["status"] == "Failure"
    assert key in job["last_error"]
    assert found(job) == [(kind, key)]
    assert not job["progress"]["findings"][0]["repaired"]
    assert bucket.get(key) == bad
    labels = f'job_id="{job["id"]}",name="verify-WORK",stream="WORK"'
    assert rest.metrics()[f"nats3_archive_damaged_chunks{{{labels}}}"] == 1


def test_a_work_queue_keeps_nothing_to_repair_with(rest, stream, bucket):
    stream.add_stream("WORK", ["work.>"], retention="workqueue")
    archived = archive(rest, stream, bucket)
    key = list(archived)[3]
    bucket.put(key, flip_a_bit(archived[key]))
    job = verify(rest, bucket)
    assert job["status"] == "Failure"
    assert "doesn't keep what was acknowledged" in job["last_error"]


def test_without_repair_nothing_is_written(rest, bucket, archived):
    key = list(archived)[3]
    bucket.put(key, flip_a_bit(archived[key]))
    before = contents(bucket)
    job = verify(rest, bucket, repair=False)
    assert job["status"] == "Failure"
    assert contents(bucket) == before


def test_after_the_repair_a_replay_gives_all(rest, stream, bucket, archived):
    add_target(stream)
    key = list(archived)[3]
    bucket.put(key, lie_about_time(archived[key]))
    load = rest.load.create(**load_spec(bucket.name))
    assert rest.load.wait_ended(load["id"])["status"] == "Failure"
    assert verify(rest, bucket)["status"] == "Success"
    rest.load.resume(load["id"])
    rest.load.wait_status(load["id"], "Success")
    check_same(list(stream.read("WORK")), replayed(stream))


def test_a_verification_that_is_killed_goes_on(server, rest, bucket, archived):
    key = list(archived)[1]
    bucket.put(key, flip_a_bit(archived[key]))
    total = sum(map(len, archived.values()))
    job = rest.verify.create(**verify_spec(bucket.name, rate=total // 5))
    rest.verify.wait(job["id"], lambda job: job["progress"]["chunks"] >= 2, 60, "two chunks")
    server.kill()
    server.start()
    done = rest.verify.wait_ended(job["id"])
    assert done["status"] == "Success"
    assert done["progress"]["chunks"] == 6
    assert contents(bucket) == archived


def test_it_pauses_goes_on_and_is_cancelled(rest, bucket, archived):
    total = sum(map(len, archived.values()))
    job = rest.verify.create(**verify_spec(bucket.name, rate=total // 3))
    rest.verify.wait(job["id"], lambda job: job["progress"]["chunks"] >= 1, 60, "a chunk")
    paused = rest.verify.pause(job["id"])
    assert paused["status"] == "Paused"
    assert 1 <= paused["progress"]["chunks"] < 6
    rest.verify.resume(job["id"])
    done = rest.verify.wait_ended(job["id"])
    assert (done["progress"]["chunks"], done["progress"]["messages"]) == (6, COUNT)
    slow = rest.verify.create(**verify_spec(bucket.name, rate=1))
    rest.verify.remove(slow["id"])
    assert [left["id"] for left in rest.verify.list()] == [job["id"]]


def test_another_server_goes_on_where_a_killed_one_was(
    nats, stream, servers, file_root, file_bucket
):
    first = servers(nats.url, file_root).start()
    stream.add_stream("WORK", ["work.>"])
    archived = archive(Rest(first.url), stream, file_bucket)
    key = list(archived)[0]
    file_bucket.put(key, flip_a_bit(archived[key]))
    total = sum(map(len, archived.values()))
    job = Rest(first.url).verify.create(**verify_spec(file_bucket.name, rate=total // 10))
    # Far enough, and on record.
    second = servers(nats.url, file_root).start()
    rest = Rest(second.url)
    before = rest.verify.wait(
        job["id"], lambda job: job["progress"]["chunks"] >= 2, 60, "two chunks on record"
    )
    first.kill()
    done = rest.verify.wait_ended(job["id"])
    assert done["status"] == "Success", done["last_error"]
    assert before["progress"]["repaired"] == done["progress"]["repaired"] == 1
    assert done["progress"]["chunks"] == 6
    assert contents(file_bucket) == archived

"""Streams that change under a store job: purged, made again, back without their latest messages,
sealed, with other subjects, with messages gone before they were archived."""

import shutil

import pytest
from harness.bucket import read_archive
from harness.jetstream import JetStream, Stored
from harness.wait import wait_for
from workload import add_target, check_same, load_spec, messages, publish, replayed, store_spec


def replay_all(stream, rest, bucket_name):
    add_target(stream)
    load = rest.load.create(**load_spec(bucket_name))
    rest.load.wait_status(load["id"], "Success")
    return [(m.subject, m.payload) for m in replayed(stream)]


def expected(*ranges):
    """What was published in ranges of numbers, as subject and payload."""
    return [(s, p) for start, end in ranges for s, p, _ in messages(end - start, start)]


def epochs(bucket):
    return sorted({key.split("/")[1] for key in bucket.keys()})


@pytest.mark.parametrize("kept", [0, 500, 737])
def test_a_server_that_comes_back_without_its_latest_messages(
    nats, file_server, file_rest, file_bucket, tmp_path, kept
):
    """The stream goes on from `kept`, past the old end: what was lost stays in the archive, what is
    common is there once."""
    with nats.connect() as client:
        stream = JetStream(client)
        stream.add_stream("WORK", ["work.>"])
        publish(stream, "WORK", kept)
        # The folder as it is now; the key-value bucket of the jobs is another stream.
    nats.stop()
    folder = nats.folder / "jetstream/jetstream/$G/streams/WORK"
    shutil.copytree(folder, tmp_path / "backup")
    nats.start()
    with nats.connect() as client:
        stream = JetStream(client)
        publish(stream, "WORK", 1000 - kept, start=kept)
        wait_for(lambda: file_rest.call("GET", "/ready").status == 200, 30, "the server")
        job = file_rest.store.create(**store_spec(file_bucket.name, batch={"max_count": 90}))
        file_rest.store.wait_messages(job["id"], 1000)
    nats.stop()
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "backup", folder)
    nats.start()
    with nats.connect() as client:
        stream = JetStream(client)
        assert stream.state("WORK")["last_seq"] == kept
        publish(stream, "WORK", 1200, start=5000)
        job = file_rest.store.wait_messages(job["id"], 2200)
        assert job["progress"]["messages"] == 2200 and job["status"] == "Running"
        assert len(epochs(file_bucket)) == 2
        back = replay_all(stream, file_rest, file_bucket.name)
        assert back == expected((0, 1000), (5000, 6200))


def test_a_purged_stream_goes_on_in_its_epoch(file_server, file_rest, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 500)
    job = file_rest.store.create(**store_spec(file_bucket.name))
    file_rest.store.wait_messages(job["id"], 500)
    stream.api("STREAM.PURGE.WORK")
    publish(stream, "WORK", 500, start=500)
    job = file_rest.store.wait_messages(job["id"], 1000)
    assert job["progress"]["unseen"] == 0
    file_server.stop()
    stream.api("STREAM.PURGE.WORK")
    file_server.start()
    publish(stream, "WORK", 500, start=1000)
    job = file_rest.store.wait_messages(job["id"], 1500)
    assert job["progress"]["unseen"] == 0 and len(epochs(file_bucket)) == 1
    assert replay_all(stream, file_rest, file_bucket.name) == expected((0, 1500))


def test_a_stream_made_again_under_the_job(file_server, file_rest, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 500)
    job = file_rest.store.create(**store_spec(file_bucket.name))
    file_rest.store.wait_messages(job["id"], 500)
    stream.delete_stream("WORK")
    file_rest.store.wait(job["id"], lambda j: "gone" in (j["last_error"] or ""), 60, "to notice")
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 700, start=500)
    file_rest.store.wait_messages(job["id"], 1200)
    file_rest.store.wait(job["id"], lambda j: j["last_error"] is None, 30, "to be well again")
    assert len(epochs(file_bucket)) == 2
    assert replay_all(stream, file_rest, file_bucket.name) == expected((0, 1200))


def test_a_sealed_stream_is_archived_whole_and_the_job_waits(
    file_server, file_rest, stream, file_bucket
):
    config = stream.add_stream("WORK", ["work.>"])["config"]
    publish(stream, "WORK", 500)
    stream.api("STREAM.UPDATE.WORK", {**config, "sealed": True})
    job = file_rest.store.create(**store_spec(file_bucket.name))
    job = file_rest.store.wait_messages(job["id"], 500)
    assert job["status"] == "Running" and job["progress"]["lag"] == 0
    file_server.kill()
    file_server.start()
    check_same(list(stream.read("WORK")), read_archive(file_bucket))
    job = file_rest.store.get(job["id"])
    assert job["status"] == "Running" and job["progress"]["messages"] == 500


def test_subjects_that_are_renamed(file_server, file_rest, stream, file_bucket):
    """The job says that nothing of what it selects comes any more, and keeps what it has."""
    config = stream.add_stream("WORK", ["work.>"])["config"]
    publish(stream, "WORK", 500)
    job = file_rest.store.create(**store_spec(file_bucket.name))
    file_rest.store.wait_messages(job["id"], 500)
    stream.api("STREAM.UPDATE.WORK", {**config, "subjects": ["other.>"]})
    file_server.stop()
    file_server.start()
    says = lambda j: "other.>" in (j["last_error"] or "")  # noqa: E731
    wait_for(lambda: says(file_rest.store.get(job["id"])), 30, "the job to say so")
    stream.api("STREAM.UPDATE.WORK", {**config, "subjects": ["work.>", "other.>"]})
    publish(stream, "WORK", 500, start=500)
    job = file_rest.store.wait_messages(job["id"], 1000)
    assert job["status"] == "Running"
    check_same(list(stream.read("WORK")), read_archive(file_bucket))


def test_messages_gone_before_they_were_archived_are_told(
    file_server, file_rest, stream, file_bucket
):
    stream.add_stream("WORK", ["work.>"], max_msgs=1000)
    publish(stream, "WORK", 800)
    job = file_rest.store.create(**store_spec(file_bucket.name))
    file_rest.store.wait_messages(job["id"], 800)
    file_server.stop()
    publish(stream, "WORK", 2200, start=800)  # of which the stream keeps the last 1,000
    file_server.start()
    job = file_rest.store.wait_messages(job["id"], 1800)
    assert job["progress"]["unseen"] == 1200 and job["progress"]["last_sequence"] == 3000
    metrics = file_rest.metrics()
    assert metrics["nats3_unseen_messages_total"] == 1200
    assert "1200 messages left stream 'WORK'" in file_server.process.log_tail(2000)
    assert isinstance(next(iter(read_archive(file_bucket))), Stored)


@pytest.mark.parametrize("retention", ["limits", "workqueue"])
def test_a_consumer_deleted_under_the_job(
    file_server, file_rest, stream, file_bucket, retention
):
    stream.add_stream("WORK", ["work.>"], retention=retention)
    job = file_rest.store.create(**store_spec(file_bucket.name))
    publish(stream, "WORK", 500)
    file_rest.store.wait_messages(job["id"], 500)
    for consumer in stream.consumers("WORK"):
        stream.api(f"CONSUMER.DELETE.WORK.{consumer['name']}")
    publish(stream, "WORK", 500, start=500)
    job = file_rest.store.wait_messages(job["id"], 1000)
    assert job["status"] == "Running"
    assert [m.sequence for m in read_archive(file_bucket)] == list(range(1, 1001))

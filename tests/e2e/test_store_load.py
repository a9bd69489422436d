"""The main job: a stream archived and replayed, the same message by message."""

import pytest
from harness.bucket import chunk_keys, read_archive
from harness.jetstream import JetStream, format_time
from harness.rest import Rest
from harness.servers import NatsServer
from harness.wait import wait_for
from workload import add_target, check_same, load_spec, publish, replayed, store_spec

COUNT = 12_000


def archive(rest, spec, count):
    job = rest.store.create(**spec)
    assert job["status"] == "Created"
    rest.store.wait_messages(job["id"], count)
    return job


def replay(rest, stream, spec):
    add_target(stream)
    job = rest.load.create(**spec)
    assert job["status"] == "Created"
    return rest.load.wait_status(job["id"], "Success")


def test_limits_stream_comes_back_the_same(rest, stream, bucket):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    published = list(stream.read("WORK"))
    archive(rest, store_spec(bucket.name, batch={"max_count": 2500}), COUNT)
    check_same(published, read_archive(bucket))
    job = replay(rest, stream, load_spec(bucket.name))
    assert job["progress"]["messages"] == COUNT
    check_same(published, replayed(stream))
    assert stream.state("WORK")["messages"] == COUNT


def test_binary_codec_comes_back_the_same(rest, stream, bucket):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    spec = store_spec(bucket.name, prefix="deep/er", encoding={"codec": "Binary"})
    archive(rest, spec, COUNT)
    assert all(key.startswith("deep/er/WORK/") for key in bucket.keys())
    assert all(key.endswith(".bin.zst") for key in chunk_keys(bucket))
    replay(rest, stream, load_spec(bucket.name, prefix="deep/er"))
    check_same(list(stream.read("WORK")), replayed(stream))


def test_work_queue_stream_is_emptied_into_the_bucket(rest, stream, bucket):
    stream.add_stream("WORK", ["work.>"], retention="workqueue")
    publish(stream, "WORK", COUNT)
    published = list(stream.get_messages("WORK", 1, COUNT))
    archive(rest, store_spec(bucket.name, batch={"max_count": 2500}), COUNT)
    wait_for(lambda: stream.state("WORK")["messages"] == 0, 30, "the stream to be empty")
    check_same(published, read_archive(bucket))
    replay(rest, stream, load_spec(bucket.name))
    check_same(published, replayed(stream))


def test_interest_stream_keeps_what_others_have_not_read(rest, stream, bucket):
    stream.add_stream("WORK", ["work.>"], retention="interest")
    # Another reader, who acknowledges nothing: the messages must stay for it.
    stream.add_consumer("WORK", durable_name="reader", ack_policy="explicit")
    job = rest.store.create(**store_spec(bucket.name, batch={"max_count": 2500}))
    publish(stream, "WORK", COUNT)
    published = list(stream.get_messages("WORK", 1, COUNT))
    assert len(published) == COUNT
    rest.store.wait_messages(job["id"], COUNT)
    check_same(published, read_archive(bucket))
    assert stream.state("WORK")["messages"] == COUNT
    replay(rest, stream, load_spec(bucket.name))
    check_same(published, replayed(stream))


def test_pausing_writes_what_is_held(file_rest, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"])
    # Limits so far away that nothing but the pause writes a chunk.
    spec = store_spec(file_bucket.name, batch={"max_wait": "10s", "max_count": 100_000})
    job = file_rest.store.create(**spec)
    publish(stream, "WORK", 100)
    held = lambda job: job["progress"]["oldest_unarchived"] is not None  # noqa: E731
    file_rest.store.wait(job["id"], held, 30, "to hold messages")
    paused = file_rest.store.pause(job["id"])
    assert paused["status"] == "Paused"
    archived = read_archive(file_bucket)
    assert 0 < len(archived) <= 100
    publish(stream, "WORK", 50, start=100)
    resumed = file_rest.store.resume(job["id"])
    assert resumed["status"] in ("Created", "Running")
    file_rest.store.wait_messages(job["id"], 150)
    check_same(list(stream.read("WORK")), read_archive(file_bucket))


def test_load_selects_by_subject_and_time(file_rest, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 2000)
    published = list(stream.read("WORK"))
    archive(file_rest, store_spec(file_bucket.name), 2000)
    first, last = published[500], published[1499]
    spec = load_spec(
        file_bucket.name,
        read_subject="work.text.*",
        write_subject="replay.text.{{wildcard(1)}}",
        from_time=format_time(first.time_ns),
        to_time=format_time(last.time_ns),
    )
    replay(file_rest, stream, spec)
    chosen = [
        message
        for message in published
        if message.subject.startswith("work.text.")
        and first.time_ns <= message.time_ns <= last.time_ns
    ]
    check_same(chosen, replayed(stream))


def test_a_store_job_takes_only_its_subject(file_rest, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 2000)
    chosen = [m for m in stream.read("WORK") if m.subject.startswith("work.headers.")]
    spec = store_spec(file_bucket.name, subject="work.headers.*")
    archive(file_rest, spec, len(chosen))
    check_same(chosen, read_archive(file_bucket))


def test_two_loads_of_the_same_archive_both_arrive(file_rest, stream, file_bucket):
    """Message ids carry the job: a second replay is not swallowed by the duplicate window."""
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 1000)
    archive(file_rest, store_spec(file_bucket.name), 1000)
    add_target(stream)
    for _ in range(2):
        job = file_rest.load.create(**load_spec(file_bucket.name))
        file_rest.load.wait_status(job["id"], "Success")
    published = list(stream.read("WORK"))
    back = replayed(stream)
    check_same(published, back[:1000])
    check_same(published, back[1000:])


def test_polling_load_replays_what_is_archived_later(file_rest, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 500)
    store = archive(file_rest, store_spec(file_bucket.name, batch={"max_wait": "200ms"}), 500)
    add_target(stream)
    spec = load_spec(file_bucket.name, poll_interval={"secs": 0, "nanos": 200_000_000})
    load = file_rest.load.create(**spec)
    file_rest.load.wait_messages(load["id"], 500)
    publish(stream, "WORK", 500, start=500)
    file_rest.store.wait_messages(store["id"], 1000)
    job = file_rest.load.wait_messages(load["id"], 1000)
    assert job["status"] == "Running"
    check_same(list(stream.read("WORK")), replayed(stream))


@pytest.mark.parametrize("codec", ["Json", "Binary"])
def test_large_and_odd_messages(servers, tmp_path, file_root, bucket_name, codec):
    """8 MB payloads, every byte value, header names repeated and oddly cased, unicode subjects."""
    nats = NatsServer(tmp_path / "large", "max_payload: 9MB")
    try:
        nats.start()
        rest = Rest(servers(nats.url, file_root).start().url)
        with nats.connect() as client:
            stream = JetStream(client)
            stream.add_stream("WORK", ["work.>"])
            odd = [
                ("work.large.1", bytes(range(256)) * 32768, ()),
                ("work.ünïcode.日本", "päyload".encode(), (("X-Ünï", "värld"),)),
                ("work.case.a", b"\r\n\0", (("a", "1"), ("A", "2"), ("a", ""), ("a", "4"))),
                ("work.%2E.+-$", b"%25", (("k" * 200, "v" * 3000),)),
                ("work.empty.x", b"", ()),
            ]
            stream.publish_all("WORK", odd, ack_every=1)
            published = list(stream.read("WORK"))
            archive(rest, store_spec(bucket_name, encoding={"codec": codec}), len(odd))
            replay(rest, stream, load_spec(bucket_name))
            check_same(published, replayed(stream))
    finally:
        nats.close()

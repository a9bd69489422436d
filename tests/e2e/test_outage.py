"""NATS or S3 away in the middle of a job: it stays Running, says why it waits, and goes on."""

import time

import pytest
from harness.bucket import bucket_of, read_archive
from harness.jetstream import JetStream
from harness.rest import Rest
from harness.servers import CephGateway
from workload import add_target, check_same, load_spec, publish, replayed, store_spec

COUNT = 30_000


@pytest.fixture
def outage(long):
    """Seconds that a server is away. Here time itself is what is tested: the sleep is no wait."""
    return 20 if long else 3


@pytest.fixture
def own_gateway(tmp_path):
    gateway = CephGateway(tmp_path / "ceph")
    yield gateway.start()
    gateway.close()


def sit_out(jobs, job_id, seconds):
    """Until the job has told of the trouble, and at least so long; it stays Running all the while."""
    until = time.monotonic() + seconds
    job = jobs.wait(job_id, lambda job: job["last_error"], 60, "to say why it waits")
    while time.monotonic() < until:
        assert jobs.get(job_id)["status"] == "Running"
        time.sleep(0.2)
    return job


def start_store(rest, stream, bucket_name):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    job = rest.store.create(**store_spec(bucket_name, batch={"max_count": 500}))
    rest.store.wait_messages(job["id"], 500)
    return job


def start_load(rest, stream, bucket_name):
    store = start_store(rest, stream, bucket_name)
    rest.store.wait_messages(store["id"], COUNT)
    rest.store.remove(store["id"])
    add_target(stream)
    job = rest.load.create(**load_spec(bucket_name))
    rest.load.wait_messages(job["id"], 500)
    return job


def finish(jobs, job_id):
    """To the end; no trouble is told of any more once it is over."""
    jobs.wait_messages(job_id, COUNT)
    return jobs.wait(job_id, lambda job: not job["last_error"], 30, "to be well again")


def test_store_job_sits_out_nats(nats, file_rest, stream, file_bucket, outage):
    job = start_store(file_rest, stream, file_bucket.name)
    nats.stop()
    sit_out(file_rest.store, job["id"], outage)
    nats.start()
    finish(file_rest.store, job["id"])
    with nats.connect() as client:
        check_same(list(JetStream(client).read("WORK")), read_archive(file_bucket))


def test_load_job_sits_out_nats(nats, file_rest, stream, file_bucket, outage):
    job = start_load(file_rest, stream, file_bucket.name)
    nats.kill()
    sit_out(file_rest.load, job["id"], outage)
    nats.start()
    file_rest.load.wait_status(job["id"], "Success")
    with nats.connect() as client:
        again = JetStream(client)
        check_same(list(again.read("WORK")), replayed(again))


def test_store_job_sits_out_s3(nats, own_gateway, servers, stream, bucket_name, outage):
    rest = Rest(servers(nats.url, own_gateway.account).start().url)
    job = start_store(rest, stream, bucket_name)
    own_gateway.kill_gateway()
    publish(stream, "WORK", 1000, start=COUNT)  # goes on: NATS is there
    sit_out(rest.store, job["id"], outage)
    own_gateway.start_gateway()
    rest.store.wait_messages(job["id"], COUNT + 1000)
    finish(rest.store, job["id"])
    bucket = bucket_of(own_gateway.account, bucket_name)
    check_same(list(stream.read("WORK")), read_archive(bucket))


def test_load_job_sits_out_s3(nats, own_gateway, servers, stream, bucket_name, outage):
    rest = Rest(servers(nats.url, own_gateway.account).start().url)
    store = start_store(rest, stream, bucket_name)
    rest.store.wait_messages(store["id"], COUNT)
    rest.store.remove(store["id"])
    add_target(stream)
    poll = {"secs": 1, "nanos": 0}
    # A polling load looks at the bucket again and again, so it meets the outage however fast it is.
    job = rest.load.create(**load_spec(bucket_name, poll_interval=poll))
    rest.load.wait_messages(job["id"], 500)
    own_gateway.kill_gateway()
    sit_out(rest.load, job["id"], outage)
    own_gateway.start_gateway()
    finish(rest.load, job["id"])
    check_same(list(stream.read("WORK")), replayed(stream))


def test_store_job_does_not_go_on_below_a_mount_point(file_rest, stream, file_root, file_bucket):
    """Not even where another job has made the bucket there."""
    job = start_store(file_rest, stream, file_bucket.name)
    file_rest.store.wait_messages(job["id"], COUNT)
    away = file_root.rename(file_root.with_name("away"))
    file_root.mkdir()
    publish(stream, "WORK", 100, start=COUNT)
    stream.add_stream("OTHER", ["other.>"])
    file_rest.store.create(
        name="other", stream="OTHER", subject="other.>", bucket=file_bucket.name
    )
    file_rest.store.wait(
        job["id"],
        lambda job: "less under 'WORK/'" in (job["last_error"] or ""),
        60,
        "to notice that it is another bucket",
    )
    below = file_root.rename(file_root.with_name("below"))
    away.rename(file_root)
    file_rest.store.wait_messages(job["id"], COUNT + 100)
    check_same(list(stream.read("WORK")), read_archive(file_bucket))
    assert not list(below.glob("*/WORK/**/*.zst"))


def test_store_job_sits_out_a_disk_that_is_not_mounted(file_rest, stream, file_root, file_bucket):
    """Nothing is made in its place, where what follows would look like all."""
    job = start_store(file_rest, stream, file_bucket.name)
    file_rest.store.wait_messages(job["id"], COUNT)
    away = file_root.rename(file_root.with_name("away"))
    publish(stream, "WORK", 100, start=COUNT)
    file_rest.store.wait(
        job["id"], lambda job: "there is no bucket" in (job["last_error"] or ""), 60, "to wait"
    )
    assert file_rest.store.get(job["id"])["status"] == "Running"
    assert not file_root.exists()
    away.rename(file_root)
    file_rest.store.wait_messages(job["id"], COUNT + 100)
    check_same(list(stream.read("WORK")), read_archive(file_bucket))

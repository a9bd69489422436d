"""The NATS client and the server wrappers, on real servers."""

import time

import pytest

from harness.bucket import S3Bucket, read_archive, run
from harness.jetstream import ApiError, JetStream
from harness.nats import NatsError
from harness.process import Process
from harness.servers import CephGateway, NatsServer
from harness.wait import wait_for


@pytest.fixture
def nats(tmp_path):
    server = NatsServer(tmp_path / "nats")
    yield server.start()
    server.close()


def test_messages_come_back_as_published(nats):
    messages = [
        ("s.empty", b"", ()),
        ("s.bytes", bytes(range(256)) * 3000, (("k", "v"), ("K", "w"), ("k", "x"))),
        ("s.ünïcode", "päyload\r\nMSG a 1 2\r\n".encode(), ()),
    ]
    with nats.connect() as client:
        stream = JetStream(client)
        stream.add_stream("S", ["s.>"])
        assert stream.publish_all("S", messages, ack_every=2) == 3
        read = list(stream.read("S"))
        assert [(m.subject, m.payload, m.headers) for m in read] == messages
        assert [m.sequence for m in read] == [1, 2, 3]
        assert abs(read[0].time_ns - time.time_ns()) < 60 * 10**9
        assert list(stream.get_messages("S", 1, 5)) == read


def test_refused_messages_are_not_passed_over(nats):
    with nats.connect() as client:
        stream = JetStream(client)
        stream.add_stream("S", ["s"], max_msgs=5, discard="new")
        with pytest.raises(ApiError, match="maximum messages exceeded"):
            stream.publish_all("S", [("s", b"x", ())] * 10, ack_every=2)
        with pytest.raises(NatsError, match="nobody answers"):
            stream.publish("elsewhere")
        with pytest.raises(ApiError, match="not found"):
            stream.info("T")


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_comes_back_on_the_same_port_with_its_data(nats, how):
    with nats.connect() as client:
        JetStream(client).add_stream("S", ["s"])
        JetStream(client).publish("s", b"x")
        before, pid = nats.port, nats.process.pid
        getattr(nats, how)()
        with pytest.raises((NatsError, OSError)):
            client.flush()
    nats.start()
    assert nats.port == before
    assert nats.process.pid != pid
    with nats.connect() as client:
        assert JetStream(client).state("S")["messages"] == 1


def test_a_process_that_will_not_end_is_told_of_with_its_log(tmp_path):
    process = Process("stubborn", tmp_path / "log")
    process.spawn(["/bin/sh", "-c", "trap '' TERM; echo here; while :; do sleep 0.1; done"])
    try:
        wait_for(lambda: "here" in process.log(), 10, "the trap to be set")
        with pytest.raises(AssertionError, match="stubborn did not end"):
            process.stop(seconds=0.2)
    finally:
        process.close()
    assert not process.running


def test_an_s3_bucket_is_read_without_nats3(tmp_path):
    account = CephGateway.from_environment()
    gateway = None
    if account is None:
        gateway = CephGateway(tmp_path / "ceph")
        account = gateway.start().account
    try:
        run(account.s3cmd("mb", "s3://harness-bucket"))
        bucket = S3Bucket(account, "harness-bucket")
        assert bucket.exists() and not S3Bucket(account, "no-such-bucket").exists()
        line = '{"seq":1,"time":"2026-01-01T00:00:00.000000001Z","subject":"s","data":"x"}\n'
        (tmp_path / "lines").write_text(line)
        run(["zstd", "-q", str(tmp_path / "lines"), "-o", str(tmp_path / "lines.zst")])
        key = "S/epoch/s%2A.>/1-1.ndjson.zst"
        bucket.put(key, (tmp_path / "lines.zst").read_bytes())
        assert bucket.keys() == [key]
        assert bucket.size(key) == len(bucket.get(key))
        assert [(m.sequence, m.subject, m.payload) for m in read_archive(bucket)] == [(1, "s", b"x")]
        bucket.remove(key)
        assert bucket.keys() == []
    finally:
        if gateway:
            gateway.close()

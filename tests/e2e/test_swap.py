"""The swap in mid-stream: the first half of a stream lies in version-1 chunks, as nats-s3-connector
left them, with its durable at its ack floor; its job is imported, the rest is archived here, and one
load brings all back, each message once and in order."""

import json

import pytest
from harness.bucket import read_archive
from harness.rest import Cli
from harness.servers import nats3_program
from harness.v1 import V1Message, archived_at, put_v1_chunks
from harness.wait import wait_for
from workload import add_target, load_spec, messages, publish, replayed

OLD, HELD, NEW, LATER = 1500, 100, 1400, 500
DURABLE = "work__"  # as the old connector names it: the subject, with . and > turned into _
ARCHIVED_AT = 1_795_000_000_000_000_000


def old_store_job(bucket_name, prefix, codec):
    """As GET /store/jobs of the old connector lists it."""
    return {
        "id": "0192f0c1-2a3b-7c4d-8e5f-001122334455",
        "name": "work",
        "status": "Running",
        "stream": "WORK",
        "consumer": "never-used",
        "subject": "work.>",
        "bucket": bucket_name,
        "prefix": prefix,
        "batch": {"max_bytes": 1_000_000, "max_count": 1000},
        "encoding": {"codec": codec},
        "created": "2026-11-20T10:00:00.123456Z",
        "updated": "2026-11-23T10:00:00.123456Z",
    }


def take(stream, count):
    """What the old connector does: pulls from its durable. Returns the deliveries."""
    inbox = stream.client.new_inbox()
    deliveries = stream.client.subscribe(inbox)
    request = json.dumps({"batch": count, "expires": 10_000_000_000})
    stream.client.publish(f"$JS.API.CONSUMER.MSG.NEXT.WORK.{DURABLE}", request, reply=inbox)
    taken = [deliveries.next(10) for _ in range(count)]
    deliveries.close()
    return taken


def archive_as_the_old_one(stream, bucket, prefix, codec):
    """Puts OLD messages into version-1 chunks and acknowledges them; takes HELD more and dies."""
    for number in range(OLD // 250):
        chunk = take(stream, 250)
        at = ARCHIVED_AT + number * 1_000_000_000
        old = [
            V1Message(
                delivery.subject,
                delivery.payload,
                tuple(delivery.headers) if delivery.header_block else None,
                archived_at(at + place * 1000),
            )
            for place, delivery in enumerate(chunk)
        ]
        put_v1_chunks(bucket, prefix or "", "WORK", "work.>", old, 250, codec)
        for delivery in chunk:
            stream.client.publish(delivery.reply, b"+ACK")
    wait_for(
        lambda: stream.consumers("WORK")[0]["ack_floor"]["consumer_seq"] == OLD,
        30,
        "the acknowledgements to be there",
    )
    take(stream, HELD)


def back_again(stream):
    """Subject, payload and headers of what was replayed, as they were published."""
    back = []
    for message in stream.read("REPLAY"):
        headers = []
        for name, value in message.headers:
            if name == "Nats3-Msg-Id":
                headers.append(("Nats-Msg-Id", value))
            elif not name.startswith(("Nats3-", "Nats-Expected-")) and name != "Nats-Msg-Id":
                headers.append((name, value))
        subject = message.subject.replace("replay.", "work.", 1)
        back.append((subject, message.payload, tuple(sorted(headers, key=lambda pair: pair[0]))))
    return back


@pytest.mark.parametrize("retention", ["limits", "workqueue"])
@pytest.mark.parametrize("prefix,codec", [(None, "json"), ("old/place", "bin")])
def test_the_swap_in_mid_stream(
    file_server, file_rest, stream, file_bucket, tmp_path, retention, prefix, codec
):
    stream.add_stream("WORK", ["work.>"], retention=retention)
    add_target(stream)
    stream.add_consumer(
        "WORK",
        durable_name=DURABLE,
        filter_subject="work.>",
        ack_policy="explicit",
        ack_wait=10_000_000_000,
        max_ack_pending=1000,
    )
    file_bucket.create()
    publish(stream, "WORK", OLD + HELD + NEW)
    archive_as_the_old_one(stream, file_bucket, prefix, codec)
    old_list = tmp_path / "store-jobs.json"
    listed = old_store_job(file_bucket.name, prefix, {"json": "Json", "bin": "Binary"}[codec])
    old_list.write_text(json.dumps([listed]))
    cli = Cli(nats3_program(), tmp_path / "home", file_server.url)
    imported = cli.run("job", "import", old_list)
    assert imported.returncode == 0, imported.stderr
    (job,) = file_rest.store.list()
    assert job["adopt_consumer"] == DURABLE
    file_rest.store.wait_messages(job["id"], HELD + NEW)
    publish(stream, "WORK", LATER, start=OLD + HELD + NEW)
    job = file_rest.store.wait_messages(job["id"], HELD + NEW + LATER)
    assert job["progress"]["messages"] == HELD + NEW + LATER  # and not one of the old ones
    if codec == "json":
        archived = read_archive(file_bucket)
        assert [m.sequence for m in archived] == list(range(OLD + 1, OLD + HELD + NEW + LATER + 1))
    load = file_rest.load.create(**load_spec(file_bucket.name, prefix=prefix))
    file_rest.load.wait_status(load["id"], "Success")
    expected = [
        (subject, payload, tuple(sorted(headers, key=lambda pair: pair[0])))
        for subject, payload, headers in messages(OLD + HELD + NEW + LATER)
    ]
    assert back_again(stream) == expected
    # What is known of the new half, and not claimed of the old one.
    known = [message for message in replayed(stream) if message.sequence]
    assert [m.sequence for m in known] == list(range(OLD + 1, OLD + HELD + NEW + LATER + 1))

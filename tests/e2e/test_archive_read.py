"""The messages of an archive, read without NATS, held against those of the stream they are from."""

import base64
import http.client
import json
import socket
import subprocess
import urllib.parse
import urllib.request

import pytest
from harness.bucket import chunk_keys
from harness.jetstream import Stored, format_time, parse_time
from harness.rest import Cli, Rest
from harness.servers import nats3_program
from harness.wait import wait_for
from harness.v1 import V1Message, archived_at, put_v1_chunks
from workload import check_same, publish, store_spec

COUNT = 3000
BATCH = {"max_count": 500}


@pytest.fixture
def cli(server, tmp_path):
    return Cli(nats3_program(), tmp_path / "home", server.url)


@pytest.fixture
def archived(rest, stream, bucket):
    """Six chunks in the bucket; returns what is in the stream."""
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    archive(rest, bucket, COUNT)
    return list(stream.read("WORK"))


def archive(rest, bucket, count, **changes):
    job = rest.store.create(**store_spec(bucket.name, batch=BATCH, **changes))
    rest.store.wait_messages(job["id"], count)
    rest.store.remove(job["id"])


def read(cli, bucket, *flags):
    done = cli.run("archive", "read", "--bucket", bucket.name, "--stream", "WORK", *flags)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def member(line, name):
    """The bytes of a text, which may be in base64."""
    if name in line:
        return line[name].encode()
    return base64.b64decode(line[f"{name}_base64"])


def as_stored(line):
    headers = [(name, value) for name, values in line.get("headers", {}).items() for value in values]
    subject = member(line, "subject").decode()
    return Stored(line["seq"], parse_time(line["time"]), subject, tuple(headers), member(line, "data"))


def test_every_message_is_there_as_it_was(cli, bucket, archived):
    lines = read(cli, bucket)
    check_same(archived, [as_stored(line) for line in lines])
    assert len({line["epoch"] for line in lines}) == 1


def test_a_part_is_what_was_asked_for(cli, bucket, archived):
    begin, end = archived[700], archived[2300]
    by_time = archived[700:2301]
    times = [f"--from-time={format_time(begin.time_ns)}", f"--to-time={format_time(end.time_ns)}"]
    check_same(by_time, [as_stored(line) for line in read(cli, bucket, *times)])
    of_text = [message for message in by_time if message.subject.startswith("work.text.")]
    lines = read(cli, bucket, *times, "--subject", "work.text.*")
    check_same(of_text, [as_stored(line) for line in lines])
    lines = read(cli, bucket, *times, "--subject", "work.text.*", "--limit", 7)
    check_same(of_text[:7], [as_stored(line) for line in lines])
    after = f"{lines[-1]['epoch']}:{lines[-1]['seq']}"
    lines = read(cli, bucket, *times, "--subject", "work.text.*", "--after", after)
    check_same(of_text[7:], [as_stored(line) for line in lines])
    assert read(cli, bucket, "--subject", "work.none") == []


def test_what_several_jobs_archived_comes_once_and_epochs_one_after_the_other(
    cli, rest, stream, bucket, archived
):
    archive(rest, bucket, COUNT // 4, subject="work.text.*")
    stream.delete_stream("WORK")
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 100)
    archive(rest, bucket, 100)
    lines = read(cli, bucket)
    first, second = sorted({line["epoch"] for line in lines})
    assert [line["epoch"] for line in lines] == [first] * COUNT + [second] * 100
    for position in (COUNT // 2, COUNT - 1, COUNT, COUNT + 50, COUNT + 99):
        after = f"{lines[position]['epoch']}:{lines[position]['seq']}"
        assert read(cli, bucket, "--after", after) == lines[position + 1 :]
    check_same(archived, [as_stored(line) for line in lines[:COUNT]])
    check_same(list(stream.read("WORK")), [as_stored(line) for line in lines[COUNT:]])


def test_old_chunks_are_read_without_what_they_do_not_tell(cli, bucket):
    began = 1_795_464_796 * 10**9
    old = [
        V1Message("work.text.1", b"%d" % n, None, archived_at(began + n * 10**9), 1) for n in range(9)
    ]
    bucket.create()
    put_v1_chunks(bucket, "", "WORK", "work.>", old, 4)
    lines = read(cli, bucket)
    assert [line["data"] for line in lines] == [str(n) for n in range(9)]
    assert [parse_time(line["archived"]) for line in lines] == [began + n * 10**9 for n in range(9)]
    assert set(lines[0]) == {"archived", "subject", "data"}


def test_damage_ends_it_and_is_named(cli, rest, bucket, archived):
    key = chunk_keys(bucket)[3]
    data = bucket.get(key)
    bucket.put(key, data[: len(data) // 2] + b"x" + data[len(data) // 2 + 1 :])
    done = cli.run("archive", "read", "--bucket", bucket.name, "--stream", "WORK")
    assert done.returncode == 1 and key in done.stderr
    got = [as_stored(json.loads(line)) for line in done.stdout.splitlines()]
    check_same(archived[:1500], got)
    assert len(read(cli, bucket, "--limit", 1500)) == 1500
    # What is wrong from the first message on has a status.
    query = {"bucket": bucket.name, "stream": "WORK", "from_time": format_time(archived[1700].time_ns)}
    answer = rest.call("GET", f"/archive/messages?{urllib.parse.urlencode(query)}")
    assert answer.status == 500 and key in answer.error


def test_a_client_tells_a_whole_answer_from_one_that_breaks_off(server, bucket, archived):
    query = urllib.parse.urlencode({"bucket": bucket.name, "stream": "WORK"})
    address = f"{server.url}/api/v1/archive/messages?{query}"
    with urllib.request.urlopen(address) as answer:
        assert answer.read().count(b"\n") == COUNT
    key = chunk_keys(bucket)[5]
    bucket.put(key, b"no chunk" * 100)
    with urllib.request.urlopen(address) as answer:
        with pytest.raises(http.client.IncompleteRead) as cut:
            answer.read()
    *lines, last = map(json.loads, cut.value.partial.splitlines())
    assert key in last["error"]
    check_same(archived[:2500], [as_stored(line) for line in lines])


def test_a_reader_that_goes_away_makes_room(cli, rest, bucket, archived):
    shell = f"{cli.program} archive read --bucket {bucket.name} --stream WORK | head -n 1"
    for _ in range(6):
        done = subprocess.run(
            ["bash", "-c", shell],
            env={**cli.environment, "NATS3_SERVER_URL": cli.options[1]},
            capture_output=True,
        )
        assert json.loads(done.stdout)["seq"] == 1 and done.stderr == b""
    assert len(read(cli, bucket)) == COUNT


def waiting_in_consumers(stream):
    """How many messages each has still to deliver."""
    return [each["num_pending"] for each in stream.api("CONSUMER.LIST.WORK")["consumers"]]


def test_a_stop_does_not_wait_for_who_reads_nothing(nats, stream, servers, file_root, file_bucket):
    """What jobs hold is written then, as ever."""
    server = servers(nats.url, file_root).start()
    rest = Rest(server.url)
    stream.add_stream("WORK", ["work.>"])
    stream.publish_all("WORK", (("work.a.b", b"x" * 100_000, ()) for _ in range(400)))
    archive(rest, file_bucket, 400)
    address = urllib.parse.urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as reader:
        query = urllib.parse.urlencode({"bucket": file_bucket.name, "stream": "WORK"})
        reader.sendall(f"GET /archive/messages?{query} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert reader.recv(100).startswith(b"HTTP/1.1 200")
        spec = store_spec(file_bucket.name, batch={"max_wait": "1h"}, prefix="later")
        job = rest.store.create(**spec)
        wait_for(lambda: waiting_in_consumers(stream) == [0], 30, "all to be taken")
        rest.store.wait_status(job["id"], "Running")
        server.stop()
    assert "stopped" in server.process.log_tail(1)
    assert [key for key in chunk_keys(file_bucket) if key.startswith("later/")]


def test_what_is_not_there_says_so(cli, bucket):
    done = cli.run("archive", "read", "--bucket", bucket.name, "--stream", "WORK")
    assert done.returncode == 1 and bucket.name in done.stderr
    bucket.create()
    done = cli.run("archive", "read", "--bucket", bucket.name, "--stream", "WORK")
    assert done.returncode == 1 and "nothing is archived under 'WORK/'" in done.stderr

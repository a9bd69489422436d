"""What nats3 says is in a bucket, held against what another client lists there."""

import re
import urllib.parse

import pytest
from harness.bucket import chunk_keys
from harness.jetstream import format_time
from harness.rest import Cli
from harness.servers import nats3_program
from harness.v1 import V1Message, archived_at, put_v1_chunks
from workload import publish, store_spec

COUNT = 2000
BATCH = {"max_count": 150}
CHUNK = re.compile(r"(\d{20})-(\d{20})-(-?\d+)-(-?\d+)-(\d+)\.(bin|ndjson)\.zst$")


def address(route, **query):
    return f"/archive/{route}?{urllib.parse.urlencode(query)}"


def streams(rest, bucket, **query):
    return rest.ok("GET", address("streams", bucket=bucket.name, **query))


def stream_in(rest, bucket, name="WORK", **query):
    return rest.ok("GET", address("stream", bucket=bucket.name, stream=name, **query))


def archive(rest, bucket, count=COUNT, **changes):
    job = rest.store.create(**store_spec(bucket.name, batch=BATCH, **changes))
    rest.store.wait_messages(job["id"], count)
    rest.store.remove(job["id"])


def listed(bucket, folder):
    """What the names of the chunks in a folder say, as the API would."""
    chunks = [CHUNK.search(key).groups() for key in chunk_keys(bucket) if key.startswith(folder)]
    return {
        "chunks": len(chunks),
        "messages": sum(int(chunk[4]) for chunk in chunks),
        "first_sequence": min(int(chunk[0]) for chunk in chunks),
        "last_sequence": max(int(chunk[1]) for chunk in chunks),
        "from_time": format_time(min(int(chunk[2]) for chunk in chunks)),
        "to_time": format_time(max(int(chunk[3]) for chunk in chunks)),
    }


def test_what_is_there_is_what_another_client_lists(rest, stream, bucket):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    archive(rest, bucket)
    stream.delete_stream("WORK")
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT // 2)
    archive(rest, bucket, COUNT // 2)
    archive(rest, bucket, COUNT // 2 // 4, name="WORK", subject="work.text.*")

    assert streams(rest, bucket) == {"streams": ["WORK"], "folders": []}
    found = stream_in(rest, bucket)
    assert (found["stream"], found["old_chunks"]) == ("WORK", [])
    first, second = found["epochs"]
    assert first["epoch"] < second["epoch"] and first["created"] < second["created"]
    for epoch, subjects in ((first, ["work.>"]), (second, ["work.>", "work.text.*"])):
        assert [each["subject"] for each in epoch["subjects"]] == subjects
        for each in epoch["subjects"]:
            component = urllib.parse.quote(each["subject"], safe="")
            folder = f"WORK/{epoch['epoch']}/{component}/"
            assert each == {"subject": each["subject"], **listed(bucket, folder)}
    assert first["subjects"][0]["messages"] == COUNT


def test_prefixes_are_found_one_below_the_other(rest, stream, bucket):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 100)
    archive(rest, bucket, 100, prefix="team/a")
    assert streams(rest, bucket) == {"streams": [], "folders": ["team"]}
    assert streams(rest, bucket, prefix="team") == {"streams": [], "folders": ["a"]}
    assert streams(rest, bucket, prefix="/team/a/") == {"streams": ["WORK"], "folders": []}
    found = stream_in(rest, bucket, prefix="team/a")
    assert found["epochs"][0]["subjects"][0]["messages"] == 100
    answer = rest.call("GET", address("stream", bucket=bucket.name, stream="WORK"))
    assert answer.status == 404 and "nothing is archived under 'WORK/'" in answer.error


def test_old_chunks_are_told_apart(rest, bucket):
    began = 1_795_464_796 * 10**9
    old = [V1Message("work.text.1", b"x", None, archived_at(began + n * 10**9), 1) for n in range(9)]
    bucket.create()
    put_v1_chunks(bucket, "", "WORK", "work.>", old, 4)
    assert streams(rest, bucket) == {"streams": ["WORK"], "folders": []}
    times = {"from_time": format_time(began), "to_time": format_time(began + 8 * 10**9)}
    expected = [{"subject": "work.>", "chunks": 3, "messages": 9, **times}]
    assert stream_in(rest, bucket) == {"stream": "WORK", "epochs": [], "old_chunks": expected}


def test_what_cannot_be_told_says_why(rest, bucket):
    answer = rest.call("GET", address("streams", bucket="nats3-no-such-bucket"))
    assert answer.status == 404 and "nats3-no-such-bucket" in answer.error
    answer = rest.call("GET", "/archive/streams")
    assert answer.status == 400 and "bucket is missing" in answer.error
    bucket.create()
    assert streams(rest, bucket) == {"streams": [], "folders": []}


@pytest.fixture
def cli(file_server, tmp_path):
    return Cli(nats3_program(), tmp_path / "home", file_server.url)


def test_the_command_line_shows_it(cli, file_rest, stream, file_bucket):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    archive(file_rest, file_bucket)
    file_bucket.put("photos/cat.jpg", b"x")
    done = cli.run("archive", "list", "--bucket", file_bucket.name)
    assert done.returncode == 0, done.stderr
    head, line = done.stdout.splitlines()
    assert head.split() == ["STREAM", "EPOCHS", "MESSAGES", "CHUNKS", "FROM", "TO"]
    assert line.split()[:4] == ["WORK", "1", "2,000", "14"]
    assert "may be prefixes: photos" in done.stderr
    assert cli.json("archive", "list", "--bucket", file_bucket.name) == [
        stream_in(file_rest, file_bucket)
    ]
    done = cli.run("archive", "show", "--bucket", file_bucket.name, "--stream", "WORK")
    assert "work.>" in done.stdout and "2,000" in done.stdout
    done = cli.run("archive", "show", "--bucket", file_bucket.name, "--stream", "OTHER")
    assert done.returncode == 1 and "nothing is archived" in done.stderr

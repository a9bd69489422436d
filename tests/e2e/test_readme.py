"""The examples that the users of nats-s3-connector have in their notes, pasted as they are."""

import os
import socket
import subprocess

import pytest
from harness.rest import Rest
from harness.servers import nats3_program
from harness.wait import wait_for

STORE_BY_CURL = """\
curl --header "Content-Type: application/json" \\
  --request POST \\
  --data '{
            "name": "job-1",
            "stream": "jobs",
            "subject": "subject-1",
            "bucket": "bucket-1",
          }' \\
  http://localhost:8080/store/job
"""

STORE_BY_CLI = """\
nats3 store create \\
  --name job-1 \\
  --stream jobs \\
  --subject subjects-1 \\
  --bucket bucket-1 \\
"""

LOAD_BY_CURL = """\
curl --header "Content-Type: application/json" \\
  --request POST \\
  --data '{
            "bucket": "bucket-1",
            "read_stream": "jobs",
            "read_subject": "subject-1",
            "write_subject": "destination",
          }' \\
  http://localhost:8080/load/job
"""

LOAD_BY_CLI = """\
nats3 load create \\
  --bucket bucket-1 \\
  --read-stream jobs \\
  --read-subject subject-1 \\
  --write-subject destination \\
"""


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def paste(nats, file_root, servers, tmp_path):
    """Runs an example in bash as a user would. Port 8080 is in the examples: only when something
    else has it, another port takes its place in them."""
    server = servers(nats.url, file_root)
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": f"{tmp_path}/.config"}
    environment["PATH"] = f"{nats3_program().parent}:{os.environ['PATH']}"
    environment |= {"no_proxy": "localhost", "NO_PROXY": "localhost"}
    free = is_free(8080)
    if free:
        server.port = 8080
    server.start()

    def run(example):
        if not free:
            example = example.replace(":8080", f":{server.port}")
            example = example.replace("nats3 ", f"nats3 --server {server.url} ", 1)
        done = subprocess.run(
            ["bash", "-c", example], capture_output=True, text=True, env=environment, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.rest = Rest(server.url)
    return run


def test_the_four_examples(paste, stream):
    rest = paste.rest
    stream.add_stream("jobs", ["subject-1", "subjects-1"])
    stream.add_stream("target", ["destination"])
    for number in range(10):
        stream.publish("subject-1", b"%d" % number)
        stream.publish("subjects-1", b"s%d" % number)

    assert '"status":"Created"' in paste(STORE_BY_CURL).replace(" ", "")
    paste(STORE_BY_CLI)
    jobs = {job["subject"]: job for job in rest.store.list()}
    assert set(jobs) == {"subject-1", "subjects-1"}
    for job in jobs.values():
        assert job["name"] == "job-1"
        rest.store.wait_messages(job["id"], 10)

    assert '"status":"Created"' in paste(LOAD_BY_CURL).replace(" ", "")
    (load,) = rest.load.list()
    rest.load.wait_status(load["id"], "Success")
    paste(LOAD_BY_CLI)
    wait_for(
        lambda: [job["status"] for job in rest.load.list()] == ["Success", "Success"],
        60,
        "both loads to succeed",
    )
    expected = [b"%d" % number for number in range(10)]
    assert [message.payload for message in stream.read("target")] == expected * 2

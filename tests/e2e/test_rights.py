"""What NATS and S3 have to let nats3 do, and what happens when they don't any more."""

import dataclasses
import pathlib
import re

import pytest
from harness.bucket import chunk_keys, read_archive, run
from harness.jetstream import JetStream
from harness.rest import Rest
from harness.servers import NatsServer
from workload import add_target, check_same, load_spec, publish, replayed, store_spec, verify_spec

DOCS = pathlib.Path(__file__).parents[2] / "docs"
COUNT = 2000


def code_block(page, language, heading):
    """The text of the first block of code below a heading of a page."""
    text = (DOCS / page).read_text()
    text = text[text.index(f"\n## {heading}\n") :]
    return re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)[1]


@pytest.fixture
def guarded_nats(tmp_path):
    """A nats-server that gives nats3 the rights of the manual; whoever has no name may do anything."""
    rights = code_block("operations.md", "", "Rights in NATS")
    everything = '{ user: all, password: "any" }'
    config = rights.replace("users = [", f"users = [\n{everything}", 1)
    server = NatsServer(tmp_path / "nats", f"no_auth_user: all\n{config}")
    yield server.start()
    server.close()


@pytest.fixture
def guarded(guarded_nats, servers, file_root):
    server = servers(guarded_nats.url, file_root)
    login = 'user = "nats3"\npassword = "a secret"\n'
    whole = server.config().replace("\n[s3]", f"{login}\n[s3]")
    server.config = lambda: whole
    return Rest(server.start().url)


def test_the_rights_in_the_manual_are_enough(guarded_nats, guarded, file_bucket):
    with guarded_nats.connect() as client:
        stream = JetStream(client)
        for name, retention in (("WORK", "limits"), ("QUEUE", "workqueue")):
            stream.add_stream(name, [f"{name.lower()}.>"], retention=retention)
        add_target(stream)
        publish(stream, "WORK", COUNT)
        expected = list(stream.read("WORK"))
        for number in range(COUNT):
            stream.publish(f"queue.{number % 7}", b"%d" % number)
        queue = store_spec(file_bucket.name, "QUEUE", subject="queue.>", consumer="archiver")
        for spec in (queue, store_spec(file_bucket.name)):
            job = guarded.store.create(**spec)
            guarded.store.wait_messages(job["id"], COUNT)
            guarded.store.wait(job["id"], lambda job: job["progress"]["lag"] == 0, 60, "no lag")
        load = guarded.load.create(**load_spec(file_bucket.name))
        assert guarded.load.wait_ended(load["id"])["status"] == "Success"
        check_same(expected, replayed(stream), times=False)
        key = next(key for key in chunk_keys(file_bucket) if "WORK" in key)
        file_bucket.put(key, file_bucket.get(key)[:-1])
        verify = guarded.verify.create(**verify_spec(file_bucket.name))
        progress = guarded.verify.wait_ended(verify["id"])["progress"]
        assert (progress["damaged"], progress["repaired"]) == (1, 1)
        for job in guarded.store.list():
            guarded.store.remove(job["id"])
    assert "Permissions Violation" not in (guarded_nats.folder / "nats-server.log").read_text()


# Source: README.md of https://github.com/nats-io/nkeys.
SEED = "SUAKYRHVIOREXV7EUZTBHUHL7NUMHPMAS7QMDU3GTIUWEI5LDNOXD43IZY"
PUBLIC_KEY = "UD466L6EBCM3YY5HEGHJANNTN4LSKTSUXTH7RILHCKEQMQHTBNLHJJXT"


def test_an_nkey_has_the_rights_in_the_manual(tmp_path, servers, file_root, file_bucket):
    rights = code_block("operations.md", "", "Rights in NATS")
    config = rights.replace('user: nats3, password: "a secret"', f"nkey: {PUBLIC_KEY}")
    config = config.replace("users = [", 'users = [\n{ user: all, password: "any" }', 1)
    nats = NatsServer(tmp_path / "nats", f"no_auth_user: all\n{config}")
    seed_file = tmp_path / "nats3.nk"
    seed_file.write_text(f"{SEED}\n")
    server = servers(nats.start().url, file_root)
    whole = server.config().replace("\n[s3]", f'nkey = "{seed_file}"\n\n[s3]')
    server.config = lambda: whole
    try:
        rest = Rest(server.start().url)
        with nats.connect() as client:
            stream = JetStream(client)
            stream.add_stream("WORK", ["work.>"])
            add_target(stream)
            publish(stream, "WORK", COUNT)
            job = rest.store.create(**store_spec(file_bucket.name))
            rest.store.wait_messages(job["id"], COUNT)
            load = rest.load.create(**load_spec(file_bucket.name))
            assert rest.load.wait_ended(load["id"])["status"] == "Success"
            check_same(list(stream.read("WORK")), replayed(stream), times=False)
            # As whoever has no name it might do that.
            stream.add_stream("ELSEWHERE", ["elsewhere"])
            load = rest.load.create(**load_spec(file_bucket.name, write_subject="elsewhere"))
            refused = lambda job: "elsewhere" in (job["last_error"] or "")  # noqa: E731
            rest.load.wait(load["id"], refused, 60, "a refusal")
    finally:
        server.stop()
        nats.close()
    assert SEED not in (server.folder / "nats3.log").read_text()


def test_a_job_goes_on_once_its_keys_are_right_again(nats, servers, ceph, stream, bucket_name):
    run(ceph.s3cmd("mb", f"s3://{bucket_name}"))
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    server = servers(nats.url, ceph)
    rest = Rest(server.start().url)
    job = rest.store.create(**store_spec(bucket_name))
    rest.store.wait_messages(job["id"], COUNT)
    server.stop()

    publish(stream, "WORK", COUNT, start=COUNT)
    server.s3 = dataclasses.replace(ceph, secret="of yesterday")
    server.start()
    waiting = rest.store.wait(job["id"], lambda job: job["last_error"], 60, "to say why it waits")
    assert waiting["status"] == "Running"
    assert "check the secret key" in waiting["last_error"]
    server.stop()

    server.s3 = ceph
    server.start()
    rest.store.wait_messages(job["id"], 2 * COUNT)
    rest.store.wait(job["id"], lambda job: not job["last_error"], 60, "to be well again")

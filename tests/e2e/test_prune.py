"""What is old is removed from an archive; what is left is whole, for everybody."""

import pytest
from harness.bucket import chunk_keys, read_archive
from harness.jetstream import format_time
from harness.rest import Cli
from harness.servers import nats3_program
from workload import add_target, check_same, load_spec, publish, replayed, store_spec, verify_spec

COUNT, CHUNK = 3000, 500
BATCH = {"max_count": CHUNK}


@pytest.fixture
def cli(server, tmp_path):
    return Cli(nats3_program(), tmp_path / "home", server.url)


def prune(cli, bucket, before, *flags):
    place = ["--bucket", bucket.name, "--stream", "WORK", "--before", format_time(before.time_ns)]
    return cli.run("archive", "prune", *place, *flags)


def test_what_is_left_is_whole(rest, cli, stream, bucket):
    stream.add_stream("WORK", ["work.>"])
    add_target(stream)
    publish(stream, "WORK", COUNT)
    store = rest.store.create(**store_spec(bucket.name, batch=BATCH))
    rest.store.wait_messages(store["id"], COUNT)
    stored = list(stream.read("WORK"))
    kept = stored[3 * CHUNK :]  # the fourth chunk has messages of that time and later

    before = stored[3 * CHUNK + 200]
    dry = prune(cli, bucket, before, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert f"Would remove 3 chunks, {3 * CHUNK:,} messages" in dry.stdout
    refused = prune(cli, bucket, before)
    assert refused.returncode == 1 and "--yes" in refused.stderr
    check_same(stored, read_archive(bucket))

    done = prune(cli, bucket, before, "--yes")
    assert done.returncode == 0, done.stderr
    assert "Removed 3 chunks" in done.stdout
    assert len(chunk_keys(bucket)) == COUNT // CHUNK - 3
    check_same(kept, read_archive(bucket))
    shown = cli.json("archive", "show", "--bucket", bucket.name, "--stream", "WORK")
    subject = shown["epochs"][0]["subjects"][0]
    assert (subject["messages"], subject["first_sequence"]) == (len(kept), kept[0].sequence)

    load = rest.load.create(**load_spec(bucket.name))
    assert rest.load.wait_ended(load["id"])["status"] == "Success"
    check_same(kept, replayed(stream), times=False)
    verify = rest.verify.create(**verify_spec(bucket.name))
    progress = rest.verify.wait_ended(verify["id"])
    assert (progress["status"], progress["progress"]["damaged"]) == ("Success", 0), progress

    again = prune(cli, bucket, before, "--yes")
    assert again.returncode == 0 and "Nothing to remove" in again.stdout


def test_jobs_go_on_after_it(rest, cli, stream, bucket):
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    store = rest.store.create(**store_spec(bucket.name, batch=BATCH))
    rest.store.wait_messages(store["id"], COUNT)
    rest.store.pause(store["id"])
    publish(stream, "WORK", CHUNK, start=COUNT)
    stored = list(stream.read("WORK"))

    done = prune(cli, bucket, stored[COUNT], "--yes")
    assert done.returncode == 0, done.stderr
    assert chunk_keys(bucket) == []
    rest.store.resume(store["id"])
    rest.store.wait_messages(store["id"], COUNT + CHUNK)
    check_same(stored[COUNT:], read_archive(bucket))

    rest.store.remove(store["id"])  # a new one goes on where the archive ends, not at the beginning
    publish(stream, "WORK", CHUNK, start=COUNT + CHUNK)
    store = rest.store.create(**store_spec(bucket.name, batch=BATCH))
    rest.store.wait(store["id"], lambda job: job["progress"]["lag"] == 0, 60, "all to be archived")
    check_same(list(stream.read("WORK"))[COUNT:], read_archive(bucket))


@pytest.mark.parametrize("before, status", [("2020-01-01T00:00:00Z", 404), ("2099-01-01T00:00:00Z", 400)])
def test_nothing_is_there_or_the_time_has_not_come(rest, bucket, before, status):
    bucket.create()
    place = f"bucket={bucket.name}&stream=NONE&before={before}"
    assert rest.call("DELETE", f"/archive/stream?{place}").status == status

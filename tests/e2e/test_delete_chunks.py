"""A bucket as a queue: a load that polls and deletes what it replayed, while the store goes on."""

import os
import pathlib
import random
import threading

import pytest
from harness.bucket import FileBucket, chunk_keys, read_archive
from harness.compare import compare
from harness.jetstream import Stored
from harness.wait import wait_for
from workload import add_target, check_same, load_spec, messages, publish, replayed, store_spec

PARTS, SIZE = 6, 2500
CHANCE = random.Random(20261124)


class ChunkKeeper:
    """Keeps a hard link to each chunk that appears in a bucket, so that deleting takes nothing away.

    Looks every few milliseconds: a chunk stays until the load has listed and replayed it.
    """

    def __init__(self, bucket, folder):
        self.bucket = bucket
        self.kept = FileBucket(folder, "kept")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(0.003):
            for path in self.bucket.folder.rglob("*.zst"):
                link = self.kept.folder / path.relative_to(self.bucket.folder)
                if link.exists() or ".nats3-tmp" in path.parts:
                    continue
                link.parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(path, link)
                except FileNotFoundError:
                    pass  # deleted since it was listed: seen and linked before, or missed and told


@pytest.mark.parametrize("retention", ["limits", "workqueue"])
def test_each_message_once_while_the_server_is_killed(
    file_server, file_rest, stream, file_bucket, tmp_path, retention
):
    stream.add_stream("WORK", ["work.>"], retention=retention)
    add_target(stream)
    batch = {"max_count": 200, "max_wait": "100ms"}
    store = file_rest.store.create(**store_spec(file_bucket.name, batch=batch))
    poll = {"secs": 0, "nanos": 200_000_000}
    load = file_rest.load.create(
        **load_spec(file_bucket.name, poll_interval=poll, delete_chunks=True)
    )
    with ChunkKeeper(file_bucket, pathlib.Path(tmp_path)) as keeper:
        for part in range(PARTS):
            publish(stream, "WORK", SIZE, start=part * SIZE)
            file_rest.load.wait_messages(load["id"], part * SIZE + CHANCE.randrange(1, SIZE))
            file_server.kill() if part % 2 == 0 else file_server.stop()
            file_server.start()
        file_rest.load.wait_messages(load["id"], PARTS * SIZE)
        wait_for(lambda: not chunk_keys(file_bucket), 60, "the chunks to be deleted")
    expected = [
        Stored(number + 1, 0, subject, headers, payload)
        for number, (subject, payload, headers) in enumerate(messages(PARTS * SIZE))
    ]
    check_same(expected, replayed(stream), times=False)
    archived = read_archive(keeper.kept)
    result = compare(expected, archived, times=False)
    assert not (result.lost or result.different or result.extra), result.first
    if retention == "limits":  # a work queue's may be in two chunks after a kill
        assert result.same, result.first
        assert file_rest.store.get(store["id"])["progress"]["messages"] == len(archived)
    assert file_rest.store.get(store["id"])["status"] == "Running"


def test_a_new_store_job_goes_on_although_the_chunks_are_gone(
    file_server, file_rest, stream, file_bucket
):
    stream.add_stream("WORK", ["work.>"])
    add_target(stream)
    publish(stream, "WORK", 1000)
    store = file_rest.store.create(**store_spec(file_bucket.name))
    file_rest.store.wait_messages(store["id"], 1000)
    load = file_rest.load.create(**load_spec(file_bucket.name, delete_chunks=True))
    file_rest.load.wait_status(load["id"], "Success")
    assert chunk_keys(file_bucket) == []
    file_rest.store.remove(store["id"])
    publish(stream, "WORK", 500, start=1000)
    store = file_rest.store.create(**store_spec(file_bucket.name))
    file_rest.store.wait_messages(store["id"], 500)
    assert [message.sequence for message in read_archive(file_bucket)] == list(range(1001, 1501))

"""nats3's main job on real input: a stream archived to a bucket and replayed, then compared.

Publishes Debian's package index into a stream of a real nats-server, archives it with a store job,
replays it into a second stream with a load job, and compares what is in the bucket and in the
second stream with the first, message by message: subject, payload, headers, order, original time.
Ends with status 0 only when all of it is the same.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import sys
import time
from dataclasses import dataclass, field

import package_index
from harness.bucket import bucket_of, chunk_keys, read_archive
from harness.compare import compare, originals
from harness.jetstream import JetStream
from harness.process import ROOT
from harness.rest import Rest
from harness.servers import CephGateway, NatsServer, Nats3Server
from terminal import Progress, megabytes, table

SOURCE, TARGET, BUCKET = "DEBIAN", "REPLAY", "demo-archive"
STALL_SECONDS = 60


class Failed(Exception):
    """The demo can't go on; the text says why."""


@dataclass
class Demo:
    options: argparse.Namespace
    closing: contextlib.ExitStack
    published: list = field(default_factory=list)  # as the source stream holds them
    rows: list = field(default_factory=list)  # of the table at the end

    def start(self):
        folder = self.folder = pathlib.Path(self.options.folder).resolve()
        for part in ("nats", "nats3", "objects"):
            shutil.rmtree(folder / part, ignore_errors=True)
        nats = NatsServer(folder / "nats")
        self.closing.callback(nats.close)
        nats.start()
        if self.options.s3:
            print("starting Ceph's S3 gateway")
            gateway = CephGateway(folder / "ceph")
            self.closing.callback(gateway.close)
            self.s3 = gateway.start().account
        else:
            self.s3 = folder / "objects"
        self.bucket = bucket_of(self.s3, BUCKET)
        self.server = Nats3Server(folder / "nats3", nats.url, self.s3, log_level="info")
        self.closing.callback(self.server.close)
        self.server.start()
        self.rest = Rest(self.server.url)
        self.stream = JetStream(self.closing.enter_context(nats.connect()))

    def publish(self):
        messages = package_index.messages(self.options.messages)
        self.stream.add_stream(SOURCE, ["debian.>"])
        with Progress("publish", len(messages)) as bar:
            self.stream.publish_all(SOURCE, messages, on_progress=bar.update)
            bar.update(len(messages))
        self.published = list(self.stream.read(SOURCE))
        self.content_bytes = sum(
            len(m.subject) + len(m.payload) + sum(len(n) + len(v) for n, v in m.headers)
            for m in self.published
        )
        self._row("published", len(messages), self.content_bytes, "", bar.seconds)

    def store(self):
        job = self.rest.store.create(
            name="demo-store",
            stream=SOURCE,
            subject="debian.>",
            bucket=BUCKET,
            batch={"max_wait": "1s"},
            encoding={"codec": "Json"},
        )
        with Progress("archive", len(self.published)) as bar:
            self._follow(self.rest.store, job["id"], bar, lambda job: False)
        self.rest.store.pause(job["id"])
        keys = chunk_keys(self.bucket)
        sizes = sum(self.bucket.size(key) for key in keys)
        self.ratio = self.content_bytes / sizes
        self._row("archived", len(self.published), sizes, str(len(keys)), bar.seconds)

    def break_chunk(self):
        keys = chunk_keys(self.bucket)
        key = keys[len(keys) // 2]
        data = bytearray(self.bucket.get(key))
        data[len(data) // 2] ^= 0x10
        self.bucket.put(key, bytes(data))
        print(f"one bit flipped in {key}")

    def load(self):
        self.stream.add_stream(TARGET, ["replay.>"])
        job = self.rest.load.create(
            name="demo-load",
            bucket=BUCKET,
            read_stream=SOURCE,
            read_subject="debian.*.*",
            write_subject="replay.{{wildcard(1)}}.{{wildcard(2)}}",
        )
        with Progress("replay", len(self.published)) as bar:
            self._follow(self.rest.load, job["id"], bar, lambda job: job["status"] == "Success")
        replayed = self.stream.state(TARGET)
        self._row("replayed", replayed["messages"], self.content_bytes, "", bar.seconds)

    def _follow(self, jobs, job_id, bar, ended):
        """Draws the bar until all messages are through or the job has ended; fails when the job has
        failed or stands still."""
        moved, done = time.monotonic(), -1
        while True:
            job = jobs.get(job_id)
            if job["progress"]["messages"] != done:
                moved, done = time.monotonic(), job["progress"]["messages"]
            bar.update(done, job["last_error"] or "")
            if job["status"] == "Failure":
                raise Failed(f"the {jobs.kind} job failed: {job['last_error']}")
            if ended(job) or (jobs.kind == "store" and done >= bar.total):
                return
            if time.monotonic() - moved > STALL_SECONDS:
                raise Failed(f"the {jobs.kind} job stands still: {job['last_error'] or job}")
            time.sleep(0.05)

    def _row(self, what, messages, count, objects, seconds):
        rate = messages / seconds if seconds else 0
        speed = self.content_bytes / seconds if seconds else 0
        cells = [f"{messages:,}", megabytes(count), objects, f"{seconds:.1f}", f"{rate:,.0f}"]
        self.rows.append([what, *cells, megabytes(speed)])

    def compare_bucket(self):
        return compare(self.published, read_archive(self.bucket))

    def compare_replay(self):
        back = lambda subject: subject.replace("replay.", "debian.", 1)  # noqa: E731
        return compare(self.published, originals(self.stream.read(TARGET), SOURCE, back))

    def report(self):
        print()
        head = ["", "messages", "bytes", "objects", "seconds", "messages/s", "content/s"]
        print("\n".join(table([head, *self.rows])))
        print(f"compression: {self.ratio:.2f} to 1 (content to objects, index included)")

    def tell_where(self):
        keys = chunk_keys(self.bucket)
        print()
        if not self.options.s3:
            folder = os.path.relpath(self.bucket.folder)
            print(f"The bucket is the folder {folder}; look into it with")
            print(f"  zstd -dc '{folder}/{keys[0]}' | head -n 3")
        elif self.options.keep:
            s3cmd = " ".join(self.s3.s3cmd())
            print(f"The bucket is s3://{BUCKET} at {self.s3.endpoint}; look into it with")
            print(f"  {s3cmd} get 's3://{BUCKET}/{keys[0]}' - | zstd -dc | head -n 3")
        else:
            print(f"The bucket s3://{BUCKET} was in memory and is gone now; --keep keeps it.")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./x demo", description=__doc__.splitlines()[0])
    parser.add_argument("--s3", action="store_true", help="Ceph's S3 gateway instead of a folder")
    parser.add_argument("--messages", type=int, metavar="N", help="only the first N packages")
    parser.add_argument("--keep", action="store_true", help="keep the servers running till Enter")
    parser.add_argument(
        "--break-chunk", action="store_true", help="damage a chunk, to see the demo fail"
    )
    parser.add_argument("--folder", default=ROOT / "build/demo", help="where all of it is kept")
    return parser.parse_args()


def play(demo):
    """Runs the parts in order; returns the two comparisons and why it ended early, if it did."""
    demo.start()
    demo.publish()
    demo.store()
    in_bucket = demo.compare_bucket()
    if demo.options.break_chunk:
        demo.break_chunk()
    trouble = ""
    try:
        demo.load()
    except Failed as failed:
        trouble = str(failed)
    return in_bucket, demo.compare_replay(), trouble


def main():
    options = parse_arguments()
    started = time.monotonic()
    with contextlib.ExitStack() as closing:
        demo = Demo(options, closing)
        try:
            in_bucket, replayed, trouble = play(demo)
        except (Failed, AssertionError) as failed:
            print(f"demo: FAILED: {failed}")
            return 1
        demo.report()
        demo.tell_where()
        if options.keep:
            input(f"\nnats3 runs at {demo.server.url}, its NATS at {demo.server.nats_url}. Enter ends.")
    print(f"the bucket against the stream: {in_bucket}")
    first = trouble or in_bucket.first or replayed.first
    if first:
        print(f"first difference: {first}")
    print(f"demo: {replayed}, in {time.monotonic() - started:.0f} s")
    return 0 if in_bucket.same and replayed.same and not first else 1


if __name__ == "__main__":
    sys.exit(main())

"""What is in a bucket, read without nats3: a folder, or S3 by s3cmd; chunks by zstd."""

import base64
import json
import pathlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from harness.jetstream import Stored, parse_time


@dataclass(frozen=True)
class S3Account:
    endpoint: str  # http://host:port
    access: str
    secret: str

    def s3cmd(self, *arguments):
        host = self.endpoint.split("://", 1)[1]
        return [
            "/usr/bin/s3cmd",
            "--config=/dev/null",
            f"--host={host}",
            f"--host-bucket={host}",
            "--no-ssl" if self.endpoint.startswith("http://") else "--ssl",
            f"--access_key={self.access}",
            f"--secret_key={self.secret}",
            "--region=us-east-1",
            "--no-progress",
            "--no-preserve",
            *arguments,
        ]


@dataclass(frozen=True)
class S3WithoutKeys:
    """For a server that finds its keys itself, by variables of its environment."""

    endpoint: str
    variables: dict


def run(command):
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=600)
    if done.returncode:
        text = done.stderr.decode(errors="replace")
        raise AssertionError(f"{' '.join(map(str, command))}: status {done.returncode}: {text}")
    return done.stdout


class FileBucket:
    """A bucket of the file store: root/bucket/key."""

    def __init__(self, root, name):
        self.name = name
        self.folder = pathlib.Path(root) / name

    def exists(self):
        return self.folder.is_dir()

    def keys(self):
        if not self.exists():
            return []
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        names = (path.relative_to(self.folder).as_posix() for path in paths)
        return sorted(name for name in names if not name.startswith(".nats3-tmp/"))

    def size(self, key):
        return (self.folder / key).stat().st_size

    def get(self, key):
        return (self.folder / key).read_bytes()

    def create(self):
        self.folder.mkdir(parents=True)

    def put(self, key, data):
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def remove(self, key):
        (self.folder / key).unlink()

    def copy_to(self, folder):
        """Copies all objects below `folder`."""
        # What is being written is no object yet, and may be gone or renamed at any moment.
        unfinished = shutil.ignore_patterns(".nats3-tmp")
        shutil.copytree(self.folder, folder, ignore=unfinished, dirs_exist_ok=True)


class S3Bucket:
    def __init__(self, account, name):
        self.account = account
        self.name = name

    def _run(self, *arguments):
        return run(self.account.s3cmd(*arguments))

    def _list(self):
        for line in self._run("ls", "--recursive", f"s3://{self.name}").decode().splitlines():
            _, _, size, uri = line.split(maxsplit=3)
            yield uri.removeprefix(f"s3://{self.name}/"), int(size)

    def exists(self):
        return f"s3://{self.name}" in self._run("ls").decode().split()

    def keys(self):
        return sorted(key for key, _ in self._list())

    def size(self, key):
        return dict(self._list())[key]

    def get(self, key):
        with tempfile.TemporaryDirectory() as folder:
            self._run("get", f"s3://{self.name}/{key}", f"{folder}/object")
            return pathlib.Path(folder, "object").read_bytes()

    def create(self):
        self._run("mb", f"s3://{self.name}")

    def put(self, key, data):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            self._run("put", file.name, f"s3://{self.name}/{key}")

    def remove(self, key):
        self._run("del", f"s3://{self.name}/{key}")

    def copy_to(self, folder):
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        self._run("get", "--recursive", "--force", f"s3://{self.name}/", f"{folder}/")


def bucket_of(s3, name):
    """The bucket of an S3Account or of a file store's root."""
    return FileBucket(s3, name) if isinstance(s3, pathlib.Path) else S3Bucket(s3, name)


def chunk_keys(bucket):
    return [key for key in bucket.keys() if key.endswith(".zst")]


def read_archive(bucket):
    """The messages of all chunks of codec Json, chunk by chunk in order of the keys.

    Decompressed by the zstd program, so what it accepts is what any tool accepts.
    """
    messages = []
    with tempfile.TemporaryDirectory() as folder:
        bucket.copy_to(folder)
        for path in sorted(pathlib.Path(folder).rglob("*.zst")):
            assert path.name.endswith(".ndjson.zst"), f"not of codec Json: {path.name}"
            lines = run(["zstd", "-dcq", str(path)]).split(b"\n")
            messages += [_to_stored(json.loads(line)) for line in lines if line]
    return messages


def _to_stored(record):
    payload = record["data"].encode() if "data" in record else b""
    if "data_base64" in record:
        payload = base64.b64decode(record["data_base64"], validate=True)
    headers = record.get("headers") or {}
    fields = tuple((name, value) for name, values in headers.items() for value in values)
    return Stored(record["seq"], parse_time(record["time"]), record["subject"], fields, payload)

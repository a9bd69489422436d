"""The REST API of nats3 as a user's script speaks it, and the nats3 command line."""

import email.message
import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from harness.wait import wait_for

ENDED = ("Success", "Failure")


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: email.message.Message

    @property
    def content_type(self):
        return self.headers.get_content_type()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """The text of an error answer, which is {"error": "..."} and nothing else."""
        body = self.json
        assert list(body) == ["error"], f"not an error body: {body}"
        return body["error"]


class RestError(AssertionError):
    def __init__(self, what, answer):
        super().__init__(f"{what}: {answer.status} {answer.body.decode(errors='replace')}")
        self.answer = answer


class Jobs:
    """The job routes of one kind: 'store', 'load' or 'verify'."""

    def __init__(self, rest, kind):
        self.rest = rest
        self.kind = kind

    def create(self, **spec):
        return self.rest.ok("POST", f"/{self.kind}/job", spec)

    def get(self, job_id):
        return self.rest.ok("GET", f"/{self.kind}/job?job_id={job_id}")

    def list(self):
        return self.rest.ok("GET", f"/{self.kind}/jobs")

    def pause(self, job_id):
        return self.rest.ok("POST", f"/{self.kind}/job/pause?job_id={job_id}")

    def resume(self, job_id):
        return self.rest.ok("POST", f"/{self.kind}/job/resume?job_id={job_id}")

    def remove(self, job_id):
        self.rest.ok("DELETE", f"/{self.kind}/job?job_id={job_id}")

    def wait(self, job_id, condition, seconds, what):
        """Returns the job once condition(job) is true; raises at once when it has failed instead."""
        last = {}

        def look():
            last.update(self.get(job_id))
            if condition(last):
                return True
            if last["status"] == "Failure":
                raise AssertionError(f"{self.kind} job failed: {last['last_error']}")
            return False

        wait_for(look, seconds, f"{self.kind} job: {what}", lambda: json.dumps(last))
        return last

    def wait_messages(self, job_id, count, seconds=120):
        """Until the job has archived or replayed so many messages (not just taken them)."""
        return self.wait(
            job_id, lambda job: job["progress"]["messages"] >= count, seconds, f"{count} messages"
        )

    def wait_ended(self, job_id, seconds=120):
        """Until the job is in Success or Failure, whichever."""
        ended = lambda: self.get(job_id)["status"] in ENDED  # noqa: E731
        wait_for(ended, seconds, f"{self.kind} job {job_id} to end")
        return self.get(job_id)

    def wait_status(self, job_id, status, seconds=120):
        return self.wait(job_id, lambda job: job["status"] == status, seconds, f"to be {status}")


class Rest:
    # Told of every answer: (method, address, status, headers, body, body that was sent or None).
    # The end-to-end tests hold it against docs/openapi.json here.
    observe = staticmethod(lambda *told: None)

    def __init__(self, url, base="/api/v1"):
        self.url = url
        self.base = base
        self.store = Jobs(self, "store")
        self.load = Jobs(self, "load")
        self.verify = Jobs(self, "verify")

    def call(
        self, method, path, body=None, content_type="application/json", seconds=60, headers=None
    ):
        """One request; any answer is an Answer. `body`: bytes as they are, else made JSON."""
        answer, data = self._answer(method, path, body, content_type, seconds, headers or {})
        self.observe(method, self.base + path, answer.status, answer.headers, answer.body, data)
        return answer

    def _answer(self, method, path, body, content_type, seconds, headers):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + self.base + path, data, headers, method=method)
        if data is not None and content_type:
            request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return Answer(answer.status, answer.read(), answer.headers), data
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), error.headers), data

    def ok(self, method, path, body=None):
        """One request that must succeed; its JSON, or None for an empty body."""
        answer = self.call(method, path, body)
        if answer.status != 200:
            raise RestError(f"{method} {path}", answer)
        return answer.json if answer.body else None

    def metrics(self):
        """Sample name with labels, as the text has it, to value."""
        text = self.call("GET", "/metrics").body.decode()
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


class Cli:
    """The command line, with a home folder of its own."""

    def __init__(self, program, home, server_url=None):
        self.program = str(program)
        self.environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": f"{home}/.config"}
        self.options = ["--server", server_url] if server_url else []

    def run(self, *arguments, text_in=""):
        return subprocess.run(
            [self.program, *self.options, *map(str, arguments)],
            input=text_in,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=120,
        )

    def json(self, *arguments):
        """Runs with --output json; the command must succeed and print one JSON value only."""
        done = self.run("--output", "json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

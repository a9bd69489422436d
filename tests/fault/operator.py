"""Pauses, resumes, deletes and makes jobs by the API, like a person who tries until it works."""

import contextlib
import queue
import threading
import time
import urllib.error

from harness.rest import RestError

_SECONDS = 15  # for one request
_LIMIT = 180  # for one wish, through whatever goes on meanwhile
_PAUSE = 0.25
_BACKLOG = 2  # wishes that wait for the one under way


class Operator(threading.Thread):
    """Does one thing after another; do() may be called from any thread."""

    def __init__(self, world):
        super().__init__(name="operator", daemon=True)
        self._world = world
        self._wishes = queue.Queue()
        self.problems = []
        self.recreated = set()  # streams whose store job isn't the first one

    def do(self, what, plan, seconds):
        """`what`: store-pause, store-recreate, load-pause; undone after so many seconds. False: there
        is too much left to do, and this is left out.
        """
        if self._wishes.qsize() >= _BACKLOG:
            return False
        self._wishes.put((what, plan, seconds))
        return True

    def finish(self, seconds):
        """Does what is still wished for, and ends."""
        self._wishes.put(None)
        self.join(seconds)
        if self.is_alive():
            self.problems.append(f"the API did not do within {seconds} s what was asked")

    def run(self):
        while wish := self._wishes.get():
            what, plan, seconds = wish
            try:
                getattr(self, "_" + what.replace("-", "_"))(plan, seconds)
            except AssertionError as problem:
                self.problems.append(f"{what} of {plan.name}: {problem}")

    def create(self, plan):
        """Both jobs of a plan."""
        self._make("store", plan)
        self._make("load", plan)

    def find(self, kind, plan):
        """The job, as any server that answers has it; None when there is none."""
        name = f"{kind}-{plan.name}"
        found = [job for job in self._list(kind) if job["name"] == name]
        if len(found) > 1:
            raise AssertionError(f"{len(found)} jobs are named {name}")
        return found[0] if found else None

    def _store_pause(self, plan, seconds):
        self._pause("store", plan, seconds)

    def _load_pause(self, plan, seconds):
        self._pause("load", plan, seconds)

    def _pause(self, kind, plan, seconds):
        self._bring(kind, plan, "pause", ("Paused",))
        time.sleep(seconds)  # the length of the pause: no wait for anything
        self._bring(kind, plan, "resume", ("Created", "Running"))

    def _store_recreate(self, plan, seconds):
        job = self._existing("store", plan)
        while job:  # the one found first may have been gone, and listed by a server that is cut off
            gone = lambda deleted=job["id"]: deleted not in self._ids("store")  # noqa: E731
            path = f"/store/job?job_id={job['id']}"
            self._until(gone, "DELETE", lambda path=path: path)
            job = self.find("store", plan)
        time.sleep(seconds)
        self.recreated.add(plan.name)
        self._make("store", plan)

    def _make(self, kind, plan):
        specs = {"store": plan.store_spec, "load": plan.load_spec}
        there = lambda: self.find(kind, plan) is not None  # noqa: E731
        self._until(there, "POST", lambda: f"/{kind}/job", specs[kind](self._world.bucket_name))

    def _bring(self, kind, plan, verb, wanted):
        job = lambda: self._existing(kind, plan)  # noqa: E731
        reached = lambda: job()["status"] in wanted  # noqa: E731
        self._until(reached, "POST", lambda: f"/{kind}/job/{verb}?job_id={job()['id']}")

    def _existing(self, kind, plan):
        """A job that was made: a server that is cut off doesn't know of it yet."""
        deadline = time.monotonic() + _LIMIT
        while not (job := self.find(kind, plan)):
            if time.monotonic() > deadline:
                raise AssertionError(f"the {kind} job of {plan.name} is not there after {_LIMIT} s")
            time.sleep(_PAUSE)
        return job

    def _until(self, reached, method, path_now, body=None):
        """Sends a request until it was done: an answer may be lost, or tell of trouble. A server that
        is cut off tells of jobs as they were, so what it says counts only once a server has done the
        request, or found it done; and the job that it names may be gone, so the path is asked for
        each time.
        """
        deadline = time.monotonic() + _LIMIT
        good = (200, 404, 409) if method == "DELETE" else (200, 409)
        last, done = "no server answers", False
        while not (done and reached()):
            if time.monotonic() > deadline:
                raise AssertionError(f"{method} {path_now()} did not work in {_LIMIT} s: {last}")
            path = path_now()
            for rest in self._world.rests():
                try:
                    answer = rest.call(method, path, body, seconds=_SECONDS)
                except (OSError, urllib.error.URLError) as error:
                    last = str(error)
                    continue
                last = f"{answer.status} {answer.body.decode(errors='replace')}"
                done = done or answer.status in good
                if done:
                    break
            time.sleep(_PAUSE)

    def _list(self, kind):
        return self._ask(lambda rest: rest.ok("GET", f"/{kind}/jobs"), f"list of {kind} jobs")

    def _ids(self, kind):
        return [job["id"] for job in self._list(kind)]

    def _ask(self, question, what):
        deadline = time.monotonic() + _LIMIT
        while time.monotonic() < deadline:
            for rest in self._world.rests():
                with contextlib.suppress(OSError, urllib.error.URLError, RestError):
                    return question(rest)
            time.sleep(_PAUSE)
        raise AssertionError(f"no server answered in {_LIMIT} s: {what}")

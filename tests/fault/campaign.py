"""One campaign: start, publish under faults, heal, wait, judge."""

import json
import re
import time

from fault import judge, report
from fault.faults import Injector
from fault.operator import Operator
from fault.schedule import make_schedule
from fault.workload import PLANS, Publisher
from fault.world import World
from harness.bucket import chunk_keys
from harness.bucket import run as run_program
from harness.nats import NatsError
from harness.wait import Timeout, wait_for

_SANITIZER = re.compile(r"(AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:).*")


class Campaign:
    """`options`: seconds, seed, servers, store, window, rate, settle; `mounts`: whether it may."""

    def __init__(self, folder, options, mounts):
        self.folder = folder
        self.options = options
        self.world = World(folder, options.seed, options.servers, options.store, mounts)
        self.operator = Operator(self.world)
        self.injector = Injector(self.world, self.operator, self.note)
        self.publishers = {}
        self.problems = []
        self.history = []
        self._began = time.monotonic()
        self._ended = set()  # servers that ended by themselves

    def note(self, text):
        """Into the history, which stays in the folder as well."""
        line = f"{time.monotonic() - self._began:8.2f} s  {text}"
        self.history.append(line)
        with open(self.folder / "history.txt", "a") as file:
            file.write(line + "\n")

    def run(self):
        """Returns the verdicts; problems that concern no stream are in `problems`."""
        options = self.options
        schedule = make_schedule(options.seed, options.seconds, options.servers, options.store)
        self.world.start()
        self._add_streams()
        self.operator.start()
        for plan in PLANS:
            self.publishers[plan.name].start()
        self._began = time.monotonic()
        self.note(f"publishing begins; {len(schedule)} faults to come")
        self.injector.run(schedule, self._watch)
        self.injector.heal()
        self.note("all is healed")
        counts = {plan.name: self.publishers[plan.name].stop(60) for plan in PLANS}
        self.operator.finish(options.settle)
        self.note("publishing is over: " + ", ".join(f"{n} {c}" for n, c in counts.items()))
        settled = self._settle(counts)
        archives = judge.read_bucket(self.world.bucket)
        verdicts = [self._judge(plan, counts[plan.name], archives[plan.name]) for plan in PLANS]
        if settled:
            self._check_counts(verdicts, archives)
        self._check_leftovers()
        self._check_servers()
        self.problems += self.injector.problems + self.operator.problems
        return verdicts

    def keep_evidence(self):
        """Copies the bucket and nats3's own records into the folder, for whoever looks for causes."""
        self.world.bucket.copy_to(self.folder / "bucket")
        stream = self.world.stream()
        with open(self.folder / "records.txt", "w") as file:
            for name in ("KV_NATS3", "KV_NATS3_LEASES"):
                for message in stream.read(name):
                    text = message.payload.decode(errors="replace")
                    file.write(f"{message.sequence} {message.subject} {text}\n")
            for plan in PLANS:
                file.write(f"{plan.name} {json.dumps(stream.consumers(plan.name))}\n")
        stream.client.close()

    def close(self):
        self.world.close()

    def _add_streams(self):
        options = self.options
        stream = self.world.stream()
        for plan in PLANS:
            stream.add_stream(plan.name, [f"{plan.root}.>"], retention=plan.retention)
            window = {"duplicate_window": int(options.window * 1e9)} if options.window else {}
            stream.add_stream(plan.target, [f"copy.{plan.root}.>"], **window)
            self.operator.create(plan)
            rate = max(1, options.rate // len(PLANS))
            self.publishers[plan.name] = Publisher(self.world.nats, plan, options.seed, rate)
        # Without a consumer an interest stream keeps nothing.
        for plan in PLANS:
            wait_for(lambda: stream.consumers(plan.name), 60, f"a consumer of {plan.name}")
        stream.client.close()

    def _watch(self):
        """A server that ended although nobody killed it."""
        for number, server in enumerate(self.world.servers):
            child = server.process.child
            if child.poll() not in (None, -9) and number not in self._ended:
                self._ended.add(number)
                self.note(f"nats3-{number} ENDED BY ITSELF with status {child.poll()}")
                self.problems.append(f"nats3-{number} ended by itself, status {child.poll()}")

    def _settle(self, counts):
        """Until everything has arrived everywhere and the API says so; what hasn't in time is a
        problem. Returns whether it has.
        """
        left = ["nothing looked at yet"]

        def arrived():
            try:
                left[:] = self._missing(counts)
            except (NatsError, OSError) as error:
                left[:] = [str(error)]
            return not left

        try:
            wait_for(arrived, self.options.settle, "the jobs to catch up", interval=0.5)
            self.note("all jobs have caught up")
            return True
        except Timeout:
            self.note("the jobs do not catch up")
            self.problems += [f"not in {self.options.settle:g} s: {what}" for what in left]
            return False

    def _missing(self, counts):
        stream = self.world.stream()
        missing = []
        for plan in PLANS:
            count = counts[plan.name]
            jobs = self.operator.find("store", plan), self.operator.find("load", plan)
            missing += [f"{plan.name}: {wrong}" for wrong in judge.claims(count, *jobs)]
            if stream.state(plan.target)["messages"] < count:
                missing.append(f"{plan.name}: {stream.state(plan.target)['messages']} of {count} came")
        deleted = [plan.name for plan in PLANS if plan.delete_chunks]
        for key in chunk_keys(self.world.bucket):
            if key.split("/")[0] in deleted:
                missing.append(f"{key} is replayed and still there")
        stream.client.close()
        return missing

    def _judge(self, plan, count, archive):
        stream = self.world.stream()
        source = list(stream.read(plan.name)) if plan.retention == "limits" else None
        target = list(stream.read(plan.target))
        stream.client.close()
        verdict = judge.judge_stream(plan, self.options.seed, count, archive, source, target)
        if judge.refused_by(self.world.nats.process.log(), plan.target):
            judge.excuse_order(verdict)
        for before, after in self.publishers[plan.name].lost_by_server:
            lost = f"nats-server went back from sequence {before}, which it had, to {after}"
            verdict.problems.append(lost)
        return verdict

    def _check_counts(self, verdicts, archives):
        """What a store job says that it archived, where one and the same job did all of it."""
        for verdict in verdicts:
            plan = verdict.plan
            if plan.name not in self.operator.recreated:
                archived = archives[plan.name].messages
                in_bucket = verdict.published if plan.delete_chunks else len(archived)
                said = self.operator.find("store", plan)["progress"]["messages"]
                if said != in_bucket:
                    wrong = f"the store job says messages {said}; {in_bucket} are in the bucket"
                    verdict.problems.append(wrong)

    def _check_leftovers(self):
        """What a killed server left half written goes when a server starts, once it is old."""
        if self.options.store == "s3":
            account, name = self.world.bucket.account, self.world.bucket.name
            uploads = run_program(account.s3cmd("multipart", f"s3://{name}")).decode()
            left = [line for line in uploads.splitlines() if line.startswith("20")]
            self.problems += [f"an upload was left behind: {line}" for line in left]
            return
        self.world.age_temporary_files()
        server = self.world.servers[0]
        server.kill()
        server.start()
        try:
            gone = lambda: not self.world.temporary_files()  # noqa: E731
            wait_for(gone, 60, "temporary files to go", lambda: str(self.world.temporary_files()))
        except Timeout as problem:
            self.problems.append(str(problem))

    def _check_servers(self):
        self._watch()
        for server in self.world.servers:
            for finding in _SANITIZER.finditer(server.process.log()):
                self.problems.append(f"{server.folder.name}: {finding.group(0)}")

    def report(self, verdicts):
        """Prints the tables, and what is wrong; returns whether all is well."""
        injector = self.injector
        problems = report.problems_of(verdicts) + self.problems
        print(report.streams_table(verdicts))
        print()
        print(report.faults_table(injector.counts, injector.impossible))
        for problem in problems:
            print(f"PROBLEM: {problem}")
        print(report.summary(verdicts, injector.counts, problems))
        return not problems

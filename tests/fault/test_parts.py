"""The campaign's own parts: a blind judge or a mild proxy would pass everything."""

import contextlib
import dataclasses
import http.client
import http.server
import socket
import threading
import types

import pytest
from fault import judge, report
from fault.loop import LoopThread
from fault.operator import Operator
from fault.s3_proxy import S3Proxy, Toxic
from fault.schedule import kinds_for, make_schedule
from fault.tcp_proxy import TcpProxy
from fault.workload import PLANS, stored
from harness.jetstream import Stored, format_time

SEED = 7
COUNT = 50
LIMITS, INTEREST, _, DELETED = PLANS


def test_a_schedule_depends_on_its_options_alone():
    for store in ("file", "s3"):
        first = make_schedule(SEED, 120, 3, store)
        assert first == make_schedule(SEED, 120, 3, store)
        assert first != make_schedule(SEED + 1, 120, 3, store)


@pytest.mark.parametrize("store", ["file", "s3"])
def test_a_schedule_has_every_kind_and_none_on_what_is_busy(store):
    schedule = make_schedule(SEED, 180, 3, store)
    assert {fault.kind for fault in schedule} == {kind.name for kind in kinds_for(store)}
    until = {}
    for fault in schedule:
        assert until.get(fault.target, 0) <= fault.at
        until[fault.target] = fault.at + fault.seconds
        assert until[fault.target] <= 180


def test_messages_depend_on_seed_stream_and_sequence():
    assert list(stored(SEED, LIMITS, 20)) == list(stored(SEED, LIMITS, 20))
    assert list(stored(SEED, LIMITS, 20)) != list(stored(SEED + 1, LIMITS, 20))
    assert list(stored(SEED, LIMITS, 20)) != list(stored(SEED, DELETED, 20))


def source_of(plan):
    return [dataclasses.replace(m, time_ns=10**18 + m.sequence) for m in stored(SEED, plan, COUNT)]


def copy_of(plan, original, sequence):
    """A message as a load leaves it in the target."""
    fields = []
    for name, value in original.headers:
        own = name in ("Nats-Msg-Id", "Nats-Expected-Last-Sequence")
        fields.append((name.replace("Nats-", "Nats3-", 1) if own else name, value))
    fields += [
        ("Nats-Msg-Id", f"job:epoch:{original.sequence}"),
        ("Nats3-Stream", plan.name),
        ("Nats3-Sequence", str(original.sequence)),
        ("Nats3-Time", format_time(original.time_ns)),
    ]
    subject = f"copy.{original.subject}"
    return Stored(sequence, 0, subject, tuple(fields), original.payload)


def judged(plan, archived=None, source=None, target=None, epochs=("e",)):
    own = source_of(plan)
    copies = [copy_of(plan, m, m.sequence) for m in own]
    archive = judge.Archive(own if archived is None else archived, set(epochs), [])
    source = own if source is None and plan.retention == "limits" else source
    target = copies if target is None else target
    return judge.judge_stream(plan, SEED, COUNT, archive, source, target)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_the_judge_finds_nothing_where_nothing_is_wrong(plan):
    verdict = judged(plan)
    assert verdict.good, report.problems_of([verdict])


def test_the_judge_sees_each_damage_in_the_bucket():
    own = source_of(LIMITS)
    assert judged(LIMITS, archived=own[:-1]).archived.lost == 1
    assert judged(LIMITS, archived=own + own[:1]).archived.doubled == 1
    changed = [dataclasses.replace(own[0], payload=b"other"), *own[1:]]
    assert judged(LIMITS, archived=changed).archived.different == 1
    late = [dataclasses.replace(own[0], time_ns=1), *own[1:]]
    assert judged(LIMITS, archived=late).archived.different == 1
    assert not judged(LIMITS, epochs=("e", "f")).good
    assert not judged(LIMITS, source=own[:-1]).good


def test_a_message_may_be_again_in_the_bucket_only_where_it_is_acknowledged():
    own = source_of(INTEREST)
    verdict = judged(INTEREST, archived=own + own[:3])
    assert verdict.good and verdict.again == 3
    other = dataclasses.replace(own[0], payload=b"other")
    assert not judged(INTEREST, archived=own + [other]).good
    assert judged(INTEREST, archived=own[1:]).archived.lost == 1


def test_the_judge_sees_each_damage_in_the_target():
    copies = [copy_of(LIMITS, m, m.sequence) for m in source_of(LIMITS)]
    assert judged(LIMITS, target=copies[1:]).replayed.lost == 1
    assert judged(LIMITS, target=copies + copies[:1]).replayed.doubled == 1
    assert judged(LIMITS, target=copies[1::-1] + copies[2:]).replayed.out_of_order == 1
    bare = [dataclasses.replace(copies[0], headers=copies[0].headers[-4:]), *copies[1:]]
    assert judged(LIMITS, target=bare).replayed.different == 1


def test_only_a_target_that_refused_messages_may_have_them_late():
    copies = [copy_of(LIMITS, m, m.sequence) for m in source_of(LIMITS)]
    log = "[ERR] JetStream failed to store a msg on stream '$G > LIMITS-COPY': no space left on device"
    assert judge.refused_by(log, "LIMITS-COPY") and not judge.refused_by(log, "LIMITS")
    verdict = judged(LIMITS, target=copies[1::-1] + copies[2:-1])
    judge.excuse_order(verdict)
    assert (verdict.refused, verdict.replayed.out_of_order, verdict.replayed.lost) == (1, 0, 1)
    assert "1 stored late by a full disk" in report.summary([verdict], {}, [])


def test_chunks_that_were_replayed_may_be_gone():
    own = source_of(DELETED)
    assert judged(DELETED, archived=[]).good
    assert judged(DELETED, archived=own[:2] * 2).archived.doubled == 2


def test_claims_are_compared():
    progress = {"last_sequence": 5, "lag": 0, "oldest_unarchived": None, "messages": 5}
    job = {"status": "Running", "last_error": None, "progress": progress}
    assert judge.claims(5, job, job) == []
    assert len(judge.claims(6, job, job)) == 3  # two last sequences, the load's messages
    assert judge.claims(5, None, job) == ["there is no store job"]
    assert len(judge.claims(5, {**job, "status": "Failure", "last_error": "x"}, job)) == 2


class FewJobs:
    """A server of store jobs. Its first lists of jobs are `stale`."""

    def __init__(self, jobs, stale):
        self.jobs = jobs
        self.stale = stale
        self.deleted = []

    def rests(self):
        return [self]

    def ok(self, _method, _path):
        return self.stale.pop(0) if self.stale else list(self.jobs)

    def call(self, method, path, body=None, seconds=0):
        del seconds
        before = len(self.jobs)
        if method == "DELETE":
            self.deleted.append(path.split("=")[1])
            self.jobs = [job for job in self.jobs if job["id"] != self.deleted[-1]]
            return types.SimpleNamespace(status=200 if len(self.jobs) < before else 404, body=b"")
        if body is None:
            return self._change(*path.split("/")[-1].split("?job_id="))
        self.jobs.append({"id": "new", "name": body["name"]})
        return types.SimpleNamespace(status=200, body=b"")

    def _change(self, verb, id):
        for job in self.jobs:
            if job["id"] == id:
                job["status"] = {"pause": "Paused", "resume": "Running"}[verb]
                return types.SimpleNamespace(status=200, body=b"")
        return types.SimpleNamespace(status=404, body=b"")


def test_the_operator_deletes_the_job_there_is_though_a_stale_list_names_an_older_one():
    older, there = ({"id": id, "name": f"store-{LIMITS.name}"} for id in ("older", "there"))
    world = FewJobs([there], stale=[[older]])
    world.bucket_name = "b"
    operator = Operator(world)
    operator._store_recreate(LIMITS, 0)
    assert world.deleted == ["older", "there"]
    assert [job["id"] for job in world.jobs] == ["new"]


def test_the_operator_pauses_the_job_there_is_though_a_stale_list_names_an_older_one():
    older, there = (
        {"id": id, "name": f"store-{LIMITS.name}", "status": "Running"} for id in ("older", "there")
    )
    operator = Operator(FewJobs([there], stale=[[older]]))
    operator._bring("store", LIMITS, "pause", ("Paused",))
    assert there["status"] == "Paused" and older["status"] == "Running"


# The proxies, in front of a server that counts what it was asked.


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        self.bodies = []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # the proxies cut connections: that is what is tested


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 1000)

    do_GET = do_PUT

    def log_message(self, *_):
        pass


@pytest.fixture
def loop():
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def proxy(loop, server):
    made = S3Proxy(loop, server.server_port, SEED)
    yield made
    made.close()


def ask(proxy, target="/bucket/key", method="PUT", seconds=10):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=seconds)
    try:
        connection.request(method, target, b"body")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_s3_proxy_passes_what_is_well(proxy, server):
    assert ask(proxy) == (200, b"x" * 1000)
    assert server.bodies == [b"body"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_s3_proxy_answers_in_the_servers_place(proxy, server, status):
    proxy.toxic = Toxic("status", 1.0, status)
    assert ask(proxy)[0] == status
    assert server.bodies == []
    proxy.heal()
    assert ask(proxy)[0] == 200


@pytest.mark.parametrize("kind", ["lose", "halve"])
def test_the_s3_proxy_spoils_the_answer_of_what_was_done(proxy, server, kind):
    proxy.toxic = Toxic(kind)
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(proxy)
    assert server.bodies == [b"body"]


def test_the_s3_proxy_puts_an_error_into_200_only_where_s3_does(proxy, server):
    proxy.toxic = Toxic("error_body")
    assert ask(proxy) == (200, b"x" * 1000)
    status, body = ask(proxy, "/bucket?list-type=2", "GET")
    assert status == 200 and b"<Error>" in body
    assert len(server.bodies) == 1


def test_the_s3_proxy_hangs(proxy, server):
    proxy.toxic = Toxic("hang")
    with pytest.raises(TimeoutError):
        ask(proxy, seconds=0.3)
    assert server.bodies == []


@pytest.fixture
def echo(loop):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=[connection], daemon=True).start()

    def answer(connection):
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(1000):
                connection.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    proxy = TcpProxy(loop, listener.getsockname()[1])
    yield proxy
    proxy.close()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def connect(proxy, seconds=10):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=seconds)


def test_the_tcp_proxy_passes_cuts_and_refuses(echo):
    with connect(echo) as client:
        client.sendall(b"one")
        assert client.recv(10) == b"one"
        assert echo.cut() == 1
        with pytest.raises(ConnectionResetError):
            client.recv(10)
    echo.refusing = True
    with pytest.raises(ConnectionResetError), connect(echo) as client:
        client.recv(10)


def test_the_tcp_proxy_stalls_and_goes_on(echo):
    with connect(echo, 0.3) as client:
        echo.stalled = True
        client.sendall(b"two")
        with pytest.raises(TimeoutError):
            client.recv(10)
        echo.heal()
        client.settimeout(10)
        assert client.recv(10) == b"two"


def test_a_half_open_connection_stays_silent(echo):
    with connect(echo, 0.3) as client:
        client.sendall(b"one")
        assert client.recv(10) == b"one"
        assert echo.half_open() == 1
        client.sendall(b"two")
        with pytest.raises(TimeoutError):
            client.recv(10)
    with connect(echo) as client:
        client.sendall(b"new ones work")
        assert client.recv(20) == b"new ones work"

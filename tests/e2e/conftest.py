"""The servers of each end-to-end test: its own nats-server and nats3, a bucket of its own."""

import pathlib
import re
import uuid

import pytest
from harness import openapi
from harness.bucket import bucket_of
from harness.jetstream import JetStream
from harness.rest import Rest
from harness.servers import CephGateway, NatsServer, Nats3Server

# An answer that docs/openapi.json doesn't describe fails whatever test got it.
Rest.observe = staticmethod(openapi.check)


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="the long forms: more messages, crashes")


@pytest.fixture
def long(request):
    return request.config.getoption("--long")


@pytest.fixture
def nats(tmp_path):
    server = NatsServer(tmp_path / "nats")
    yield server.start()
    server.close()


@pytest.fixture
def stream(nats):
    """JetStream over a connection of the test's own."""
    with nats.connect() as client:
        yield JetStream(client)


@pytest.fixture(scope="session")
def ceph(tmp_path_factory):
    """The account of the gateway that ./x test started, or of one of this session's own."""
    account = CephGateway.from_environment()
    if account:
        yield account
        return
    gateway = CephGateway(tmp_path_factory.mktemp("ceph"))
    yield gateway.start().account
    gateway.close()


@pytest.fixture
def file_root(tmp_path):
    return tmp_path / "objects"


@pytest.fixture(params=["file", "ceph"])
def s3(request):
    """A test that takes this runs on a folder and on Ceph's gateway."""
    return request.getfixturevalue("file_root" if request.param == "file" else "ceph")


@pytest.fixture
def bucket_name(request):
    """A new one for each test: the gateway is everybody's."""
    test = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:40].strip("-")
    return f"{test}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def servers(tmp_path):
    """Makes nats3 servers that end with the test: servers(nats_url, s3)."""
    made = []

    def make(nats_url, s3, **options):
        made.append(Nats3Server(tmp_path / f"nats3-{len(made)}", nats_url, s3, **options))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def server(nats, s3, servers):
    return servers(nats.url, s3).start()


@pytest.fixture
def file_server(nats, file_root, servers):
    """A server with a file store, for what does not depend on the store."""
    return servers(nats.url, file_root).start()


@pytest.fixture
def rest(server):
    return Rest(server.url)


@pytest.fixture
def file_rest(file_server):
    return Rest(file_server.url)


@pytest.fixture
def bucket(s3, bucket_name):
    return bucket_of(s3, bucket_name)


@pytest.fixture
def file_bucket(file_root, bucket_name):
    return bucket_of(pathlib.Path(file_root), bucket_name)


# A test that waits asks often: what happened isn't among the last lines then.
ASKED = re.compile(r" debug \S+ GET /")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of its servers' logs."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for name in ("nats", "servers"):
            fixture = item.funcargs.get(name)
            if name == "nats" and fixture:
                report.sections.append(("nats-server", fixture.process.log_tail(15)))
        folder = item.funcargs.get("tmp_path")
        for log in sorted(folder.glob("nats3-*/nats3.log")) if folder else []:
            lines = log.read_text(errors="replace").splitlines()
            lines = [line for line in lines if not ASKED.search(line)]
            report.sections.append((str(log), "\n".join(lines[-40:])))

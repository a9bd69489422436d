"""The container image without a container engine: the Dockerfile's steps in a root of Debian's, and
the server in it as its users have it. The compose files agree with it."""

import dataclasses
import json
import pathlib
import re
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from harness.bucket import S3Account, bucket_of
from harness.dockerfile import parse
from harness.image import Container, ImageRoot
from harness.process import ROOT, free_port
from harness.rest import Rest
from harness.servers import nats3_program
from harness.wait import wait_for
from workload import publish

CONFIG = "/etc/nats3/config.toml"
ARCHIVES = "/var/lib/nats3"
MESSAGES = 200
STOPPING = "stopping: Terminated"  # in the log
# The C library is in every root; Debian's packages don't name it either.
ESSENTIAL = {"libc6", "libgcc-s1"}


@pytest.fixture
def stages():
    return parse((ROOT / "Dockerfile").read_text())


@pytest.fixture
def runtime(stages):
    return stages[-1]


@pytest.fixture
def image(runtime, tmp_path):
    artifacts = {"/src/build/release/nats3": nats3_program()}
    root = ImageRoot(tmp_path / "root", runtime, artifacts)
    yield root
    root.close()


@pytest.fixture
def container(image, tmp_path):
    """Not started yet. Its port is told as a user would: by the variable, for HEALTHCHECK too."""
    made = Container(
        image, tmp_path / "nats3-image/nats3.log", {"NATS3_SERVER_ADDR": f"127.0.0.1:{free_port()}"}
    )
    yield made
    made.close()


def config_of(nats, store):
    if store == ARCHIVES:
        s3 = f'endpoint = "file:{store}"\n'
    else:
        s3 = f'endpoint = "{store.endpoint}"\n'
        s3 += f'access = "{store.access}"\nsecret = "{store.secret}"\n'
    return f'log = "debug"\n[nats]\nurl = "{nats.url}"\n[s3]\n{s3}'


def packages_named(stage):
    """What the stage's RUN steps install."""
    text = " ".join(each.value for each in stage.instructions if each.word == "RUN")
    (installed,) = re.findall(r"apt-get install ([^&;|]*)", text)
    return {word for word in installed.split() if not word.startswith("-")}


def check_libraries(image, named):
    """Nothing that the program links to is missing, and nothing else is installed."""
    linked = image_output(image, ["ldd", "/usr/local/bin/nats3"])
    assert "not found" not in linked, linked
    path_of = dict(re.findall(r"^\s*(\S+) => (\S+) ", linked, re.MULTILINE))
    dynamic = subprocess.check_output(["readelf", "-d", nats3_program()], text=True)
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    patterns = [f"*/{pathlib.Path(path_of[name]).name}" for name in needed]
    owners = image_output(image, ["dpkg-query", "-S", *patterns])
    assert named - {"ca-certificates"} == set(re.findall(r"^([^:]+)", owners, re.M)) - ESSENTIAL


def image_output(image, words):
    return subprocess.check_output(image.command(words, "0:0"), text=True)


def check_answers(container, rest, runtime):
    """Ready, healthy, not root, and process 1 of its own."""
    wait_for(
        lambda: is_ready(rest), 60, "the server in the root to be ready", container.process.log_tail
    )
    assert rest.call("GET", "/ping").body == b"pong"
    assert health(container, runtime).returncode == 0
    if container.root.isolated:
        assert container.status("NSpid")[-1] == "1"
    assert "0" not in container.status("Uid") + container.status("Gid")
    assert int(container.status("CapEff")[0], 16) == 0


def is_ready(rest):
    try:
        return rest.call("GET", "/ready").status == 200
    except OSError:
        return False


def health(container, runtime):
    check = runtime.last("HEALTHCHECK")
    assert check.value.startswith("CMD ")
    command = dataclasses.replace(check, value=check.value.removeprefix("CMD "))
    return container.execute(command.exec_form())


def check_archives(container, rest, url, bucket):
    """A job made by the command line inside archives what is there."""
    made = container.execute(
        ["nats3", "--server", url, "--output", "json", "store", "create", "--name", "image"]
        + ["--stream", "WORK", "--subject", "work.>", "--bucket", bucket.name]
        + ["--batch-max-wait", "100ms"]
    )
    assert made.returncode == 0, made.stderr
    job_id = json.loads(made.stdout)["id"]
    rest.store.wait_messages(job_id, MESSAGES)
    assert bucket.keys()
    return job_id


def check_second_signal(container, rest, nats, bucket_name):
    """Process 1 is spared the default action of signals; a second SIGTERM still ends it at once."""
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor() as pool:
        silent.settimeout(60)
        store = S3Account(f"http://127.0.0.1:{silent.getsockname()[1]}", "test-user", "secret")
        container.root.path(CONFIG).write_text(config_of(nats, store))
        container.start()
        wait_for(lambda: is_ready(rest), 60, "the server to be ready", container.process.log_tail)
        spec = {"name": "image", "stream": "WORK", "subject": "work.>", "bucket": bucket_name}
        pool.submit(rest.call, "POST", "/store/job", spec)
        with silent.accept()[0]:  # the bucket is asked for, and there is no answer
            stops = container.process.log().count(STOPPING)
            container.send(signal.SIGTERM)
            wait_for(lambda: container.process.log().count(STOPPING) > stops, 60, STOPPING)
            assert container.stop() == 128 + signal.SIGTERM


def test_the_image(image, container, runtime, nats, stream, ceph, bucket_name):
    image.build()
    check_libraries(image, packages_named(runtime))
    assert runtime.last("STOPSIGNAL").value == "SIGTERM"
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", MESSAGES)
    url = f"http://{container.env['NATS3_SERVER_ADDR']}"
    rest = Rest(url)
    # First a folder in the root, then S3: the jobs are NATS', and one of a store before would wait.
    for store, bucket in (
        (ARCHIVES, bucket_of(image.path(ARCHIVES), bucket_name)),
        (ceph, bucket_of(ceph, bucket_name + "-s3")),
    ):
        image.path(CONFIG).write_text(config_of(nats, store))
        assert health(container, runtime).returncode != 0
        container.start()
        check_answers(container, rest, runtime)
        rest.store.remove(check_archives(container, rest, url, bucket))
        assert container.stop() == 0, container.process.log_tail()
    check_second_signal(container, rest, nats, bucket_name)


def test_the_build_stage_builds_as_everybody_does(stages):
    """Its packages are those of tools/packages.txt, its build is ./x build: no second list."""
    build = stages[0]
    assert (len(stages), build.base, build.name) == (2, stages[1].base, "build")
    steps = [each.value for each in build.instructions if each.word == "RUN"]
    assert steps[0] == "bash -c 'source tools/lib.sh && need build'"
    assert steps[1].startswith("./x build release nats3 &&")
    assert not [step for step in steps if "apt" in step]
    for path in re.findall(r"tools/\S+", " ".join(each.value for each in build.instructions)):
        assert (ROOT / path.rstrip("'")).exists()


def test_what_git_ignores_is_not_sent_to_the_build():
    ignored = set((ROOT / ".dockerignore").read_text().splitlines())
    for line in (ROOT / ".gitignore").read_text().split():
        folder = line.rstrip("/")
        assert folder in ignored or f"**/{folder}" in ignored


def test_what_is_compiled_in_is_sent_to_the_build():
    ignored = set((ROOT / ".dockerignore").read_text().splitlines())
    cmake = (ROOT / "src/api/CMakeLists.txt").read_text()
    embedded = re.findall(r"FILE \$\{CMAKE_SOURCE_DIR\}(/docs/\S+)", cmake)
    assert embedded
    assert {f"!{path}" for path in embedded} <= ignored


def compose(path):
    """The services of a compose file, whose volumes are all declared or paths."""
    loaded = yaml.safe_load((ROOT / path).read_text())
    for service in loaded["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith("./") or source in loaded["volumes"]
        for other in service.get("depends_on", {}):
            # Waiting for a service to be healthy wants something that says so.
            assert "healthcheck" in loaded["services"][other]
    return loaded["services"]


def described(environment, *options):
    """What nats3 says of a configuration that it takes."""
    command = [nats3_program(), "serve", "--check", *options]
    return subprocess.check_output(command, env=environment, text=True)


def ports_inside(service):
    return {str(port).rsplit(":", 1)[-1] for port in service["ports"]}


def test_the_compose_file_fits_the_image(runtime):
    services = compose("docker-compose.yaml")
    assert list(services) == ["nats3"]
    nats3 = services["nats3"]
    assert nats3["ports"] == ["127.0.0.1:8080:8080"]
    assert ports_inside(nats3) == {runtime.last("EXPOSE").value}
    assert nats3["volumes"] == [f"./config.toml:{CONFIG}:ro"]


def test_the_compose_example_fits_the_image(runtime):
    services = compose("examples/docker-compose.yaml")
    assert set(services) == {"nats", "minio", "nats3"}
    nats3 = services["nats3"]
    assert ports_inside(nats3) == {runtime.last("EXPOSE").value}
    assert set(nats3["depends_on"]) == {"nats", "minio"}
    assert (ROOT / "examples" / nats3["build"] / "Dockerfile").samefile(ROOT / "Dockerfile")
    environment = nats3["environment"]
    assert environment["NATS3_NATS_URL"] == "nats://nats:4222"
    minio = services["minio"]["environment"]
    assert environment["NATS3_S3_ACCESS"] == minio["MINIO_ROOT_USER"]
    assert environment["NATS3_S3_SECRET"] == minio["MINIO_ROOT_PASSWORD"]
    assert "s3.endpoint = http://minio:9000" in described(environment)


@pytest.mark.parametrize("path", ["examples/config.toml", "examples/config.yaml"])
def test_the_example_configurations_hold(path):
    assert "s3.endpoint = http://localhost:9000" in described({}, "--config", ROOT / path)


def test_the_kubernetes_example_fits_the_image(runtime):
    parts = list(yaml.safe_load_all((ROOT / "examples/kubernetes.yaml").read_text()))
    deployment = next(part for part in parts if part["kind"] == "Deployment")["spec"]
    service = next(part for part in parts if part["kind"] == "Service")["spec"]
    account = next(part for part in parts if part["kind"] == "ServiceAccount")["metadata"]
    pod = deployment["template"]
    (container,) = pod["spec"]["containers"]

    (port,) = container["ports"]
    assert str(port["containerPort"]) == runtime.last("EXPOSE").value
    assert {service["ports"][0]["targetPort"]} == {port["name"]}
    assert service["selector"] == deployment["selector"]["matchLabels"] == pod["metadata"]["labels"]
    assert pod["spec"]["serviceAccountName"] == account["name"]
    user = pod["spec"]["securityContext"]["runAsUser"]
    assert runtime.last("USER").value == f"{user}:{user}"
    # What Kubernetes itself sets for a service of this name is no key, and no mistake either.
    secret = "from a secret"
    environment = {each["name"]: each.get("value", secret) for each in container["env"]}
    environment |= {"NATS3_PORT": "tcp://10.0.0.1:8080", "NATS3_SERVICE_HOST": "10.0.0.1"}
    command = [nats3_program(), "serve", "--check"]
    checked = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "sets nothing" not in checked.stdout + checked.stderr
    expected = {"nats.replicas = 3", "s3.credentials = aws", "server.user = operator"}
    assert expected <= set(checked.stdout.splitlines())

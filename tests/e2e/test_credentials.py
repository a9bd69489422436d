"""Keys for S3 that others give out, for a while: by Ceph's own STS, for Ceph's S3."""

import datetime
import uuid

import pytest
from harness.bucket import S3WithoutKeys, run
from harness.rest import Rest
from harness.servers import CephGateway
from harness.sts import LocalServer, OidcIssuer, Sts
from harness.wait import wait_for
from workload import add_target, check_same, load_spec, publish, replayed, store_spec

COUNT = 2000


@pytest.fixture(scope="module")
def ceph(tmp_path_factory):
    """One of its own: the others' has no STS."""
    gateway = CephGateway(tmp_path_factory.mktemp("ceph-sts"), sts=True)
    yield gateway.start().account
    gateway.close()


@pytest.fixture
def sts(ceph):
    return Sts(ceph)


@pytest.fixture
def role(sts, ceph, bucket_name):
    """Makes a role of the test's bucket: role(whom it trusts, how that takes it on)."""
    run(ceph.s3cmd("mb", f"s3://{bucket_name}"))
    return lambda trust, action: sts.add_role(uuid.uuid4().hex, bucket_name, trust, action)


@pytest.fixture
def users_role(role):
    return role({"AWS": ["arn:aws:iam:::user/test"]}, "AssumeRole")


@pytest.fixture
def issuer(tmp_path):
    made = OidcIssuer(tmp_path)
    yield made
    made.close()


@pytest.fixture
def serve(nats, ceph, servers):
    """Starts a server that finds its keys by these variables."""

    def start(**variables):
        server = servers(nats.url, S3WithoutKeys(ceph.endpoint, variables))
        return server.start()

    return start


def error_of_creating(rest, bucket_name):
    """"" once the job is made."""
    answer = rest.call("POST", "/store/job", store_spec(bucket_name))
    assert answer.status in (200, 403)
    return answer.error if answer.status == 403 else ""


def wait_until_created(rest, bucket_name):
    """What was refused is asked for again only some time later."""
    wait_for(lambda: not error_of_creating(rest, bucket_name), 30, "the new keys to be taken")
    return rest.store.list()[0]["id"]


def check_round_trip(rest, stream, bucket_name):
    add_target(stream)
    expected = list(stream.read("WORK"))
    load = rest.load.create(**load_spec(bucket_name))
    assert rest.load.wait_ended(load["id"])["status"] == "Success"
    check_same(expected, replayed(stream), times=False)


def test_the_role_of_a_pod(serve, stream, sts, ceph, role, issuer, bucket_name, tmp_path):
    arn = role(sts.trust(issuer), "AssumeRoleWithWebIdentity")
    token = tmp_path / "token"
    token.write_text("not signed by anybody")
    server = serve(
        AWS_WEB_IDENTITY_TOKEN_FILE=str(token),
        AWS_ROLE_ARN=arn,
        AWS_ENDPOINT_URL_STS=ceph.endpoint,
    )
    assert f"credentials for S3 are those of the role {arn}" in server.process.log()
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    rest = Rest(server.url)

    assert f"credentials of the role {arn}" in error_of_creating(rest, bucket_name)
    token.write_text(issuer.token())
    rest.store.wait_messages(wait_until_created(rest, bucket_name), COUNT)
    check_round_trip(rest, stream, bucket_name)


def test_keys_that_end_every_few_seconds(serve, stream, sts, users_role, bucket_name):
    """Ceph gives them out for a quarter of an hour at least: it is the endpoint that says four seconds."""
    given = []

    def answer(path, headers):
        if (path, headers["Authorization"]) != ("/keys", "for nats3"):
            return 403, {"code": "AccessDenied", "message": "who are you?"}
        ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)
        given.append({**sts.assume_role(users_role), "Expiration": ends.isoformat()})
        return 200, given[-1]

    host = LocalServer(answer)
    server = serve(
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{host.url}/keys",
        AWS_CONTAINER_AUTHORIZATION_TOKEN="for nats3",
    )
    stream.add_stream("WORK", ["work.>"])
    rest = Rest(server.url)
    job = rest.store.create(**store_spec(bucket_name))
    published = 0

    def publish_more():
        nonlocal published
        publish(stream, "WORK", 100, start=published)
        published += 100
        return len(given) >= 4

    wait_for(publish_more, 60, "keys to be renewed three times")
    rest.store.wait_messages(job["id"], published)
    assert rest.store.get(job["id"])["last_error"] is None
    check_round_trip(rest, stream, bucket_name)
    host.close()


def test_keys_that_are_replaced_in_a_file(serve, stream, sts, users_role, bucket_name, tmp_path):
    file = tmp_path / "credentials"

    def write(keys):
        file.write_text(
            f"[archive]\naws_access_key_id = {keys['AccessKeyId']}\n"
            f"aws_secret_access_key = {keys['SecretAccessKey']}\n"
            f"aws_session_token = {keys['Token']}\n"
        )

    keys = sts.assume_role(users_role)
    write({**keys, "Token": "of last week"})
    server = serve(AWS_SHARED_CREDENTIALS_FILE=str(file), AWS_PROFILE="archive")
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", COUNT)
    rest = Rest(server.url)
    assert "AccessDenied" in error_of_creating(rest, bucket_name)
    write(keys)
    rest.store.wait_messages(wait_until_created(rest, bucket_name), COUNT)
    check_round_trip(rest, stream, bucket_name)

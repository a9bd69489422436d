"""Streams with three replicas in a cluster of nats-servers, whose leaders are killed meanwhile."""

import pytest
from harness.compare import originals
from harness.jetstream import JetStream
from harness.nats_cluster import SIZE, NatsCluster
from harness.rest import Rest
from harness.servers import Nats3Server
from harness.wait import wait_for
from workload import add_target, check_same, load_spec, publish, store_spec

COUNT = 40_000
KILLS = (2_000, 12_000, 22_000)  # after so many messages

LOADS = ({}, {"strict": True}, {"strict": True, "message_ids": False})


class ClusterServer(Nats3Server):
    """Keeps its own records as often as the streams are kept."""

    def config(self):
        return super().config().replace("[nats]\n", f"[nats]\nreplicas = {SIZE}\n")


@pytest.fixture
def cluster(tmp_path):
    made = NatsCluster(tmp_path)
    yield made.start()
    made.close()


@pytest.fixture
def rest(tmp_path, cluster, file_root):
    server = ClusterServer(tmp_path / "nats3", cluster.url, file_root)
    yield Rest(server.start().url)
    server.close()


def read_all(cluster, name):
    """What the stream holds, from a replica that has all of it."""
    found = []

    def complete():
        with cluster.connect() as client:
            stream = JetStream(client)
            found[:] = stream.read(name)
            return len(found) >= stream.state(name)["messages"]

    wait_for(complete, 60, f"a replica of {name} that has all of it")
    return found


def back(messages):
    return originals(messages, "WORK", lambda subject: subject.replace("replay.", "work.", 1))


def kill_leaders(cluster, stream, jobs, job_id, times):
    """Kills who leads the stream, in the middle of the job."""
    for at_least in KILLS[:times]:
        jobs.wait_messages(job_id, at_least)
        leader = cluster.leader_of(stream)
        leader.kill()
        jobs.wait_messages(job_id, at_least + 1)
        leader.start()
        cluster.wait_current(stream)


def test_exact_while_leaders_die(cluster, rest, bucket_name, long):
    times = len(KILLS) if long else 1
    with cluster.connect() as client:
        stream = JetStream(client)
        stream.add_stream("WORK", ["work.>"], num_replicas=SIZE)
        publish(stream, "WORK", COUNT)
    published = read_all(cluster, "WORK")
    store = rest.store.create(**store_spec(bucket_name, batch={"max_count": 500}))
    kill_leaders(cluster, "WORK", rest.store, store["id"], times)
    rest.store.wait_messages(store["id"], COUNT)
    for how in LOADS:
        with cluster.connect() as client:
            add_target(JetStream(client), num_replicas=SIZE)
        load = rest.load.create(**load_spec(bucket_name, **how))
        kill_leaders(cluster, "REPLAY", rest.load, load["id"], times)
        job = rest.load.wait_status(load["id"], "Success")
        assert job["progress"]["messages"] == COUNT
        assert (job["exactness"], job["exactness_reason"]) == ("read_back", None)
        check_same(published, back(read_all(cluster, "REPLAY")))
        with cluster.connect() as client:
            JetStream(client).delete_stream("REPLAY")

"""Three nats-servers that hold each stream three times, one of which can die."""

import contextlib
import pathlib

from harness.jetstream import JetStream
from harness.nats import NatsError
from harness.process import free_port
from harness.servers import START_SECONDS, NatsServer
from harness.wait import wait_for

SIZE = 3


class _Member(NatsServer):
    def _wait_for_jetstream(self):
        """Not by itself: it takes most of the cluster."""


class NatsCluster:
    """Streams are made with num_replicas 3. kill() and start() of a member keep port and data."""

    def __init__(self, folder):
        routes = [free_port() for _ in range(SIZE)]
        others = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
        self.members = {
            f"n{number}": _Member(
                pathlib.Path(folder) / f"nats-{number}",
                f"server_name: n{number}\n"
                f"cluster {{ name: test, listen: 127.0.0.1:{port}, routes: [{others}] }}\n",
            )
            for number, port in enumerate(routes)
        }

    @property
    def url(self):
        """Of all members, as nats.url has it."""
        return ",".join(member.url for member in self.members.values())

    def start(self):
        for member in self.members.values():
            member.start()
        wait_for(self._has_replicas, START_SECONDS, "JetStream of the cluster")
        return self

    def _has_replicas(self):
        """Whether all members have found each other, and hold streams."""
        with contextlib.suppress(NatsError), self.connect() as client:
            stream = JetStream(client)
            stream.add_stream("READY", ["ready"], num_replicas=SIZE)
            stream.delete_stream("READY")
            return True

    def connect(self):
        """To the first member that answers."""
        running = [each for each in self.members.values() if each.process.running]
        return running[0].connect()

    def leader_of(self, stream):
        """The member that leads it, once there is one."""
        found = []

        def known():
            with contextlib.suppress(NatsError), self.connect() as client:
                leader = JetStream(client).info(stream).get("cluster", {}).get("leader")
                found[:] = [self.members[leader]] if leader else []
            return found and found[0].process.running

        wait_for(known, START_SECONDS, f"a leader of {stream}")
        return found[0]

    def wait_current(self, stream):
        """Until each replica of the stream is up to date, so that another one may die."""

        def current():
            with contextlib.suppress(NatsError), self.connect() as client:
                cluster = JetStream(client).info(stream).get("cluster", {})
                replicas = cluster.get("replicas") or []
                return cluster.get("leader") and len(replicas) == SIZE - 1 and all(
                    each.get("current") and not each.get("offline") for each in replicas
                )

        wait_for(current, START_SECONDS, f"the replicas of {stream}")

    def close(self):
        for member in self.members.values():
            member.close()

"""Does the faults of a schedule to a world, and takes them back."""

import collections
import time

from fault.s3_proxy import Toxic
from fault.schedule import kinds_for
from fault.workload import PLANS

_TOXICS = {
    "s3-500": lambda share: Toxic("status", share, 500),
    "s3-503": lambda share: Toxic("status", share, 503),
    "s3-429": lambda share: Toxic("status", share, 429),
    "s3-error-body": lambda share: Toxic("error_body", share),
    "s3-hang": lambda share: Toxic("hang", share),
    "s3-lost-answer": lambda share: Toxic("lose", share),
    "s3-half-answer": lambda share: Toxic("halve", share),
}
_PLANS = {plan.name: plan for plan in PLANS}


class Injector:
    """For one thread. `history` is told of every beginning and end."""

    def __init__(self, world, operator, history):
        self._world = world
        self._operator = operator
        self._history = history
        self.counts = collections.Counter({kind.name: 0 for kind in kinds_for(world.store)})
        self.impossible = set()  # kinds that this machine can't do
        self._left_out = set()  # the operator still does what was wished for before
        self.problems = []

    def run(self, schedule, watch):
        """Carries out a schedule in its time; watch() is called in between."""
        events = [(fault.at, False, fault) for fault in schedule]
        events += [(fault.at + fault.seconds, True, fault) for fault in schedule]
        began = time.monotonic()
        for at, over, fault in sorted(events, key=lambda event: event[:2]):
            while (left := began + at - time.monotonic()) > 0:
                watch()
                time.sleep(min(left, 0.2))
            self._end(fault) if over else self._begin(fault)

    def heal(self):
        """Everything as it should be, whatever was under way."""
        world = self._world
        for disk in (world.nats_disk, world.object_disk):
            if disk:
                disk.free()
        for proxy in world.links + ([world.s3] if world.s3 else []):
            proxy.heal()
        for server in world.servers:
            server.set_clock(0)
            server.thaw()
            if not server.process.running:
                server.spawn()
        if not world.nats.process.running:
            world.nats.start()

    def _begin(self, fault):
        act = getattr(self, "_begin_" + fault.kind.replace("-", "_"), None)
        toxic = _TOXICS.get(fault.kind)
        if toxic:
            self._world.s3.toxic = toxic(fault.value)
        elif act(fault) is False:
            self.impossible.add(fault.kind)
        if fault.kind in self.impossible or fault in self._left_out:
            return
        self.counts[fault.kind] += 1
        self._history(f"begins: {fault}")

    def _end(self, fault):
        if fault.kind in self.impossible or fault in self._left_out:
            return
        act = getattr(self, "_end_" + fault.kind.replace("-", "_"), None)
        if fault.kind in _TOXICS:
            self._world.s3.toxic = None
        elif act:
            act(fault)
        self._history(f"over: {fault}")

    def _server(self, fault):
        return self._world.servers[int(fault.target.split()[1])]

    def _link(self, fault):
        return self._world.links[int(fault.target.split()[1])]

    # nats3

    def _begin_server_kill(self, fault):
        self._server(fault).kill()

    def _end_server_kill(self, fault):
        self._server(fault).spawn()

    def _begin_server_stop_short(self, fault):
        self._server(fault).freeze()

    def _end_server_stop_short(self, fault):
        self._server(fault).thaw()

    _begin_server_stop_long = _begin_server_stop_short
    _end_server_stop_long = _end_server_stop_short

    def _begin_clock_jump(self, fault):
        server = self._server(fault)
        if not server.has_clock:
            return False
        server.set_clock(int(fault.value))

    def _end_clock_jump(self, fault):
        self._server(fault).set_clock(0)

    # nats-server

    def _begin_nats_kill(self, fault):
        self._world.nats.kill()

    def _end_nats_kill(self, fault):
        self._world.nats.start()

    def _begin_nats_stop(self, fault):
        self._world.nats.freeze()

    def _end_nats_stop(self, fault):
        self._world.nats.thaw()

    def _begin_nats_full(self, fault):
        if not self._world.nats_disk:
            return False
        self._world.nats_disk.fill()

    def _end_nats_full(self, fault):
        """nats-server turns JetStream off when a write finds no room, until it is started again."""
        self._world.nats_disk.free()
        self._world.nats.kill()
        self._world.nats.start()

    # The way to nats-server

    def _begin_link_cut(self, fault):
        self._link(fault).cut()

    def _begin_link_half_open(self, fault):
        self._link(fault).half_open()

    def _begin_link_refuse(self, fault):
        self._link(fault).refusing = True
        self._link(fault).cut()

    def _end_link_refuse(self, fault):
        self._link(fault).refusing = False

    def _begin_link_stall(self, fault):
        self._link(fault).stalled = True

    def _end_link_stall(self, fault):
        self._link(fault).stalled = False

    def _begin_link_delay(self, fault):
        self._link(fault).delay = fault.value

    def _end_link_delay(self, fault):
        self._link(fault).delay = 0.0

    def _begin_link_throttle(self, fault):
        self._link(fault).bytes_per_second = fault.value

    def _end_link_throttle(self, fault):
        self._link(fault).bytes_per_second = 0

    # The object store

    def _begin_s3_kill(self, fault):
        self._world.kill_s3()

    def _end_s3_kill(self, fault):
        self._world.revive_s3()

    def _begin_s3_stop(self, fault):
        self._world.s3.stalled = True

    def _end_s3_stop(self, fault):
        self._world.s3.stalled = False

    def _begin_s3_cut(self, fault):
        self._world.s3.cut()

    def _begin_s3_delay(self, fault):
        self._world.s3.delay = fault.value

    def _end_s3_delay(self, fault):
        self._world.s3.delay = 0.0

    def _begin_s3_throttle(self, fault):
        self._world.s3.bytes_per_second = fault.value

    def _end_s3_throttle(self, fault):
        self._world.s3.bytes_per_second = 0

    def _begin_file_full(self, fault):
        if not self._world.object_disk:
            return False
        self._world.object_disk.fill()

    def _end_file_full(self, fault):
        self._world.object_disk.free()

    # The API

    def _begin_store_pause(self, fault):
        if not self._operator.do(fault.kind, _PLANS[fault.target.split()[1]], fault.seconds):
            self._left_out.add(fault)

    _begin_load_pause = _begin_store_pause
    _begin_store_recreate = _begin_store_pause

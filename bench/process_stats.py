"""CPU and memory of processes, from /proc."""

import os
import pathlib


class Processes:
    """Some processes that are measured as one."""

    def __init__(self, pids):
        self.pids = list(pids)

    def cpu_seconds(self):
        return sum(_cpu_seconds(pid) for pid in self.pids)

    def reset_peak(self):
        for pid in self.pids:
            # 5: sets VmHWM to what is resident now. Source: proc(5).
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak_megabytes(self):
        return sum(_status(pid, "VmHWM") for pid in self.pids) / 1000

    def resident_megabytes(self):
        return sum(_status(pid, "VmRSS") for pid in self.pids) / 1000

    def threads(self):
        return sum(_status(pid, "Threads") for pid in self.pids)


def _status(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise AssertionError(f"process {pid} has no {name}: it ended")


def _cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ceph_pids(folder):
    """The processes of tests/support/ceph.sh by name; "rgw" is the gateway."""
    return {path.stem: int(path.read_text()) for path in pathlib.Path(folder).glob("*.pid")}

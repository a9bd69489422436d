"""An image's file system without a container engine: Debian by mmdebstrap, the Dockerfile's steps
by chroot, its program in namespaces of its own, as an engine does it.

The file system is in memory and seen in a mount namespace only, so it is gone with the process
that holds that. Needs root, or user namespaces with a range of ids for the user (/etc/subuid).
Where root may not make namespaces, as in most containers, a folder and chroot have to do: the
program is then not process 1.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess

from harness.dockerfile import DockerfileError
from harness.process import Process
from harness.wait import wait_for

BUILD_SECONDS = 600
# What Docker gives each process of an image that says nothing else.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Passed on to RUN, as Docker does.
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

_ROOT = os.geteuid() == 0
_OWN_MOUNTS = ["unshare", "--mount", *([] if _ROOT else ["--map-root-user", "--map-auto"])]
_HOLD = 'mount -t tmpfs -o mode=755 tmpfs "$0" && echo mounted && exec sleep infinity'
# With the root as $0, in a process namespace: its /proc, the machine's /dev, and the command.
_ENTER = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec "$@"'


def run(command, seconds=BUILD_SECONDS, **options):
    """Runs to the end; what it printed is in the error when it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        **options,
    )
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


def may_isolate():
    """Whether processes here may have namespaces of their own."""
    return subprocess.run([*_OWN_MOUNTS, "true"], capture_output=True).returncode == 0


def debian_sources():
    """The machine's own sources of Debian; none: mmdebstrap then takes Debian's."""
    form = "$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)"
    listed = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    lines = [line.split() for line in listed.splitlines()]
    return [f"deb {' '.join(words[1:])}" for words in lines if words[0] == "Debian"]


class ImageRoot:
    """The file system of a stage. `artifacts` are the files that COPY --from=... finds: path in the
    other stage to path here. close() leaves nothing behind."""

    def __init__(self, folder, stage, artifacts):
        self.stage = stage
        self.artifacts = artifacts
        self.isolated = may_isolate()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self._root = self.folder / "root"  # as commands see it that run in the namespace
        self._holder = Process("mounts", self.folder.with_suffix(".log"))

    def build(self):
        if self.isolated:
            self._holder.spawn([*_OWN_MOUNTS, "sh", "-c", _HOLD, self.folder])
            mounted = lambda: "mounted" in self._holder.log()  # noqa: E731
            wait_for(mounted, 60, "a file system in memory", self._holder.log_tail)
        self._bootstrap()
        # Written by the engine when it starts a container.
        self.path("/etc/hosts").write_text("127.0.0.1 localhost\n")
        for instruction in self.stage.instructions:
            self._carry_out(instruction)
        return self

    def path(self, inside):
        """Where a path in the root is for us, who are outside."""
        outside = f"/proc/{self._holder.pid}/root" if self.isolated else ""
        return pathlib.Path(f"{outside}{self._root}{inside}")

    def _bootstrap(self):
        match = re.fullmatch(r"debian:([a-z]+)-slim", self.stage.base)
        if not match:
            raise DockerfileError(f"no root can be made for FROM {self.stage.base}")
        # unsafe-io as in Debian's image: it does without an fsync for each file.
        options = ["--quiet", "--variant=minbase", "--dpkgopt=force-unsafe-io"]
        options.append("--mode=root" if _ROOT else "--mode=unshare")
        command = ["mmdebstrap", *options, match[1], self._root, *debian_sources()]
        run([*self._in_namespace(), *command], env={**os.environ, "LC_ALL": "C.UTF-8"})

    def _in_namespace(self):
        """The words before a command that is to see the root."""
        if not self.isolated:
            return []
        users = [] if _ROOT else ["--user"]
        return ["nsenter", f"--target={self._holder.pid}", "--mount", *users]

    def _carry_out(self, instruction):
        if instruction.word == "RUN" and not instruction.flags:
            proxies = {name: os.environ[name] for name in PROXIES if name in os.environ}
            run(self.command(["/bin/sh", "-c", instruction.value], "0:0", proxies))
        elif instruction.word == "COPY" and list(instruction.flags) == ["from"]:
            source, target = instruction.words()
            if source not in self.artifacts:
                raise DockerfileError(f"nothing is known of {source}, which COPY wants")
            shutil.copy(self.artifacts[source], self.path(target))
        elif instruction.word == "LABEL":
            if not all("=" in pair for pair in instruction.words()):
                raise DockerfileError(f"not a LABEL: {instruction.value}")
        elif instruction.word not in ("USER", "EXPOSE", "ENTRYPOINT", "STOPSIGNAL", "HEALTHCHECK"):
            # Those hold for the container, and the test looks at each. Any other one is unknown.
            raise DockerfileError(f"{instruction.word} {instruction.flags} {instruction.value}")

    def command(self, words, user, env=()):
        """The command line that runs `words` in the root with no other environment than `env`."""
        variables = [f"{name}={value}" for name, value in {"PATH": PATH, **dict(env)}.items()]
        command = ["chroot", f"--userspec={user}", self._root, "env", "-i", *variables, *words]
        if not self.isolated:
            return command
        processes = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        return [*self._in_namespace(), *processes, "sh", "-c", _ENTER, self._root, *command]

    def close(self):
        self._holder.close()
        # The folder was covered by what was in memory; where it was not, the root is in it.
        run(["rm", "-rf", "--one-file-system", self.folder])


class Container:
    """The image's program, started as an engine starts it: ENTRYPOINT without arguments, USER."""

    def __init__(self, root, log_path, env=()):
        self.root = root
        self.user = root.stage.last("USER").value
        self.env = dict(env)
        self.process = Process("container", log_path)

    def start(self):
        words = self.root.stage.last("ENTRYPOINT").exec_form()
        self.process.spawn(self.root.command(words, self.user, self.env))
        return self

    @property
    def pid(self):
        """The program's process, which unshare has forked; None before and after."""
        if not self.root.isolated:
            return self.process.pid
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0]) if children.read_text().strip() else None

    def status(self, key):
        """A line of the program's /proc/PID/status, as words."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return re.search(rf"^{key}:\s*(.*)$", text, re.MULTILINE)[1].split()

    def execute(self, words, seconds=60):
        """Runs `words` beside the program, as docker exec does; returns the completed process."""
        command = self.root.command(words, self.user, self.env)
        return subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
        )

    def send(self, number):
        """Sends the program a signal, and returns."""
        os.kill(self.pid, number)

    def stop(self, seconds=30):
        """SIGTERM; returns the exit status."""
        self.send(signal.SIGTERM)
        return self.process.wait(seconds)

    def close(self):
        self.process.close()

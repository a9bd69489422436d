"""The completions, loaded and asked in the shells they are for; the manual; what is installed."""

import os
import pathlib
import pty
import re
import select
import subprocess
import time

import pytest
from harness.process import ROOT
from harness.rest import Rest
from harness.servers import nats3_program
from workload import store_spec

PROGRAM = nats3_program()

# Asks bash as its line editor does.
BASH = r"""
source <("$PROGRAM" completion bash)
COMP_LINE=$line COMP_POINT=${#line}
_nats3 nats3 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"
"""

FISH = r"""
"$PROGRAM" completion fish | source
complete -C "$line"
"""


def run(command, folder, **environment):
    environment = {**os.environ, "PROGRAM": str(PROGRAM), "HOME": str(folder), **environment}
    environment["PATH"] = f"{PROGRAM.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert not done.stderr, done.stderr
    return done.stdout


def bash(folder, line):
    return set(run(["bash", "--norc", "-c", BASH], folder, line=line).split())


def fish(folder, line):
    out = run(["fish", "--no-config", "-c", FISH], folder, line=line)
    # "--flag=v" is completed as a whole there.
    return {entry.split("\t")[0].split("=")[-1] for entry in out.splitlines()}


class Zsh:
    """zsh can be asked by its line editor only: typed to on a terminal, with a tab at the end."""

    SETTINGS = r"""
autoload -Uz compinit; compinit -u -d $HOME/zcompdump
source <("$PROGRAM" completion zsh)
setopt noautomenu noautolist
# Matches are written down before they are shown; what only asks for matches is left alone.
compadd() {
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    local -a matches
    builtin compadd -O matches "$@"
    (( $#matches )) && print -rl -- $matches >>$HOME/found
  fi
  builtin compadd "$@"
}
"""
    EDITING = b"\x1b[?2004h"  # what the line editor sends when it begins

    def __init__(self, folder):
        self.folder = folder
        (folder / ".zshrc").write_text(self.SETTINGS)

    def ask(self, line):
        found = self.folder / "found"
        found.write_text("")
        environment = {**os.environ, "PROGRAM": str(PROGRAM), "HOME": str(self.folder)}
        environment |= {"TERM": "xterm", "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
        environment["ZDOTDIR"] = str(self.folder)
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execvpe("zsh", ["zsh", "-d", "-i"], environment)
        try:
            self._read_until(terminal, self.EDITING)
            # The second line runs once the first was completed and thrown away.
            os.write(terminal, line.encode() + b"\t\x15print DO''NE\r")
            self._read_until(terminal, b"DONE")
        finally:
            os.close(terminal)
            os.waitpid(child, 0)
        return set(found.read_text().split("\n")) - {""}

    @staticmethod
    def _read_until(terminal, text, seconds=30):
        seen = b""
        deadline = time.monotonic() + seconds
        while text not in seen:
            ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"waited for {text!r}: {seen!r}"
            seen += os.read(terminal, 65536)


def zsh(folder, line):
    return {entry.rstrip("=") for entry in Zsh(folder).ask(line)}


shells = pytest.mark.parametrize("ask", [bash, zsh, fish])


@shells
def test_commands_and_flags(ask, tmp_path):
    assert {"store", "load", "job", "config", "serve"} <= ask(tmp_path, "nats3 ")
    create = {"list", "create", "show", "watch", "wait", "pause", "resume", "delete"}
    assert create <= ask(tmp_path, "nats3 store ")
    assert ask(tmp_path, "nats3 job e") == {"export"}
    flags = ask(tmp_path, "nats3 load create --")
    assert {"--poll-interval", "--wait", "--server", "--paused"} <= flags
    assert "--codec" not in flags  # of store create
    assert {"store", "load"} <= ask(tmp_path, "nats3 --output json ")


@shells
def test_values(ask, tmp_path):
    assert ask(tmp_path, "nats3 store create --codec ") == {"json", "bin", "binary"}
    assert ask(tmp_path, "nats3 store list --output=") >= {"table", "json"}
    assert ask(tmp_path, "nats3 completion ") >= {"bash", "zsh", "fish"}
    assert ask(tmp_path, "nats3 config set s") == {"server-url"}
    (tmp_path / "jobs.json").touch()
    assert ask(tmp_path, "nats3 job import jo") == {"jobs.json"}


@shells
def test_job_ids_are_those_of_the_server(ask, tmp_path, stream, file_server, bucket_name):
    stream.add_stream("WORK", ["work.>"])
    job = Rest(file_server.url).store.create(**store_spec(bucket_name))
    server = f"--server {file_server.url}"
    assert ask(tmp_path, f"nats3 {server} store show --job-id ") == {job["id"]}
    assert ask(tmp_path, f"nats3 store {server} watch --job-id ") == {job["id"]}


def test_scripts_of_a_build_are_what_the_program_prints():
    folder = pathlib.Path(PROGRAM).parent / "completions"
    for shell, name in (("bash", "nats3"), ("zsh", "_nats3"), ("fish", "nats3.fish")):
        printed = subprocess.run([PROGRAM, "completion", shell], capture_output=True, check=True)
        assert (folder / name).read_bytes() == printed.stdout


def test_the_manual_has_no_flaws():
    checked = subprocess.run(
        ["mandoc", "-Tlint", ROOT / "docs/nats3.1"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, "")
    shown = subprocess.run(
        ["mandoc", "-Tutf8", ROOT / "docs/nats3.1"], capture_output=True, text=True, check=True
    )
    assert "nats3 job import FILE..." in re.sub(".\b", "", shown.stdout)  # bold is struck twice


def test_all_of_it_is_installed(tmp_path):
    build = pathlib.Path(PROGRAM).parent
    subprocess.run(
        ["cmake", "--install", build, "--prefix", tmp_path], check=True, capture_output=True
    )
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {
        "bin/nats3",
        "bin/nats3-server",
        "share/man/man1/nats3.1",
        "share/bash-completion/completions/nats3",
        "share/zsh/site-functions/_nats3",
        "share/fish/vendor_completions.d/nats3.fish",
    } <= names

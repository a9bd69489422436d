"""Reads a Dockerfile: no more of the language than ours uses. What it doesn't know is an error.

Source: Dockerfile reference, docs.docker.com/reference/dockerfile.
"""

import json
import re
import shlex
from dataclasses import dataclass, field


class DockerfileError(AssertionError):
    """An instruction, or a form of it, that nothing here can carry out."""


@dataclass(frozen=True)
class Instruction:
    word: str  # in upper case
    value: str  # what follows the flags, one line
    flags: dict = field(default_factory=dict)  # --from=build: {"from": "build"}

    def words(self):
        """The words of an instruction whose arguments are split at spaces."""
        return shlex.split(self.value)

    def exec_form(self):
        """["a", "b"]: run as it is, without a shell. The shell form is refused: no signal gets
        through a shell."""
        try:
            words = json.loads(self.value)
        except json.JSONDecodeError:
            words = None
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise DockerfileError(f"{self.word} is not in exec form: {self.value}")
        return words


@dataclass
class Stage:
    base: str
    name: str = ""
    instructions: list = field(default_factory=list)

    def last(self, word):
        """The value that holds of an instruction of which the last one counts."""
        found = [each for each in self.instructions if each.word == word]
        if not found:
            raise DockerfileError(f"no {word}")
        return found[-1]


def _lines(text):
    """Logical lines: without comments and empty lines, joined where a backslash ends one."""
    joined = ""
    for line in text.splitlines():
        if line.lstrip().startswith("#") or not line.strip():
            continue
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        yield (joined + line).strip()
        joined = ""
    if joined:
        raise DockerfileError(f"ends within: {joined}")


def _instruction(line):
    word, _, rest = line.partition(" ")
    flags = {}
    while match := re.match(r"\s*--([a-z-]+)(?:=(\S+))?\s", rest):
        flags[match[1]] = match[2]
        rest = rest[match.end() :]
    if not re.fullmatch(r"[A-Za-z]+", word) or not rest.strip():
        raise DockerfileError(f"not an instruction: {line}")
    return Instruction(word.upper(), re.sub(r"\s+", " ", rest.strip()), flags)


def parse(text):
    """The stages in order."""
    stages = []
    for line in _lines(text):
        instruction = _instruction(line)
        if instruction.word == "FROM":
            words = instruction.words()
            if len(words) not in (1, 3) or len(words) == 3 and words[1].upper() != "AS":
                raise DockerfileError(f"not a FROM: {line}")
            stages.append(Stage(words[0], words[2] if len(words) == 3 else ""))
        elif not stages:
            raise DockerfileError(f"before the first FROM: {line}")
        else:
            stages[-1].instructions.append(instruction)
    return stages

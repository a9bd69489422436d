"""Fails when the rooms of src/ depend on each other against the arrows of ARCHITECTURE.md.

    check_structure.py [ROOT]

Looks at every include and every CMake dependency, at cycles among headers, at libraries outside
of their folders, and for mentions of folders outside the repository. Prints each finding as
file:line: what is wrong.
"""

import pathlib
import re
import subprocess
import sys

# What each room may include besides itself. The command line speaks to the server over HTTP.
# main.cc may include all.
ALLOWED = {
    "base": set(),
    "config": {"base"},
    "cli": {"base"},
    "archive": {"base"},
    "object": {"base"},
    "nats": {"base", "archive"},
    "catalog": {"base", "archive", "object"},
    "jobs": {"base", "archive", "object", "nats", "catalog"},
    "api": {"base", "jobs"},
    "server": {"base", "object", "nats", "jobs", "api", "config"},
}
# The same for the folders of a room; "" is the room's own. Tests may include what they test with.
FOLDERS = {
    "object": {
        "": set(),
        "http": {""},
        "credentials": {"", "http"},
        "s3": {"", "http", "credentials"},
        "file": {""},
        "memory": {""},
    },
    "jobs": {
        "": set(),
        "store": {""},
        "load": {""},
        "verify": {"", "store"},
        "manager": {"", "store", "load", "verify"},
    }
}
TEST = re.compile(r"_test(ing)?\.(h|cc)$|/simulation/")

# The folders where a library may be included, by how its headers begin.
LIBRARIES = {
    "nats/": ["nats/libnats"],
    "curl/": ["object/http", "object/s3"],
    "pugixml": ["object/s3", "object/credentials"],
    "zstd": ["archive"],
    "openssl/": ["api/transport", "base"],
    "xxhash": ["base"],
    "yaml-cpp/": ["config"],
    "CLI/": ["cli"],
    "httplib": ["api", "cli"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)')
TARGET = re.compile(r"nats3_library\(\s*(\w+)(.*?)\)", re.DOTALL)
LINK = re.compile(r"target_link_libraries\(\s*(\w+)(.*?)\)", re.DOTALL)
OUTSIDE = re.compile(r"(?<![\w.-])shared" + "/")


def room_of(path):
    """The room of a path relative to src/, or None for main.cc and what isn't there."""
    first = path.split("/")[0]
    return first if "/" in path and first in ALLOWED else None


def against_arrows(source_room, target_room):
    return (
        source_room is not None
        and target_room is not None
        and source_room != target_room
        and target_room not in ALLOWED[source_room]
    )


def against_folders(source, target):
    """Whether a file includes one of another folder of its room that it must not know."""
    room, folders = room_of(source), FOLDERS.get(room_of(source))
    if not folders or room_of(target) != room or TEST.search(source):
        return False
    mine, other = ("/".join(path.split("/")[1:-1]) for path in (source, target))
    return mine != other and other not in folders.get(mine, set())


def away_from_home(source, header):
    """Whether a file includes a library outside of that one's folders."""
    folder = source.rpartition("/")[0]
    return any(
        header.startswith(library) and folder not in homes for library, homes in LIBRARIES.items()
    )


def includes_of(path, bracket):
    """The line and name of each include that begins with this bracket."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match and match.group(1) == bracket:
            yield number, match.group(2)


def check_includes(source_root):
    """Yields findings about single includes, and fills a graph of which file includes which."""
    graph = {}
    findings = []
    for path in sorted(source_root.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        name = path.relative_to(source_root).as_posix()
        room = room_of(name)
        if room is None and "/" in name:
            findings.append(f"src/{name}:1: not in a known room; see ALLOWED in {__file__}")
        for number, header in includes_of(path, "<"):
            if away_from_home(name, header):
                findings.append(f"src/{name}:{number}: <{header}> belongs elsewhere: see LIBRARIES")
        for number, included in includes_of(path, '"'):
            where = f"src/{name}:{number}"
            graph.setdefault(name, []).append(included)
            if against_arrows(room, room_of(included)) or against_folders(name, included):
                inside = name.rpartition("/")[0] or name
                findings.append(f"{where}: {inside} must not include {included}")
            elif "/" not in included or included.startswith("."):
                findings.append(f"{where}: write includes as \"room/file.h\", not {included}")
    return findings, graph


def find_cycle(graph):
    """The first cycle among files that include each other, as a list of names, or None."""
    done = set()

    def walk(name, trail):
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return None
        for included in graph.get(name, []):
            cycle = walk(included, [*trail, name])
            if cycle:
                return cycle
        done.add(name)
        return None

    for start in sorted(graph):
        cycle = walk(start, [])
        if cycle:
            return cycle
    return None


def check_cmake(source_root):
    findings = []
    lists = sorted(source_root.rglob("CMakeLists.txt"))
    texts = {path: path.read_text(encoding="utf-8") for path in lists}
    room_of_target = {}
    for path, text in texts.items():
        room = room_of(path.relative_to(source_root).as_posix())
        for match in TARGET.finditer(text):
            room_of_target[f"nats3_{match.group(1)}"] = room
    for path, text in texts.items():
        room = room_of(path.relative_to(source_root).as_posix())
        for match in [*TARGET.finditer(text), *LINK.finditer(text)]:
            number = text.count("\n", 0, match.start()) + 1
            for word in re.findall(r"nats3_\w+", match.group(2)):
                if against_arrows(room, room_of_target.get(word)):
                    where = f"src/{path.relative_to(source_root)}:{number}"
                    findings.append(f"{where}: {match.group(1)} of {room} must not need {word}")
    return findings


def check_mentions(root):
    """A clone must hold all it needs: nothing points at a folder beside the repository."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode()
    findings = []
    for name in filter(None, listed.split("\0")):
        path = root / name
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1):
            if OUTSIDE.search(line):
                findings.append(f"{name}:{number}: mentions a folder outside the repository")
    return findings


def check(root):
    findings, graph = check_includes(root / "src")
    cycle = find_cycle(graph)
    if cycle:
        findings.append(f"src/{cycle[0]}:1: includes go in a circle: {' -> '.join(cycle)}")
    findings += check_cmake(root / "src")
    findings += check_mentions(root)
    return findings, len(graph)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    findings, files = check(root)
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"structure: {files} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

# Sourced by the verbs of ./x, which run in the repository's root.
set -euo pipefail

PYTHON=/usr/bin/python3  # Debian's own: another one may come first on PATH, without pytest
STARTED=$SECONDS
# What one clone compiled serves another.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
VERB=$(basename "$0" .sh)

say() { echo "$VERB: $*"; }

fail() {
  say "FAILED: $*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "not root and no sudo: run as root: $*"
  fi
}

packages_of() {  # packages_of SET...
  local set
  for set in "$@"; do sed -n "s/^$set: //p" tools/packages.txt; done | tr ' ' '\n' | sort -u
}

# Installs the Debian packages of the sets that are missing, and says which.
need() {  # need SET...
  local missing
  # dpkg-query fails when it doesn't know a package, and still tells of the others.
  missing=$(comm -23 <(packages_of "$@") \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
      sed -n 's/^installed //p' | sort -u))
  [ -n "$missing" ] || return 0
  say "installing Debian packages:" $missing
  local log
  log=$(mktemp)
  if ! apt_install $missing >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install the packages (whole log: $log)"
  fi
  rm -f "$log"
}

apt_install() {
  as_root apt-get update -q &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "$@"
}

# Builds everything of a preset in build/PRESET.
build_preset() {  # build_preset PRESET [TARGET...]
  local preset=$1 log=build/$1/build.log
  shift
  mkdir -p "build/$preset"
  say "building build/$preset"
  if ! { cmake --preset "$preset" && cmake --build "build/$preset" ${*:+--target "$@"}; } \
    >"$log" 2>&1; then
    grep -E '(error|Error): |^CMake Error|^FAILED' -A6 "$log" | head -n 60 >&2 || tail -n 5 "$log" >&2
    fail "the build of preset $preset (whole log: $log)"
  fi
}

elapsed() { echo $((SECONDS - STARTED)); }

# The demo's input is Debian's package index; a new machine may have none yet.
need_package_index() {
  [ -n "$(apt-cache dumpavail | head -n 1)" ] && return 0
  say "fetching Debian's package index"
  as_root apt-get update -q >/dev/null || fail "apt-get update"
}

#!/usr/bin/env bash
# ./x lint [--changed [REF]]: clang-format, clang-tidy, the structure check, Python's compiler.
# --changed looks with clang-tidy only at sources that differ from REF (default HEAD).
source tools/lib.sh
need build lint
sources=('*.cc')
if [ "${1:-}" = --changed ]; then
  mapfile -t sources < <(git diff --name-only --diff-filter=d "${2:-HEAD}" -- '*.cc')
fi
failed=()

mapfile -t files < <(git ls-files '*.cc' '*.h')
clang-format-19 --dry-run -Werror "${files[@]}" || failed+=(clang-format)

$PYTHON tools/check_structure.py || failed+=(structure)

mapfile -t scripts < <(git ls-files '*.py')
PYTHONPYCACHEPREFIX=$PWD/build/pycache $PYTHON -m py_compile "${scripts[@]}" || failed+=(python)

cmake --preset dev >/dev/null || fail "cmake --preset dev"
tidied=0
if [ ${#sources[@]} -gt 0 ]; then
  # Only what the compile database knows: fuzz targets belong to another preset.
  mapfile -t sources < <(git ls-files "${sources[@]}" |
    grep -Fxf <($PYTHON tools/compiled_sources.py build/dev/compile_commands.json) || true)
  tidied=${#sources[@]}
fi
if [ "$tidied" -gt 0 ]; then
  printf '%s\n' "${sources[@]}" |
    xargs -P "$(nproc)" -n 1 clang-tidy-19 -p build/dev --quiet --warnings-as-errors='*' \
      2> >(grep -vE 'warnings? (generated|treated)|Suppressed|Use -header-filter' >&2) ||
    failed+=(clang-tidy)
fi

[ ${#failed[@]} -eq 0 ] || fail "${failed[*]}"
say "${#files[@]} C++ files formatted, $tidied tidy, ${#scripts[@]} scripts compile, in $(elapsed) s"

#!/usr/bin/env bash
# ./x fmt: formats every C++ file of the repository.
source tools/lib.sh
need fmt
mapfile -t files < <(git ls-files '*.cc' '*.h')
before=$(cat "${files[@]}" | cksum)
clang-format-19 -i "${files[@]}"
if [ "$before" = "$(cat "${files[@]}" | cksum)" ]; then
  say "${#files[@]} files, all formatted already"
else
  say "${#files[@]} files formatted"
fi

#!/bin/sh
# Do the headers in INCLUDE have all members where a frozen minor had them, for a plugin that targets it and for one that sees
# everything, in each language? usage: layout.sh INCLUDE SDK_ABI MINOR COMPILER   exit 77: no compiler (1 with PERDURE_CI=1)
set -u
include=$1 abi=$2 minor=$3 compiler=$4
if ! command -v "$compiler" >/dev/null 2>&1; then
  echo "skipped: $compiler is not installed"
  [ "${PERDURE_CI:-}" = 1 ] && exit 1
  exit 77
fi
bad=0
for standard in c11 c17 c++17 c++20; do
  case $standard in c++*) language=c++ ;; *) language=c ;; esac
  for visible in "$minor" PDR_ABI_MINOR; do
    "$compiler" -x $language -std=$standard -I"$include" -pedantic -Wall -Wextra -Werror \
      -DPDR_TARGET_MINOR="$minor" -DPDR_VISIBLE_MINOR="$visible" -fsyntax-only "$abi/v1.$minor/layout.c" ||
      { echo "1.$minor as $standard by $compiler, all that $visible shows"; bad=1; }
  done
done
exit $bad

#!/bin/sh
# Is a header of the SDK complete alone, harmless twice, and silent in each language?
# usage: header.sh INCLUDE_FOLDER COMPILER HEADER    exit 77: the compiler is missing (1 with PERDURE_CI=1)
set -u
include=$1 compiler=$2 header=$3
if ! command -v "$compiler" >/dev/null 2>&1; then
  echo "skipped: $compiler is not installed"
  [ "${PERDURE_CI:-}" = 1 ] && exit 1
  exit 77
fi
bad=0
for standard in c11 c17 c++17 c++20; do
  case $standard in c++*) language=c++ ;; *) language=c ;; esac
  for times in 1 2; do
    text="#include <perdure/$header>
typedef int perdure_not_empty;"
    [ $times = 2 ] && text="#include <perdure/$header>
$text"
    printf '%s\n' "$text" | "$compiler" -x $language -std=$standard -I"$include" -pedantic -Wall -Wextra -Wconversion \
      -Wshadow -Wundef -Werror -fsyntax-only - || { echo "$header, $times times as $standard with $compiler"; bad=1; }
  done
done
exit $bad

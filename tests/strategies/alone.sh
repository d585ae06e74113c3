#!/bin/sh
# Builds examples/strategies outside the tree, beside a copy of the SDK and nothing else, and looks at their symbols.
# usage: alone.sh SOURCE_DIR COMPILER NM    exit 77: the compiler is missing (1 with PERDURE_CI=1)
set -eu
source=$1 compiler=$2 nm=$3
if ! command -v "$compiler" >/dev/null 2>&1; then
  echo "skipped: $compiler is not installed"
  [ "${PERDURE_CI:-}" = 1 ] && exit 1
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/examples"
cp -R "$source/sdk" "$work/sdk"
cp -R "$source/examples/strategies" "$work/examples/strategies"
cd "$work/examples/strategies"

# Perdure may be installed here: not that one's headers.
cmake -S . -B build -DCMAKE_DISABLE_FIND_PACKAGE_Perdure=ON -DCMAKE_C_COMPILER="$compiler" -DCMAKE_C_FLAGS='-std=c11 -pedantic -Werror -O2' >/dev/null
cmake --build build
found=0
for folder in */; do
  name=${folder%/}
  [ -f "$name/$name.c" ] || continue
  found=$((found + 1))
  sh "$source/tests/abi/symbols.sh" "$nm" "$PWD/build/$name.so"
done
[ "$found" -ge 5 ] || { echo "found $found strategies; expected 5 or more"; exit 1; }

#!/bin/sh
# Builds sdk/template outside the tree from the headers alone, with make and with CMake, and looks at its symbols.
# usage: template.sh SOURCE_DIR COMPILER NM    exit 77: the compiler is missing (1 with PERDURE_CI=1)
set -eu
source=$1 compiler=$2 nm=$3
if ! command -v "$compiler" >/dev/null 2>&1; then
  echo "skipped: $compiler is not installed"
  [ "${PERDURE_CI:-}" = 1 ] && exit 1
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/sdk"
cp -R "$source/sdk/template" "$work/mine"
cp -R "$source/sdk/include" "$work/sdk/include"
cd "$work/mine"

make CC="$compiler" PERDURE_INCLUDE="$work/sdk/include" CFLAGS="-O2 -Werror"
sh "$source/tests/abi/symbols.sh" "$nm" "$PWD/my_strategy.so"

cmake -S . -B build -DCMAKE_C_COMPILER="$compiler" -DPERDURE_INCLUDE="$work/sdk/include" -DCMAKE_C_FLAGS=-Werror \
  -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build build
sh "$source/tests/abi/symbols.sh" "$nm" "$PWD/build/my_strategy.so"

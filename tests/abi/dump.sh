#!/bin/sh
# Do the headers, with what they declare up to MINOR, give the types of the dump that was stored when it was frozen? abidiff
# says what differs. usage: dump.sh SDK_ABI INCLUDE MINOR    exit 77: abidiff or gcc is missing (1 with PERDURE_CI=1)
set -u
abi=$1 include=$2 minor=$3
for tool in abidiff gcc; do
  if ! command -v $tool >/dev/null 2>&1; then
    echo "skipped: $tool is not installed (Debian: abigail-tools, gcc)"
    [ "${PERDURE_CI:-}" = 1 ] && exit 1
    exit 77
  fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sh "$abi/anchor.sh" "$include" "$minor" "$work/anchor.so" || exit 1
abidiff "$abi/v1.$minor/abi.xml" "$work/anchor.so"

#!/bin/sh
# The object whose types are compared: anchor.c by the headers in INCLUDE, with what they declare up to MINOR. So newer
# headers must give exactly the types of an older dump, and nothing need be forgiven. Always by gcc, as another compiler's
# debug information reads otherwise.
# usage: anchor.sh INCLUDE MINOR OUT.so
set -eu
exec gcc -std=c11 -g -O0 -DPDR_VISIBLE_MINOR="$2" -fPIC -shared -I"$1" "$(dirname "$0")/anchor.c" -o "$3"

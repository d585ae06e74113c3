#!/bin/sh
# Does a strategy export the function perdure_plugin alone, and import from libc and libm only?
# usage: symbols.sh NM PLUGIN.so|FOLDER...    of a folder every PLUGIN.so in it, of which there must be one
set -u
nm=$1
shift
bad=0
for place; do
  shift
  [ -d "$place" ] || { set -- "$@" "$place" && continue; }
  set -- "$@" "$place"/*.so
done
for file in "$@"; do
  [ -f "$file" ] || { echo "$file: not built"; bad=1; continue; }
  defined=$("$nm" -D --defined-only "$file" | awk '{print $(NF - 1), $NF}' | sort | tr '\n' ' ')
  [ "$defined" = "T perdure_plugin " ] || { echo "$file exports: ${defined:-nothing}"; bad=1; }
  # Weak ones (w) may stay unresolved: hooks of the C run-time. The rest names a version of the library it is from.
  for symbol in $("$nm" -D --undefined-only "$file" | awk '$1 == "U" {print $2}'); do
    case $symbol in
      *@GLIBC_*) ;;
      *) echo "$file imports $symbol, which is not of glibc"; bad=1 ;;
    esac
  done
  for library in $(objdump -p "$file" | awk '$1 == "NEEDED" {print $2}'); do
    case $library in
      libc.so.6 | libm.so.6) ;;
      *) echo "$file needs $library"; bad=1 ;;
    esac
  done
done
exit $bad

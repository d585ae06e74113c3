#!/usr/bin/env bash
# Every NAME.yaml here has faults: the program must name them in exactly the words of NAME.expect, on standard error,
# say nothing on standard output, and end with 78.
#
#     run.sh PROGRAM [WORD ...]     calls PROGRAM WORD ... NAME.yaml in this folder
#     run.sh --table                prints what is expected as rows of a table; runs nothing
#     BLESS=1 run.sh PROGRAM ...    writes the expectations anew: read the difference before you keep it
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/messages/cases.sh
. ../cases.sh

# At most three lines of each: a table shows what words are like, not how many.
table_print() {
    table=1
    for file in *.yaml; do
        words=$(sed 's/^perdure: error: //' "${file%.yaml}.expect")
        [ "$(wc -l <"${file%.yaml}.expect")" -le 3 ] || words=$(head -n 3 <<<"$words")$'\n'...
        row "[\`$file\`](../tests/messages/scenario/$file)" 78 "$words"
    done
}
[ "${1:-}" != --table ] || { table_print; exit; }

[ $# -gt 0 ] || { echo "run.sh: found no program; expected one" >&2; exit 64; }
said=$(mktemp -d) || exit 73
trap 'rm -rf "$said"' EXIT
failed=0
count=0
for file in *.yaml; do
    name=${file%.yaml}
    "$@" "$file" >"$said/out" 2>"$said/err"
    code=$?
    count=$((count + 1))
    [ -n "${BLESS:-}" ] && cp "$said/err" "$name.expect"
    if [ $code -ne 78 ] || [ -s "$said/out" ] || ! diff -u "$name.expect" "$said/err"; then
        echo "FAILED: $name (exit $code, expected 78)"
        failed=$((failed + 1))
    fi
done
echo "$count messages, $failed failed"
[ $failed -eq 0 ] && [ $count -gt 0 ]

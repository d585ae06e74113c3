#!/bin/bash
# The site builds with every warning an error, and a declaration without a comment, a hook without a page and a link to nothing
# are found. Exit 77: a tool is missing (1 with PERDURE_CI=1).
set -euo pipefail
source=${PERDURE_SOURCE_DIR:?}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

status=0
bash "$source/scripts/docs" --out "$work/site" || status=$?
if [ $status -eq 69 ] && [ "${PERDURE_CI:-0}" != 1 ]; then exit 77; fi
[ $status -eq 0 ] || exit 1
for page in index tutorial avalanche refusals hooks/index hooks/after_loss reference/host strategies/ewc; do
    [ -s "$work/site/html/$page.html" ] || { echo "found no $page.html; expected it in the site"; exit 1; }
done

# refused WORDS FILE EXPRESSION: a copy in which sed changes FILE fails, and says WORDS.
refused() {
    rm -rf "$work/copy"
    mkdir -p "$work/copy/sdk"
    for folder in docs scripts sdk/include sdk/template plugins examples tests; do cp -r "$source/$folder" "$work/copy/$folder"; done
    sed -i "$3" "$work/copy/$2"
    if bash "$work/copy/scripts/docs" --out "$work/bad" >"$work/log" 2>&1; then
        echo "$2: $3: the site was built; expected a refusal"
        exit 1
    fi
    grep -qF -- "$1" "$work/log" || { echo "$2: $3: expected the words: $1. Found:"; cat "$work/log"; exit 1; }
}
refused 'Member affine)(pdr_scope' sdk/include/perdure/tensor.h '/a \* scale + shift, elementwise/d'
refused 'expected the hooks of plugin.h' docs/site/hooks.yaml 's/^after_loss:/after_lost:/'
refused 'found a link to refusal.md; expected a file that is there' docs/faults.md 's/(refusals.md)/(refusal.md)/'
refused 'reference target not found: tutorial.md#nowhere' docs/index.md 's/(tutorial.md)/(tutorial.md#nowhere)/'
refused 'found after_batch.htm: no such file' docs/site/hooks.py 's/lambda other: other + ".html"/lambda other: other + ".htm"/'
echo "the site builds, and what it lacks is found"

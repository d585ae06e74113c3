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
if grep -rE --include='*.html' '<pre>(<span></span>)? *\*( |$)' "$work/site/html"; then
    echo "a block shows the stars of the comment that it stands in; expected its words alone"
    exit 1
fi

mkdir -p "$work/copy/sdk"
for folder in docs scripts sdk/include sdk/template plugins examples tests; do cp -r "$source/$folder" "$work/copy/$folder"; done
# refused WORDS FILE EXPRESSION: the copy in which sed changes FILE fails, and says WORDS.
refused() {
    sed -i "$3" "$work/copy/$2"
    if bash "$work/copy/scripts/docs" --out "$work/bad" >"$work/log" 2>&1; then
        echo "$2: $3: the site was built; expected a refusal"
        exit 1
    fi
    cp "$source/$2" "$work/copy/$2"
    grep -qF -- "$1" "$work/log" || { echo "$2: $3: expected the words: $1. Found:"; cat "$work/log"; exit 1; }
}
refused 'Member affine)(pdr_scope' sdk/include/perdure/tensor.h '/a \* scale + shift, elementwise/d'
refused 'found PDR_OK without a comment' sdk/include/perdure/status.h 's|/[*][*]< done [*]/||'
refused 'found an enum without a comment' sdk/include/perdure/status.h '/Values of pdr_level/d'
refused 'pdr_scalar(const pdr_host *h' sdk/include/perdure/sugar.h '/A scalar tensor, f32/d'
refused 'expected the hooks of plugin.h' docs/site/hooks.yaml 's/^after_loss:/after_lost:/'
refused 'found a link to refusal.md; expected a file that is there' docs/faults.md 's/(refusals.md)/(refusal.md)/'
refused 'reference target not found: tutorial.md#nowhere' docs/index.md 's/(tutorial.md)/(tutorial.md#nowhere)/'

rm "$work/site/html/hooks/after_batch.html"
if python3 "$source/docs/site/links.py" "$work/site/html" 2>"$work/log" || ! grep -q 'found .*after_batch.html: no such file' "$work/log"; then
    echo "a page is missing; expected links.py to find the links to it. Found:"
    cat "$work/log"
    exit 1
fi
echo "the site builds, and what it lacks is found"

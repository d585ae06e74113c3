#!/usr/bin/env bash
# Bad data as a user meets it: each file is made, `perdure run` reads it, and its words, its exit code and the absence of a
# run folder are compared. `@` in the expected words stands for the folder with the files.
# usage: run.sh PERDURE           compares
#        run.sh --table           prints what is expected as rows of a table; runs nothing
# shellcheck disable=SC2016,SC2059 # backticks are Markdown's; the bytes of a file are given as a format on purpose
set -u
export LC_ALL=C
# shellcheck source=tests/messages/cases.sh
. "$(dirname "${BASH_SOURCE[0]}")/../cases.sh"
cases_begin "$@"

# scenario DATA [STREAM]
scenario() {
  printf 'perdure: 1\nname: bad\ndata: {%s}\nstream: {%s}\ndevice: {type: cpu}\nmethods: [{name: finetune}]\noutput: {folder: "out/{name}"}\n' \
    "$1" "${2:-split: {tasks: 2\}}" > s.yaml
}

# expect INPUT CODE WORDS [NAME=VALUE ...]: the last error line, the exit code, and that nothing was written
expect() {
  local input=$1 code=$2 words=${3//@/$work} answer
  row "$input" "$code" "$3" && return
  shift 3
  # A FIFO that is opened to be read would wait for ever.
  env "$@" timeout 60 "$perdure" run s.yaml > answer 2> errors
  answer=$?
  same "$input" "perdure: error: $words (exit $code)" \
    "$(grep '^perdure: error: ' errors | tail -n 1) (exit $answer)$([ -e out ] && echo ', and a run folder')"
  rm -rf out
}

# ---- csv ----
csv="set: csv, train: train.csv, test_every: 2"
csv_case() { # BYTES CODE WORDS, after `scenario`
  printf "$1" > train.csv
  expect "\`train.csv\`: \`$1\`" "$2" "$3"
}
scenario "$csv"
csv_case ''                           65 'train.csv: found no rows; expected at least one'
csv_case '1,2,0\n1,nan,1\n'           65 'train.csv:2:2: found nan; expected a finite number'
csv_case '1,2,0\n1,cat,1\n'           65 'train.csv:2:2: found cat; expected a finite number'
csv_case '1,2,0\n1,1e99,1\n'          65 'train.csv:2:2: found 1e99; expected a finite number'
csv_case '1,2,0\n1,,1\n'              65 'train.csv:2:2: found nothing; expected a finite number'
csv_case '1,2,0\n1,1\n'               65 'train.csv:2:2: found 2 columns; expected 3, as in the first row'
csv_case '1,2,0\n1,2,3,1\n'           65 'train.csv:2:4: found 4 columns; expected 3, as in the first row'
csv_case '1,2,0\n1,2,-1\n'            65 'train.csv:2:3: found -1; expected a class: a whole number from 0'
csv_case '1,2,0\n1,2,0.5\n'           65 'train.csv:2:3: found 0.5; expected a class: a whole number from 0'
csv_case '1,2,0\n1,\0,1\n'            65 'train.csv:2:2: found a NUL byte; expected text'
csv_case '1\n2\n'                     65 'train.csv:1:1: found 1 column; expected values and a label, parted by commas'
csv_case '1,2,0\n'                    65 'csv: found no test rows; expected at least one'
csv_case '1,2,1\n1,2,1\n'             65 'csv: found no training row of class 0; expected some of every class from 0 to 1'
csv_case '1,2,0\n1,2,1\n1,2,0\n'      65 'csv: found label 1 in test row 0; expected 0 to 0, the classes of its training rows'
csv_case '1,2,0\n1,2,0\n1,2,1\n1,2,0' 65 'csv: found 1 training and 0 test rows for task 2; expected some of both'
csv_case '1,2,0\n1,2,0\n1,2,1\n1,2,1\n1,2,2\n1,2,2\n' 78 \
  's.yaml:4:25: stream.split.tasks: found 2 tasks; expected a number that divides the 3 classes of csv'
scenario "$csv, shape: [3, 1]"
csv_case '1,2,0\n1,2,0\n1,2,1\n1,2,1\n' 78 \
  's.yaml:3:58: data.shape: found 3 values; expected 2, the columns of train.csv without the label'
scenario "$csv, normalize: standard"
csv_case '5,5,0\n5,5,0\n5,5,1\n5,5,1\n' 65 'csv: found equal values in all training rows; expected some spread to normalise by'
scenario "$csv" 'split: {order: [[0], [2]]}'
csv_case '1,2,0\n1,2,0\n1,2,1\n1,2,1\n' 78 \
  's.yaml:4:25: stream.split.order: found class 2 in task 2; expected 0 to 1, the classes of csv'
scenario "$csv"
rm train.csv
expect 'no `train.csv`' 66 'train.csv: found no such file, packed (.gz) or not; expected a data file'
mkdir train.csv
expect 'a folder `train.csv`' 66 'train.csv: found a folder; expected a data file'
rmdir train.csv
mkfifo train.csv
expect 'a FIFO `train.csv`' 66 'train.csv: found a device, pipe or socket; expected a data file'
rm train.csv
printf '1,2,0\n' > train.csv.gz
expect '`train.csv.gz`, not packed' 65 'train.csv.gz: found no gzip stream; expected one, as the name ends in .gz'
printf '1,2,0\n1,2,0\n1,2,1\n1,2,1\n' | gzip -n > whole.gz
head -c 20 whole.gz > train.csv.gz
expect '`train.csv.gz`, cut off' 65 'train.csv.gz: found a gzip stream that is cut off (member 1, byte 20); expected a whole one'
{ cat whole.gz; printf 'garbage'; } > train.csv.gz
expect '`train.csv.gz` and other bytes behind it' 65 'train.csv.gz: found other bytes behind gzip member 1; expected the end of the file'
in_table || head -c 33554432 /dev/zero | tr '\0' 1 | gzip > train.csv.gz # one line without an end
expect '`train.csv.gz` with a line of 32 MiB' 65 'train.csv.gz: found a line of more than 16777216 bytes; expected shorter ones'

# ---- idx ----
scenario "set: idx, train_images: xi, train_labels: xl, test_images: ti, test_labels: tl"
good() {
  printf '\0\0\10\2\0\0\0\4\0\0\0\2abcdefgh' > xi
  printf '\0\0\10\1\0\0\0\4\0\1\0\1' > xl
  printf '\0\0\10\2\0\0\0\2\0\0\0\2abcd' > ti
  printf '\0\0\10\1\0\0\0\2\0\1' > tl
  rm -f xi.gz
}
idx_case() { # FILE BYTES CODE WORDS
  good
  printf "$2" > "$1"
  expect "\`$1\`: \`$2\`" "$3" "$4"
}
idx_case xi '\1\2\3\4'                             65 'xi: found magic 01020304; expected 000008 and a rank of 1 to 4, an IDX file of bytes'
idx_case xi '\0\0\15\1\0\0\0\1\0\0\0\0'            65 'xi: found magic 00000d01; expected 000008 and a rank of 1 to 4, an IDX file of bytes'
idx_case xi '\0\0\10\2\0\0\0\4\0\0\0\0'            65 'xi: found 0 as size 2; expected sizes above 0 and at most 64 GiB in all'
idx_case xi '\0\0\10\2\377\377\377\377\377\377\377\377' 65 'xi: found 4294967295 as size 2; expected sizes above 0 and at most 64 GiB in all'
idx_case xi '\0\0\10\2\0\0\0\4\0\0\0\2abcdefg'     65 'xi: found 19 bytes; expected 20, as its header declares'
idx_case xi '\0\0\10\2\0\0\0\4\0\0\0\2abcdefghi'   65 'xi: found 21 bytes; expected 20, as its header declares'
idx_case xi '\0\0\10\2\0\0'                        65 'xi: found 2 bytes where 8 more are declared; expected a whole file'
idx_case xi ''                                     65 'xi: found 0 bytes where 4 more are declared; expected a whole file'
idx_case xi '\0\0\10\1\0\0\0\4abcd'                65 'xi: found rank 1; expected 2 to 4, rows of values'
idx_case xl '\0\0\10\1\0\0\0\3\0\1\0'              65 'xl: found 3 labels for the 4 rows of xi; expected as many'
idx_case xl '\0\0\10\2\0\0\0\4\0\0\0\1\0\1\0\1'    65 'xl: found rank 2; expected 1, labels'
idx_case ti '\0\0\10\2\0\0\0\2\0\0\0\3abcdef'      65 'ti: found rows of shape [3]; expected [2], as in xi'
idx_case tl '\0\0\10\1\0\0\0\2\0\7'                65 'idx: found label 7 in test row 1; expected 0 to 1, the classes of its training rows'
good
rm tl
expect 'no `tl`' 66 'tl: found no such file, packed (.gz) or not; expected a data file'
good
rm xi # a small header before 100 MB of zeros: reading stops one byte behind what it declares
in_table || { printf '\0\0\10\2\0\0\0\4\0\0\0\2'; head -c 104857600 /dev/zero; } | gzip -1 > xi.gz
expect '`xi.gz` with 100 MiB behind its declared end' 65 'xi.gz: found bytes behind the declared end; expected none'

# ---- sets by name ----
scenario "set: mnist"
expect 'no folder of mnist' 66 '@/none/mnist/train-images-idx3-ubyte[.gz]: found no such file; expected the files of mnist in @/none/mnist' \
  PERDURE_DATA="$work/none"
scenario "set: fashion-mnist, root: none"
expect 'no folder of fashion-mnist' 66 'none/fashion-mnist/train-images-idx3-ubyte[.gz]: found no such file; expected the files of fashion-mnist in none/fashion-mnist'

cases_end

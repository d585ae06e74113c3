#!/usr/bin/env bash
# Bad data as a user meets it: each file is made, `perdure run` and `perdure check` read it, and their words, exit code and the
# absence of a run folder are compared (what is not there at all, `check` leaves to `run`). `@` in the expected words stands for the folder with the files.
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

# checked INPUT CODE WORDS: the same of `check`, which takes nothing that is not there for a fault
checked() {
  timeout 60 "$perdure" check s.yaml > answer 2> errors
  local answer=$?
  if [ "$2" -eq 66 ] && grep -q '^perdure: data: .* is not at hand; its checks wait for run$' errors; then
    same "$1 (check)" '(exit 0)' "(exit $answer)"
  else
    same "$1 (check)" "perdure: error: $3 (exit $2)" "$(grep '^perdure: error: ' errors | tail -n 1) (exit $answer)"
  fi
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
  [ $# -gt 0 ] || checked "$input" "$code" "$words"
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

# ---- cifar ----
scenario "set: cifar10, root: ."
ten() { # six files of ten records: labels 0 to 9
  mkdir -p cifar10
  for label in 0 1 2 3 4 5 6 7 8 9; do printf "\\$(printf %o "$label")"; head -c 3072 /dev/zero; done > records
  for name in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
    cp records "cifar10/$name.bin"
    rm -f "cifar10/$name.bin.gz"
  done
}
expect 'no folder of cifar10' 66 './cifar10/data_batch_1.bin[.gz]: found no such file; expected the files of cifar10 in ./cifar10'
ten
rm cifar10/test_batch.bin
expect 'no `test_batch.bin`' 66 './cifar10/test_batch.bin[.gz]: found no such file; expected the files of cifar10 in ./cifar10'
ten
printf 'x' >> cifar10/data_batch_3.bin
expect '`data_batch_3.bin` with a byte behind its last record' 65 './cifar10/data_batch_3.bin: found 30731 bytes; expected a multiple of 3073, the bytes of a record'
ten
: > cifar10/data_batch_3.bin
expect '`data_batch_3.bin`, empty' 65 './cifar10/data_batch_3.bin: found 0 bytes; expected a multiple of 3073, the bytes of a record'
ten
printf '\12' | dd of=cifar10/data_batch_2.bin bs=1 seek=$((3073 * 7)) conv=notrunc 2> dd.words
expect '`data_batch_2.bin` with label 10' 65 './cifar10/data_batch_2.bin: found label 10 in record 7; expected 0 to 9'
ten
gzip -c cifar10/data_batch_4.bin | head -c 60 > cifar10/data_batch_4.bin.gz
rm cifar10/data_batch_4.bin
expect '`data_batch_4.bin.gz`, cut off' 65 './cifar10/data_batch_4.bin.gz: found a gzip stream that is cut off (member 1, byte 60); expected a whole one'
ten
rm cifar10/data_batch_4.bin
in_table || head -c 104857600 /dev/zero | gzip -1 > cifar10/data_batch_4.bin.gz
expect '`data_batch_4.bin.gz`: 100 MiB of zeros' 65 './cifar10/data_batch_4.bin.gz: found more than 30730000 bytes; expected at most that'
ten
printf 'cat\ndog\n' > cifar10/batches.meta.txt
expect '`batches.meta.txt` of two lines' 65 './cifar10/batches.meta.txt: found 2 names; expected 10, one a class'
rm cifar10/batches.meta.txt
scenario "set: cifar100, labels: coarse, root: ."
mkdir cifar100
{ printf '\0\144'; head -c 3072 /dev/zero; } > cifar100/train.bin && cp cifar100/train.bin cifar100/test.bin
expect '`train.bin` of cifar100 with fine label 100' 65 './cifar100/train.bin: found label 100 in record 0; expected 0 to 99'

# ---- npy ----
scenario "set: npy, train: x.npy, train_labels: xl.npy, test: t.npy, test_labels: tl.npy"
npy() { # FILE DICT VALUES: as NumPy writes them, in 128 bytes of header
  { printf '\223NUMPY\1\0\166\0%-117s\n' "$2"; printf "$3"; } > "$1"
}
arrays() {
  npy x.npy  "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2), }" 'abcdefgh'
  npy xl.npy "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }"   '\0\1\0\1'
  npy t.npy  "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }" 'ABCD'
  npy tl.npy "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }"   '\0\1'
  rm -f x.npy.gz
}
npy_case() { # FILE DICT VALUES CODE WORDS
  arrays
  npy "$1" "$2" "$3"
  expect "\`$1\`: \`$2\`" "$4" "$5"
}
types='expected one of |u1, |i1, <u2, <i2, <u4, <i4, <u8, <i8, <f4, <f8'
npy_case x.npy "{'descr': '|O', 'fortran_order': False, 'shape': (4, 2), }" 'abcdefgh' 65 "x.npy: found dtype |O; $types"
npy_case x.npy "{'descr': '>f4', 'fortran_order': False, 'shape': (4, 2), }" 'abcdefgh' 65 "x.npy: found dtype >f4; $types"
npy_case x.npy "{'descr': '|u1', 'fortran_order': True, 'shape': (4, 2), }" 'abcdefgh' 65 \
  'x.npy: found fortran_order: True; expected False'
npy_case x.npy "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2), }" 'abcdefg' 65 \
  'x.npy: found 135 bytes; expected 136, as its header declares'
npy_case x.npy "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2), }" 'abcdefghi' 65 \
  'x.npy: found 137 bytes; expected 136, as its header declares'
npy_case x.npy "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 0), }" '' 65 \
  'x.npy: found 0 as size 2; expected sizes above 0 and at most 64 GiB in all'
npy_case x.npy "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967295, 4294967295), }" '' 65 \
  'x.npy: found 4294967295 as size 2; expected sizes above 0 and at most 64 GiB in all'
npy_case x.npy "{'descr': '|u1', 'fortran_order': False, 'shape': (8,), }" 'abcdefgh' 65 \
  'x.npy: found rank 1; expected 2 to 4, rows of values'
npy_case x.npy "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 1, 3), }" 'abcdef' 65 \
  'x.npy: found rows of shape [2, 1, 3], with the channels last; expected them first'
npy_case x.npy "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2)" 'abcdefgh' 65 \
  "x.npy: found a line's end at byte 117 of its header; expected a comma or }"
npy_case x.npy "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2), 'descr': 1}" 'abcdefgh' 65 \
  "x.npy: found 'descr' at byte 58 of its header; expected one of 'descr', 'fortran_order', 'shape', each once"
npy_case x.npy "__import__('os').system('id')" 'abcdefgh' 65 'x.npy: found __import__ at byte 0 of its header; expected {'
npy_case x.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }" '\0\0\0\0\0\0\300\177' 65 \
  'x.npy: found nan in row 0, value 1; expected a finite number in float32'
npy_case x.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }" '\0\0\200\177\0\0\0\0' 65 \
  'x.npy: found inf in row 0, value 0; expected a finite number in float32'
npy_case xl.npy "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }" '\0\1\0' 65 \
  'xl.npy: found 3 labels for the 4 rows of x.npy; expected as many'
npy_case xl.npy "{'descr': '|i1', 'fortran_order': False, 'shape': (4,), }" '\0\1\377\0' 65 \
  'xl.npy: found -1 in row 2; expected a class: a whole number from 0'
npy_case xl.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }" '\0\0\0\0' 65 \
  'xl.npy: found dtype <f4; expected whole numbers, labels'
npy_case tl.npy "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }" '\0\7' 65 \
  'npy: found label 7 in test row 1; expected 0 to 1, the classes of its training rows'
npy_case t.npy "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }" 'ABCDEF' 65 \
  't.npy: found rows of shape [3]; expected [2], as in x.npy'
arrays
printf 'PK\3\4some archive' > x.npy
expect '`x.npy`: a ZIP archive' 65 'x.npy: found magic 504b0304736f; expected 934e554d5059, that of an npy file'
arrays
gzip x.npy
printf 'garbage' >> x.npy.gz
expect '`x.npy.gz` with garbage behind it' 65 'x.npy.gz: found other bytes behind gzip member 1; expected the end of the file'
arrays
in_table || { cat x.npy; head -c 104857600 /dev/zero; } | gzip -1 > x.npy.gz
rm x.npy
expect '`x.npy.gz` with 100 MiB behind its declared end' 65 'x.npy.gz: found bytes behind the declared end; expected none'
arrays
rm tl.npy
expect 'no `tl.npy`' 66 'tl.npy: found no such file, packed (.gz) or not; expected a data file'

# ---- data that do not fit the scenario ----
scenario "set: synthetic, train_rows: 5"
expect 'five rows of ten classes' 78 's.yaml:3:36: data.train_rows: found 5 rows; expected at least 10, one a class'
scenario "set: synthetic, test_rows: 3" 'split: {tasks: 5}'
expect 'three test rows of ten classes' 65 'synthetic: found 1200 training and 0 test rows for task 3; expected some of both'
scenario "set: synthetic, shape: [64], augment: [flip]"
expect '`augment` of rows [64]' 78 's.yaml:3:46: data.augment: found augmentations of rows of shape [64]; expected rows [C, H, W] or [H, W]'
scenario "set: synthetic, shape: [64], pad: 2"
expect '`pad` of rows [64]' 78 's.yaml:3:42: data.pad: found 2 for rows of shape [64]; expected rows [C, H, W] or [H, W]'
scenario "set: synthetic, augment: [{crop: 2}]" 'split: {by: permutation, tasks: 2}'
expect '`augment` of permuted rows' 78 's.yaml:3:33: data.augment: found augmentations of permuted rows, whose values have no neighbours; expected none'
scenario "set: synthetic, shape: [3, 8, 6], augment: [flip, {crop: 6}]"
expect '`crop: 6` of rows [3, 8, 6]' 78 's.yaml:3:65: data.augment[1].crop: found 6; expected less than 6, the side of rows of shape [3, 8, 6]'
scenario "set: synthetic, shape: [64]" 'split: {by: rotation, tasks: 2}'
expect 'rows [64] that are to be turned' 78 's.yaml:4:22: stream.split.by: found rotation of rows of shape [64]; expected rows [C, H, W] or [H, W]'
scenario "set: synthetic, train_rows: 20, validation: 0.9"
expect '`validation: 0.9` of two rows a class' 78 's.yaml:3:52: data.validation: found 0.9, which leaves no training row of class 0 in task 1, of 2; expected less'
scenario "set: synthetic, train_rows: 20, validation: 0.1"
expect '`validation: 0.1` of two rows a class' 78 's.yaml:3:52: data.validation: found 0.1, which holds out none of the 10 training rows of task 1; expected more, or 0'
scenario "set: digits" 'split: {tasks: 2}}, training: {batch: 100000'
sed -i 's/}, training: {/}\ntraining: {/' s.yaml
expect '`batch: 100000` of digits' 78 's.yaml:5:19: training.batch: found 100000; expected at most 1438, the training rows of digits'
scenario "$csv"
for i in $(seq 300); do printf '%d,%d,%d\n' "$((i % 75))" 7 "$((i / 2 % 2))"; done > train.csv
sed -i 's/^methods/training: {batch: 4}\nmethods/' s.yaml
expect 'every test row is a training row' 65 'train.csv: found 150 test rows that are training rows too (test row 0 is training row 38); expected none'

# ---- networks that do not fit the data ----
# network LINE: below stream, of data with rows [1, 8, 8]
network() {
  scenario "set: digits"
  sed -i "s/^device/$1\ndevice/" s.yaml
}
network 'network: {type: layers, layers: [{conv: 8}, {max_pool: 20}]}'
expect 'a pool that is larger than its map' 78 's.yaml:5:45: network.layers[1]: found an input of shape [8, 8, 8] and a kernel of 20; expected maps at least as large as the kernel'
network 'network: {type: layers, layers: [{linear: 8}, {conv: 8}]}'
expect 'a convolution behind units' 78 's.yaml:5:47: network.layers[1]: found an input of shape [8]; expected maps of shape [channels, height, width]'
scenario "set: synthetic, shape: [64]"
sed -i 's/{name: finetune}/{name: a, set: {network.type: resnet18}}/' s.yaml
expect 'a residual network over rows [64]' 78 's.yaml:6:26: methods[0].set: network: found rows of rank 1; expected rows of shape [channels, height, width] or [height, width]'

# ---- what `check` leaves to `run` ----
# absent DATA WORD: not there, and good as far as it can be known
absent() {
  in_table && return
  scenario "$1"
  "$perdure" check s.yaml > answer 2> errors
  same "check of $1" "perdure: data: $2 is not at hand; its checks wait for run (exit 0)" "$(cat errors) (exit $?)"
  same "check of $1" false "$("$perdure" check --json s.yaml 2> errors | python3 -c 'import json, sys; print(str(json.load(sys.stdin)["data_read"]).lower())')"
}
absent 'set: cifar10, root: none' cifar10
absent 'set: csv, train: none.csv, test_every: 2' none.csv
absent 'set: npy, train: x.npy, train_labels: xl.npy, test: t.npy, test_labels: none.npy' none.npy

# ---- a file that changes while it is read ----
scenario "$csv"
seq 400000 | sed 's/$/,1,0/' > train.csv
in_table || (until [ -e stop ]; do touch train.csv; done) &
expect 'a file that is touched while it is read' 65 'train.csv: found a file that changed while it was read; expected one that stays as it is'
touch stop
wait

cases_end

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_symbols.sh SCRIPT ARCHIVE TABLE DIR: the build of the private libbpf refuses a table that does not fit.
# Tools as in private_libbpf.sh.
set -u
script=$1 archive=$2 table=$3 dir=$4
failed=0
mkdir -p "$dir"

# refuses WHAT TEXT: with the table $dir/table, the script fails and says TEXT.
refuses() {
  if output=$(sh "$script" "$archive" "$dir/table" "$dir/out" 2>&1); then
    echo "$1: was accepted"
    failed=1
  elif ! echo "$output" | grep -q "$2"; then
    echo "$1: the message does not say '$2' but: $output"
    failed=1
  fi
}

grep -v '^ioctl ' "$table" > "$dir/table"
refuses "a system symbol that is not listed" "does not list: ioctl"

{ cat "$table"; echo "close allow again"; } > "$dir/table"
refuses "a symbol that is listed twice" "close is listed twice"

sed 's/^syscall  *redirect/syscall ignore/' "$table" > "$dir/table"
refuses "an unknown rule" "expected: symbol rule reason"

{ cat "$table"; echo "no_such_variable expose because"; } > "$dir/table"
refuses "a variable that libbpf does not have" "not one variable no_such_variable"

cp "$table" "$dir/table"
sh "$script" "$archive" "$dir/table" "$dir/out" || { echo "the true table was refused"; failed=1; }
exit $failed

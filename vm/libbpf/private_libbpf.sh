#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# private_libbpf.sh ARCHIVE SYMBOLS OUT
# Makes from the system's static libbpf, by the table SYMBOLS (see there), in the directory OUT:
#   private_libbpf.o    every global symbol prefixed and hidden: neither binds to a libbpf.so in the same process,
#                       nor is exported by a shared library that contains it
#   private_libbpf.hpp  the prefixed names as macros, to include before <bpf/libbpf.h>
#   libbpf_door.o       the same code with libbpf's public names, for hosts that call libbpf's own API
# Tools: $LD $NM $OBJCOPY $READELF $CC.
set -eu
export LC_ALL=C
archive=$1 table=$2 out=$3
prefix=skep_libbpf_

fail() {
  echo "private_libbpf: $*" >&2
  exit 1
}

# symbols_of RULE: the table's symbols with this rule.
symbols_of() {
  awk -v rule="$1" '!/^#/ && $2 == rule { print $1 }' "$table"
}

check_table() {
  awk '/^#/ || NF == 0 { next }
       NF < 3 || $2 !~ /^(allow|redirect|wrap|expose)$/ {
         print FILENAME ":" FNR ": expected: symbol rule reason"; bad = 1 }
       seen[$1]++ { print FILENAME ":" FNR ": " $1 " is listed twice"; bad = 1 }
       END { exit bad }' "$table" >&2 || fail "the table of symbols is broken"
}

# Undefined symbols that the table does not know.
check_undefined() {
  for rule in allow redirect; do symbols_of $rule; done | sort > "$work/known"
  "$NM" --undefined-only --format=posix "$work/all.o" | awk '$1 !~ /^__wrap_/ { print $1 }' | sort > "$work/undefined"
  unknown=$(comm -13 "$work/known" "$work/undefined" | tr '\n' ' ')
  [ -z "$unknown" ] || fail "$archive uses symbols that $table does not list: $unknown" \
    "(each needs a rule, allow or redirect, with its reason)"
}

# Global symbols that the archive defines: libbpf's API and the functions that its files share.
own_symbols() {
  "$NM" --defined-only --extern-only --format=posix "$work/all.o" | awk '{ print $1 }'
}

# Lines "old new" for the rules redirect and wrap.
redirections() {
  symbols_of redirect | sed 's/.*/& skep_sys_&/'
  symbols_of wrap | sed 's/.*/__wrap_& skep_sys_&/'
}

# The compiler numbers static variables of functions (cpus.5). Lines "name numbered_name".
exposed() {
  for name in $(symbols_of expose); do
    numbered=$("$NM" --format=posix "$work/all.o" | awk -v name="$name" '
      $2 ~ /^[bBdD]$/ && ($1 == name || index($1, name ".") == 1) { print $1 }')
    [ "$(echo "$numbered" | wc -w)" = 1 ] || fail "$archive has not one variable $name but: ${numbered:-none}"
    echo "$name $numbered"
  done
}

# ld -r takes the strictest visibility, so references that are hidden hide the definitions.
# hide OBJECT OUT NAMES
hide() {
  { sed 's/.*/.hidden &/' "$3"; echo '.section .note.GNU-stack,"",@progbits'; } > "$work/hidden.s"
  "$CC" -c "$work/hidden.s" -o "$work/hidden.o"
  "$LD" -r "$1" "$work/hidden.o" -o "$2"
}

make_private() {
  own_symbols > "$work/own"
  { redirections
    awk -v prefix=$prefix '{ print $1, prefix $1 }' "$work/own"
    awk -v prefix=$prefix '{ print $2, prefix $1 }' "$work/exposed"
  } > "$work/renamed"
  awk '{ print $2 }' "$work/exposed" > "$work/globalized"
  # Two steps: objcopy looks names up as they were, whatever the order of its options.
  "$OBJCOPY" --globalize-symbols="$work/globalized" "$work/all.o" "$work/global.o"
  "$OBJCOPY" --redefine-syms="$work/renamed" "$work/global.o" "$work/prefixed.o"
  { cat "$work/own"; awk '{ print $1 }' "$work/exposed"; } | sed "s/^/$prefix/" > "$work/hidden"
  hide "$work/prefixed.o" "$work/private_libbpf.o" "$work/hidden"
}

check_private() {
  "$READELF" --syms --wide "$work/private_libbpf.o" | awk -v prefix=$prefix '
    ($5 == "GLOBAL" || $5 == "WEAK") && $7 != "UND" && ($6 != "HIDDEN" || index($8, prefix) != 1) {
      print $8 " is " $6; bad = 1 }
    END { exit bad }' >&2 || fail "the private copy still defines these symbols for everyone"
}

make_header() {
  cache=$("$NM" --print-size --format=posix "$work/all.o" | awk '$1 == "feature_cache" { print $4 }')
  [ -n "$cache" ] || fail "$archive has no feature_cache"
  {
    echo "// Made by private_libbpf.sh: libbpf's functions under the names of Skep's private copy."
    echo "// Include it before any header of libbpf."
    echo "#pragma once"
    # The API only: the files' shared functions have everyday names that would hit other code.
    awk -v prefix=$prefix '/^(bpf|btf|libbpf|perf|ring|user_ring)_/ { print "#define " $1 " " prefix $1 }' "$work/own"
    echo "#define SKEP_LIBBPF_FEATURE_CACHE_SIZE 0x$cache"
  } > "$work/private_libbpf.hpp"
}

make_door() {
  redirections > "$work/redirected"
  "$OBJCOPY" --redefine-syms="$work/redirected" "$work/all.o" "$work/libbpf_door.o"
}

mkdir -p "$out"
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

check_table
"$LD" -r $(symbols_of wrap | sed 's/^/--wrap=/') --whole-archive "$archive" -o "$work/all.o"
check_undefined
exposed > "$work/exposed"
make_private
check_private
make_header
make_door
mv "$work/private_libbpf.o" "$work/private_libbpf.hpp" "$work/libbpf_door.o" "$out/"

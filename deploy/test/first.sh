# What each package has to do, read by the scripts beside this one.
# shellcheck shell=bash
set -euo pipefail
die() { echo "$*" >&2; exit 1; }

for compiler in cc gcc rustc cargo go; do
  ! command -v "$compiler" >/dev/null || die "this root is not bare: it has $compiler"
done

# first_turn [FOLDER]: a turn and the suite with the programs of a folder, or of the path.
first_turn() {
  local at=${1:+$1/} data began=$SECONDS adapter endpoint=""
  data=$(mktemp -d)
  "${at}mortise-host" run --data "$data/host" "What is 12 times 34?" > "$data/turn" 2>&1 || { cat "$data/turn" >&2; die "the turn failed"; }
  grep -q '408' "$data/turn" || { cat "$data/turn" >&2; die "the answer is not 408"; }
  [ $((SECONDS - began)) -lt 60 ] || die "the first turn took $((SECONDS - began)) s"
  echo "first turn: $((SECONDS - began)) s"

  head -c 32 /dev/urandom > "$data/key"
  # There before it is read.
  : > "$data/adapter"
  "${at}mortise-adapter" --listen 127.0.0.1:0 --database "sqlite:$data/mortise.db" \
    --key-file "$data/key" --test-seed > "$data/adapter" 2> "$data/adapter.log" &
  adapter=$!
  while kill -0 "$adapter" 2>/dev/null; do
    endpoint=$(sed -n 's/^listening at //p' "$data/adapter")
    [ -z "$endpoint" ] || break
    read -rt 0.1 <> <(:) || true
  done
  [ -n "$endpoint" ] || { cat "$data/adapter.log" >&2; die "the adapter does not listen"; }
  "${at}mortise-contract" --endpoint "$endpoint" --level core > "$data/suite" 2>&1 || { tail -n 40 "$data/suite" >&2; die "the suite failed"; }
  tail -n 3 "$data/suite"
  kill "$adapter"
  wait "$adapter" || die "the adapter ended with $?"
  for program in mortise-host mortise-adapter mortise-contract; do
    [[ $("${at}$program" --version) == "$program "* ]] || die "$program --version names another program"
  done
}

# The manual pages and completions below a prefix.
manual_is_there() {
  local prefix=$1 name
  for name in mortise-host mortise-adapter mortise-contract; do
    zcat "$prefix/share/man/man1/$name.1.gz" | grep -q '^.SH NAME\|^\.SH NAME\|SYNOPSIS' || die "$name(1) is empty"
    # shellcheck disable=SC1090
    (. "$prefix/share/bash-completion/completions/$name" && complete -p "$name" >/dev/null) || die "no completion of $name"
  done
  zcat "$prefix/share/man/man1/mortise-host-serve.1.gz" | grep -q 'socket' || die "mortise-host-serve(1) lacks --socket-mode"
}

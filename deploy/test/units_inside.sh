#!/usr/bin/env bash
# The units as they are shipped, started by systemd as two users.
set -euo pipefail
trap 'code=$?; [ "$code" = 0 ] || journalctl --no-pager --lines 60; exit "$code"' EXIT
die() { echo "$*" >&2; exit 1; }
# as USER PATH: whether a user can connect to a socket.
as() {
  setpriv --reuid "$1" --regid "$(id -g "$1")" --init-groups python3 -c '
import socket, sys
socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$2" 2>/dev/null
}

dpkg -i /dist/mortise_*.deb >/dev/null
systemctl enable --now --quiet mortise-adapter mortise-host
python3 /test/turn.py ready http://127.0.0.1:7452
mortise-adapter import /etc/mortise/platform.yaml --key-file /etc/mortise/adapter.key \
  --database sqlite:/var/lib/mortise-adapter/mortise.db
python3 /test/turn.py turn http://127.0.0.1:7451

for unit in mortise-adapter mortise-host; do
  pid=$(systemctl show --property MainPID --value "$unit")
  user=$(stat -c %U "/proc/$pid")
  [ "$user" = "$unit" ] || die "$unit runs as $user"
done
adapter=/run/mortise-adapter/adapter.sock host=/run/mortise-host/host.sock
[ "$(stat -c '%a %U %G' $adapter)" = "660 mortise-adapter mortise-adapter" ] || die "$adapter: $(stat -c '%a %U %G' $adapter)"
[ "$(stat -c '%a %U %G' $host)" = "660 mortise-host mortise-host" ] || die "$host: $(stat -c '%a %U %G' $host)"

useradd --groups mortise-host app
useradd stranger
as mortise-host $adapter || die "the host's user cannot reach the adapter"
as app $host || die "an application in the host's group cannot reach the host"
! as app $adapter || die "an application reaches the adapter past the host"
! as stranger $host || die "a user outside the group reaches the host"

# What was stored is there after a restart of both, and they stop in good order.
systemctl restart mortise-adapter mortise-host
python3 /test/turn.py ready http://127.0.0.1:7452
python3 /test/turn.py turn http://127.0.0.1:7451
systemctl stop mortise-host mortise-adapter
for unit in mortise-adapter mortise-host; do
  result=$(systemctl show --property Result --value "$unit")
  [ "$result" = success ] || die "$unit ended with $result"
done
dpkg --remove mortise >/dev/null
echo "units: two users, two turns, stopped in good order"

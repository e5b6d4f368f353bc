#!/usr/bin/env bash
# compose.sh DIST: runs the services of compose.yaml as it describes them - image, user,
# command, variables, secrets, files - with runc in place of an engine, beside a PostgreSQL
# with the password of secrets.sh, and runs a turn through the published port.
set -euo pipefail
if [ "${2:-}" != --inside ]; then
  exec unshare --mount --net --fork --kill-child "$0" "$1" --inside
fi
dist=$1 here=$(cd "$(dirname "$0")" && pwd)
die() { echo "$*" >&2; exit 1; }
mount --make-rprivate /
ip link set lo up
work=$(mktemp -d)
mount -t tmpfs -o mode=0755 tmpfs "$work"
cleanup() {
  for name in host adapter; do
    runc --root "$work/runc" kill "$name" TERM 2>/dev/null || true
  done
  wait
}
trap cleanup EXIT

# As a user does: in a copy of deploy/, so that the checkout stays as it is.
cp -a "$here/.." "$work/deploy"
"$work/deploy/docker/secrets.sh"
(cd / && "$work/deploy/docker/secrets.sh")
password=$(sed -n 's/^POSTGRES_PASSWORD=//p' "$work/deploy/docker/.env")
printf '127.0.0.1 localhost postgres adapter host\n' > "$work/hosts"

# PostgreSQL at the address and with the user that compose.yaml gives it.
programs=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
install -d -o postgres "$work/postgres"
printf %s "$password" > "$work/password"
chmod 0644 "$work/password"
as_postgres() { (cd / && setpriv --reuid postgres --regid postgres --clear-groups "$@"); }
as_postgres "$programs/initdb" --auth=scram-sha-256 --username=mortise --pwfile="$work/password" --no-sync --pgdata "$work/postgres/data" >/dev/null
as_postgres "$programs/pg_ctl" --pgdata "$work/postgres/data" --wait --log "$work/postgres/log" \
  -o "-c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories=$work/postgres" start >/dev/null
PGPASSWORD=$password psql --quiet --host 127.0.0.1 --username mortise --dbname postgres --command 'CREATE DATABASE mortise'

mkdir "$work/layout"
tar -xf "$dist"/mortise-*-oci.tar -C "$work/layout"
version=$(basename "$dist"/mortise-*-oci.tar | sed 's/^mortise-\(.*\)-oci.tar$/\1/')
case $(uname -m) in x86_64) arch=amd64 ;; *) arch=arm64 ;; esac
umoci unpack --image "$work/layout:$version-$arch" "$work/image"

# service NAME: runs it in the foreground.
service() {
  local name=$1 bundle=$work/$1
  cp -al "$work/image" "$bundle"
  rm "$bundle/config.json"
  cp "$work/image/config.json" "$bundle/config.json"
  # A new volume has the owner and mode of the folder of the image that it covers.
  install -d "$work/volume-$name"
  chown --reference "$bundle/rootfs/var/lib/mortise" "$work/volume-$name"
  "$MORTISE_DEPLOY_PYTHON" "$here/service.py" "$work/deploy/docker" "$name" "$bundle" "$work/volume-$name" "$work/hosts"
  runc --root "$work/runc" run --bundle "$bundle" "$name"
}
service host > "$work/host.log" 2>&1 &
service adapter > "$work/adapter.log" 2>&1 &
service import > "$work/import.log" 2>&1 || { cat "$work/import.log" "$work/adapter.log" >&2; die "the import failed"; }
python3 "$here/turn.py" ready http://127.0.0.1:7452 || { cat "$work/host.log" "$work/adapter.log" >&2; exit 1; }
python3 "$here/turn.py" turn http://127.0.0.1:7451 "$work/deploy/docker/secrets/app-token"
# Nobody without the token, from this machine neither.
python3 "$here/turn.py" turn http://127.0.0.1:7451 2>/dev/null && die "a caller without a token was served"
# The folder keeps the secrets from others on the machine.
[ "$(stat -c %a "$work/deploy/docker/secrets")" = 700 ] || die "secrets/ is open"
[ "$(stat -c %a "$work/deploy/docker/.env")" = 600 ] || die ".env is open"
# Again, the import changes nothing.
rm -rf "$work/import"
service import > "$work/import.log" 2>&1
tail -n 1 "$work/import.log" | grep -q unchanged || { cat "$work/import.log" >&2; die "the second import changed something"; }
echo "compose: host, adapter and import ran as user 65532"

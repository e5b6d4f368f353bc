#!/usr/bin/env bash
# image.sh DIST: unpacks the image layout and runs its programs with runc, as an engine does:
# as the image's user, on a root that cannot be written, without capabilities.
set -euo pipefail
if [ "${2:-}" != --inside ]; then
  exec unshare --mount --net --fork --kill-child "$0" "$1" --inside
fi
dist=$1 here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mount --make-rprivate /
mount -t tmpfs tmpfs "$work"
ip link set lo up
die() { echo "$*" >&2; exit 1; }

mkdir "$work/layout"
tar -xf "$dist"/mortise-*-oci.tar -C "$work/layout"
version=$(basename "$dist"/mortise-*-oci.tar | sed 's/^mortise-\(.*\)-oci.tar$/\1/')
case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) die "no image for $(uname -m)" ;; esac
python3 "$here/layout.py" "$work/layout" "$version" "$arch"
umoci unpack --image "$work/layout:$version-$arch" "$work/bundle"

# A turn of the host itself, and of the host as it is configured for compose.
mkdir -m 0755 "$work/data"
head -c 32 /dev/urandom > "$work/data/key"
chown -R 65532:65532 "$work/data"
run() { python3 "$here/bundle.py" "$work/bundle" "$work/data" "$@" && runc --root "$work/runc" run --bundle "$work/bundle" "mortise-$$"; }
began=$SECONDS
run /usr/bin/mortise-host run --data /var/lib/mortise "What is 12 times 34?" > "$work/turn" 2>&1 || { cat "$work/turn" >&2; die "the turn failed"; }
grep -q 408 "$work/turn" || { cat "$work/turn" >&2; die "the answer is not 408"; }
echo "first turn: $((SECONDS - began)) s"
[ "$(stat -c %u "$work/data/mortise.db")" = 65532 ] || die "the data are not the image's user's"

run /usr/bin/mortise-adapter --listen unix:/var/lib/mortise/adapter.sock --test-seed \
  --database sqlite::memory: --key-file /var/lib/mortise/key > "$work/adapter" 2>&1 &
adapter=$!
until grep -q '^listening at' "$work/adapter"; do
  kill -0 "$adapter" 2>/dev/null || { cat "$work/adapter" >&2; die "the adapter ended"; }
  read -rt 0.1 <> <(:) || true
done
chroot "$work/bundle/rootfs" /usr/bin/mortise-contract --version
# The suite of the image, on the host's side of the socket.
mount --bind "$work/data" "$work/bundle/rootfs/var/lib/mortise"
chroot "$work/bundle/rootfs" /usr/bin/mortise-contract --endpoint unix:/var/lib/mortise/adapter.sock --level core > "$work/suite" 2>&1 || { tail -n 40 "$work/suite" >&2; die "the suite failed"; }
tail -n 3 "$work/suite"
runc --root "$work/runc" kill "mortise-$$" TERM
wait "$adapter" || die "the adapter ended with $?"

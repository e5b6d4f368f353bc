#!/usr/bin/env bash
# in_root.sh ROOT DIST COMMAND...: runs a command in a fresh copy of a root, in namespaces of
# its own: without network, with the packages at /dist and deploy/test at /test. The copy is
# in memory and gone afterwards. MORTISE_OUT names a folder that it has at /out.
set -euo pipefail
if [ "${1:-}" != --inside ]; then
  exec unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child "$0" --inside "$@"
fi
shift
lower=$1 dist=$2; shift 2
tests=$(cd "$(dirname "$0")" && pwd)
mount --make-rprivate /
top=$(mktemp -d)
mount -t tmpfs tmpfs "$top"
mkdir "$top"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$top/upper,workdir=$top/work" "$top/root"
cd "$top/root"
mkdir -p dist test out
mount --bind -o ro "$dist" dist
mount --bind -o ro "$tests" test
[ -z "${MORTISE_OUT:-}" ] || mount --bind "$MORTISE_OUT" out
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=0755 tmpfs dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
hostname bare
printf '127.0.0.1 localhost bare\n' > etc/hosts
ip link set lo up
mount -t sysfs sysfs sys
# Groups of processes of its own, for a systemd in here: the unified hierarchy where the
# machine uses it, else one in which nothing is limited.
if mount -t cgroup2 cgroup2 sys/fs/cgroup && [ ! -s sys/fs/cgroup/cgroup.controllers ]; then
  umount sys/fs/cgroup
  mount -t tmpfs tmpfs sys/fs/cgroup
  mkdir sys/fs/cgroup/systemd
  mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
fi
: > etc/machine-id
# The root itself, and not a chroot: systemd mounts below it for each unit.
mkdir .old
pivot_root . .old
cd /
umount -l .old
rmdir .old
# systemd hands credentials to its units through mounts that spread.
mount --make-rshared /
exec /usr/bin/env -i container=mortise-test HOME=/root LANG=C.UTF-8 \
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"

#!/usr/bin/env bash
# Holds what deploy/ ships against its promise: packages are made from the programs in
# MORTISE_BIN_DIR, each is installed on a bare Debian without network and compilers, and runs
# a turn and the contract suite there; systemd starts the units as two users; compose's
# services run with its secrets; the manifests and the chart fit the schemas of Kubernetes.
#
#   MORTISE_BIN_DIR=target/debug deploy/test.sh [PART...]
#
# The parts: manifests, tar, deb, units, wheel, npm, image, compose. It takes root, for
# namespaces of its own. `tests/run` installs what it needs.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${MORTISE_CACHE:-$HOME/.cache/mortise}
bin=${MORTISE_BIN_DIR:?name the folder with the programs}
export MORTISE_HELM=${MORTISE_HELM:-$cache/bin/helm}
export MORTISE_DEPLOY_PYTHON=${MORTISE_DEPLOY_PYTHON:-$cache/deploy-venv/bin/python}
parts=("$@")
# Whether this user may make a root of their own, as in_root.sh does.
can_make_roots() {
  unshare --mount --net --pid --fork sh -euc '
    mount --make-rprivate /
    top=/mnt
    mount -t tmpfs tmpfs "$top"
    mkdir "$top/upper" "$top/work" "$top/root"
    mount -t overlay overlay -o "lowerdir=/usr,upperdir=$top/upper,workdir=$top/work" "$top/root"
    mkdir "$top/proc"
    mount -t proc proc "$top/proc"' 2>/dev/null
}
# A container of CI may have no right to: then what needs none is held.
if [ "${parts[*]}" != manifests ] && ! can_make_roots; then
  echo "deploy: SKIPPED all but the manifests: this user may not make namespaces and mounts" >&2
  parts=(manifests)
fi
[ ${#parts[@]} -gt 0 ] || parts=(manifests tar deb units wheel npm image compose)
# What the parts need, and no list of what the programs are made of: it does not depend on
# how they run.
formats=chart
for name in "${parts[@]}"; do
  case $name in
    units) formats=$formats,deb ;;
    image | compose) formats=$formats,oci ;;
    manifests) ;;
    *) formats=$formats,$name ;;
  esac
done
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { printf '\n== deploy: %s\n' "$*"; }

# debian: the root of a bare Debian, made once.
debian() {
  local root=$cache/roots/bookworm
  [ ! -d "$root" ] || { echo "$root"; return; }
  say "making a root of Debian" >&2
  local new=$root.new
  rm -rf "$new"
  mkdir -p "$cache/roots"
  debootstrap --variant=minbase \
    --include=systemd,systemd-sysv,dbus,ca-certificates,python3-venv,nodejs bookworm "$new" \
    >"$work/debootstrap.log" 2>&1 || { tail -n 20 "$work/debootstrap.log" >&2; return 1; }
  # npm without the 300 packages that Debian makes of it. Debian 12 has Node.js 18.
  mkdir -p "$new/usr/lib/node_modules"
  (cd "$work" && npm pack --silent npm@10.9.4 >/dev/null)
  tar -xzf "$work/npm-10.9.4.tgz" -C "$new/usr/lib/node_modules" --transform 's,^package,npm,'
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$new/usr/bin/npm"
  mv "$new" "$root"
  echo "$root"
}

# in_root SCRIPT: runs a script of deploy/test/ in a fresh copy of the Debian root.
in_root() { deploy/test/in_root.sh "$(debian)" "$work/dist" "/test/$1"; }

part() {
  local name=$1 began=$SECONDS
  say "$name"
  if "part_$name"; then
    passed=$((passed + 1)); echo "ok: $name, $((SECONDS - began)) s"
  else
    failed=$((failed + 1)); echo "FAILED: $name" >&2
  fi
}

part_manifests() { "$MORTISE_DEPLOY_PYTHON" deploy/test/manifests.py; }
part_tar() { in_root tar.sh; }
part_deb() { in_root deb.sh; }
part_wheel() { in_root wheel.sh; }
part_npm() { in_root npm.sh; }
part_units() { deploy/test/units.sh "$(debian)" "$work/dist"; }
part_image() { deploy/test/image.sh "$work/dist"; }
part_compose() { deploy/test/compose.sh "$work/dist"; }

if [ "${parts[*]}" != manifests ]; then
  say "packages of $bin"
  deploy/release/build --bin-dir "$bin" --out "$work/dist" --fast \
    --only "$formats"
  (cd "$work/dist" && sha256sum --quiet --check SHA256SUMS)
fi
for name in "${parts[@]}"; do part "$name"; done
echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

# The formats of a release, a function each. Read by `build`, which sets version, out, work,
# level, programs and commit.
# shellcheck shell=bash disable=SC2154

say() { printf '== release: %s\n' "$*"; }
die() { printf 'release: %s\n' "$*" >&2; exit 1; }

# tool PROGRAM HOW: ends with what to do where a program is missing.
tool() { command -v "$1" >/dev/null || die "$1 is missing; $2"; }

description="gRPC adapters that plug your storage into an Everruns agent runtime"

# The newest version of the C library that a program needs; empty for a static one.
glibc_of() {
  objdump -T "$1" 2>/dev/null | grep -o 'GLIBC_2\.[0-9]*' | sort -V | tail -n 1 | cut -d_ -f2
}

# What a dynamic program needs beside itself, by path.
libraries_of() { ldd "$1" 2>/dev/null | grep -o '/[^ ]*\.so[^ ]*' || true; }

# steady FOLDER: every time in it is the commit's.
steady() { find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +; }

# tarball FILE FOLDER...: of folders in $PWD, the same bytes each time.
tarball() {
  local file=$1; shift
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    --format=gnu --create "$@" | gzip -n "-$level" > "$file"
}

# === tar ===

pack_tar() {
  local machine=$1 prefix=$2 name=mortise-$version
  mkdir -p "$work/tar-$machine"
  cp -al "$prefix" "$work/tar-$machine/$name"
  (cd "$work/tar-$machine" && tarball "$out/$name-$machine-linux.tar.gz" "$name")
}

# === deb ===

pack_deb() {
  local machine=$1 prefix=$2 arch tree=$work/deb-$1 glibc depends=""
  tool dpkg-deb "it comes with Debian"
  case $machine in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) die "$machine has no name in Debian" ;; esac
  mkdir -p "$tree/DEBIAN" "$tree/etc/mortise"
  cp -al "$prefix" "$tree/usr"
  # The configuration that is used; what is changed there survives an upgrade.
  install -m 0644 deploy/systemd/host.toml deploy/platform.yaml "$tree/etc/mortise/"
  printf '%s\n' /etc/mortise/host.toml /etc/mortise/platform.yaml > "$tree/DEBIAN/conffiles"
  glibc=$(glibc_of "$tree/usr/bin/mortise-host")
  [ -z "$glibc" ] || depends="Depends: libc6 (>= $glibc), libgcc-s1"
  install -m 0755 deploy/release/deb/{postinst,prerm,postrm} "$tree/DEBIAN/"
  {
    echo "Package: mortise"
    echo "Version: $version"
    echo "Architecture: $arch"
    echo "Maintainer: Mortise <mortise@localhost>"
    echo "Section: net"
    echo "Priority: optional"
    echo "Installed-Size: $(du -sk "$tree/usr" | cut -f1)"
    [ -z "$depends" ] || echo "$depends"
    echo "Recommends: systemd, ca-certificates"
    echo "Description: $description"
    echo " mortise-host runs agent turns, mortise-adapter is the reference storage on SQLite"
    echo " and PostgreSQL, and mortise-contract checks any adapter server."
  } > "$tree/DEBIAN/control"
  (cd "$tree" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum > DEBIAN/md5sums)
  steady "$tree"
  dpkg-deb --root-owner-group -Zgzip "-z$level" --build "$tree" "$out/mortise_${version}_$arch.deb" >/dev/null
}

# === oci ===

# A root with nothing but the programs, what they link, and the certificates of authorities.
image_root() {
  local prefix=$1 tree=$2 name library
  install -D -m 0755 -t "$tree/usr/bin" "${programs[@]/#/$prefix/bin/}"
  for name in "${programs[@]}"; do
    for library in $(libraries_of "$prefix/bin/$name"); do
      [ -e "$tree$library" ] || install -D -m 0755 "$(realpath "$library")" "$tree$library"
    done
  done
  [ -e /etc/ssl/certs/ca-certificates.crt ] || die "ca-certificates is missing; apt-get install ca-certificates"
  install -D -m 0644 /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/ca-certificates.crt"
  install -D -m 0644 LICENSE "$tree/usr/share/doc/mortise/LICENSE"
  printf 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/var/lib/mortise:/sbin/nologin\n' > "$tree/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' > "$tree/etc/group"
  install -d -m 0755 "$tree/etc/mortise" "$tree/run" "$tree/proc" "$tree/dev" "$tree/sys"
  install -d -m 1777 "$tree/tmp"
  install -d -m 0755 "$tree/var/lib/mortise"
}

pack_oci() {
  local machine=$1 prefix=$2 arch layout=$work/oci tree=$work/image-$1
  tool umoci "apt-get install umoci"
  case $machine in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) die "$machine has no name in images" ;; esac
  image_root "$prefix" "$tree"
  steady "$tree"
  [ -d "$layout" ] || umoci init --layout "$layout"
  local image=$layout:$version-$arch created
  created=$(date -u --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
  umoci new --image "$image"
  # Files belong to root in the image, also if another user builds it. The state's folder is the user's: a new
  # volume takes over its owner.
  umoci insert --uid-map "0:$(id -u):1" --gid-map "0:$(id -g):1" --image "$image" "$tree" /
  umoci insert --uid-map "65532:$(id -u):1" --gid-map "65532:$(id -g):1" --image "$image" "$tree/var/lib/mortise" /var/lib/mortise
  umoci config --image "$image" --os linux --architecture "$arch" --created "$created" \
    --config.user 65532:65532 --config.workingdir /var/lib/mortise \
    --config.entrypoint /usr/bin/mortise-host \
    --config.cmd serve --config.cmd --config --config.cmd /etc/mortise/host.toml \
    --config.exposedports 7450/tcp --config.exposedports 7451/tcp --config.exposedports 7452/tcp \
    --config.stopsignal SIGTERM \
    --config.label "org.opencontainers.image.version=$version" \
    --config.label "org.opencontainers.image.revision=$commit" \
    --config.label "org.opencontainers.image.licenses=Apache-2.0" \
    --config.label "org.opencontainers.image.description=$description"
}

# One index over the images, so that a puller gets that of its architecture.
finish_oci() {
  umoci gc --layout "$work/oci"
  python3 deploy/release/oci_index.py "$work/oci" "$version"
  (cd "$work/oci" && tar --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@$SOURCE_DATE_EPOCH" --format=gnu --create --file "$out/mortise-$version-oci.tar" .)
}

# === wheel ===

# A static program runs with any C library; another one with that of this machine or newer.
wheel_tag() {
  local machine=$1 glibc
  glibc=$(glibc_of "$2")
  case $glibc in
    "") echo "manylinux_2_17_$machine.manylinux2014_$machine.musllinux_1_1_$machine" ;;
    *) echo "manylinux_${glibc/./_}_$machine" ;;
  esac
}

pack_wheel() {
  local machine=$1 prefix=$2 tree=$work/wheel-$1 tag python=${MORTISE_DEPLOY_PYTHON:-python3}
  "$python" -c 'import wheel' 2>/dev/null || die "the Python package wheel is missing; pip install wheel"
  tag=py3-none-$(wheel_tag "$machine" "$prefix/bin/mortise-host")
  install -D -m 0755 -t "$tree/mortise-$version.data/scripts" "${programs[@]/#/$prefix/bin/}"
  install -D -m 0644 LICENSE "$tree/mortise-$version.dist-info/licenses/LICENSE"
  {
    printf 'Metadata-Version: 2.4\nName: mortise\nVersion: %s\nSummary: %s\n' "$version" "$description"
    printf 'License-Expression: Apache-2.0\nLicense-File: LICENSE\nRequires-Python: >=3.8\n'
    printf 'Description-Content-Type: text/markdown\n\n'
    cat deploy/release/package.md
  } > "$tree/mortise-$version.dist-info/METADATA"
  {
    printf 'Wheel-Version: 1.0\nGenerator: mortise-release\nRoot-Is-Purelib: false\n'
    local platform
    for platform in ${tag//./ }; do printf 'Tag: py3-none-%s\n' "${platform#py3-none-}"; done
  } > "$tree/mortise-$version.dist-info/WHEEL"
  steady "$tree"
  "$python" -m wheel pack --dest-dir "$out" "$tree" >/dev/null
}

# === npm ===

node_arch() { case $1 in x86_64) echo x64 ;; aarch64) echo arm64 ;; *) die "$1 has no name in Node.js" ;; esac; }

# A package for each architecture, of which npm installs the one that fits.
pack_npm() {
  local machine=$1 prefix=$2 arch tree=$work/npm-$1
  tool npm "install Node.js"
  arch=$(node_arch "$machine")
  npm_archs+=("$arch")
  install -D -m 0755 -t "$tree/bin" "${programs[@]/#/$prefix/bin/}"
  install -m 0644 LICENSE "$tree/"
  python3 deploy/release/npm_package.py platform "$version" "$arch" > "$tree/package.json"
  steady "$tree"
  (cd "$out" && npm pack --silent "$tree" >/dev/null)
}

pack_npm_main() {
  local tree=$work/npm
  install -D -m 0644 LICENSE "$tree/LICENSE"
  install -m 0644 deploy/release/package.md "$tree/README.md"
  install -D -m 0755 deploy/release/npm/run.js "$tree/run.js"
  local name
  for name in "${programs[@]}"; do
    install -D -m 0755 /dev/stdin "$tree/bin/$name.js" <<< $'#!/usr/bin/env node\n'"require('../run.js')('$name');"
  done
  python3 deploy/release/npm_package.py main "$version" "${npm_archs[@]}" > "$tree/package.json"
  steady "$tree"
  (cd "$out" && npm pack --silent "$tree" >/dev/null)
}
npm_archs=()

# === chart, sbom ===

pack_chart() {
  local helm=${MORTISE_HELM:-helm}
  tool "$helm" "go install helm.sh/helm/v3/cmd/helm@v3.19.5"
  "$helm" package --destination "$work/chart" --version "$version" --app-version "$version" deploy/helm/mortise >/dev/null
  mv "$work/chart/mortise-$version.tgz" "$out/mortise-chart-$version.tgz"
}

# What each program is made of. The tool writes beside the manifests, so it gets a copy.
pack_sbom() {
  cargo cyclonedx --version >/dev/null 2>&1 || die "cargo-cyclonedx is missing; cargo install --locked cargo-cyclonedx"
  local tree=$work/sbom name
  mkdir -p "$tree"
  git archive HEAD | tar --extract --directory "$tree"
  (cd "$tree" && cargo cyclonedx --quiet --format json --spec-version 1.5 --describe binaries \
    --target "$(rustc -vV | sed -n 's/^host: //p')")
  for name in "${programs[@]}"; do
    local found
    found=$(find "$tree" -name "${name}_bin.cdx.json" -print -quit)
    [ -n "$found" ] || die "cargo cyclonedx wrote nothing for $name"
    install -m 0644 "$found" "$out/mortise-$version.$name.cdx.json"
  done
}

#!/usr/bin/env bash
# The Debian package: installed, used, installed again, removed.
. /test/first.sh
dpkg -i /dist/mortise_*.deb
manual_is_there /usr
[ "$(stat -c '%a %s %U' /etc/mortise/adapter.key)" = "600 32 root" ] || die "the key is not root's alone"
getent group mortise-adapter | grep -q ':mortise-host$' || die "the host's user is not in the adapter's group"
first_turn
key=$(sha256sum /etc/mortise/adapter.key)
echo '# mine' >> /etc/mortise/host.toml
dpkg -i /dist/mortise_*.deb </dev/null
[ "$key" = "$(sha256sum /etc/mortise/adapter.key)" ] || die "an upgrade replaced the key"
grep -q '^# mine' /etc/mortise/host.toml || die "an upgrade replaced the configuration"
dpkg --purge mortise
[ ! -e /usr/bin/mortise-host ] || die "the programs stayed"
[ -e /etc/mortise/adapter.key ] || die "the key went with the package"

#!/usr/bin/env bash
# The npm packages, without the registry.
. /test/first.sh
mkdir /opt/app
cd /opt/app
npm install --offline --silent --no-audit --no-fund /dist/mortise-linux-*.tgz "$(ls /dist/mortise-[0-9]*.tgz)"
bin=/opt/app/node_modules/.bin
first_turn "$bin"
# The command ends as its program ends.
code=0
"$bin/mortise-contract" --no-such-flag 2>/dev/null || code=$?
[ "$code" = 2 ] || die "exit code $code instead of 2"

#!/usr/bin/env bash
# The tarball below /usr/local.
. /test/first.sh
tar -xzf /dist/mortise-*-linux.tar.gz -C /usr/local --strip-components=1
manual_is_there /usr/local
first_turn

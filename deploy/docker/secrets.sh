#!/bin/sh
# Makes the secrets of compose.yaml, those that are missing: the adapter's key, the
# applications' token and the database's password.
set -eu
cd "$(dirname "$0")"
# Compose mounts each file as it is, and the containers' user is not its owner: the files
# are readable, and the folder lets only its owner in.
mkdir -p -m 0700 secrets
umask 077
[ -e secrets/adapter.key ] || head -c 32 /dev/urandom > secrets/adapter.key
[ -e secrets/app-token ] || head -c 24 /dev/urandom | base64 > secrets/app-token
chmod 0444 secrets/adapter.key secrets/app-token
# Compose reads this file by itself.
[ -e .env ] || echo "POSTGRES_PASSWORD=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')" > .env

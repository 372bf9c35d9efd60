#!/bin/sh
# Make the secrets that compose.yaml asks for, once: what is there stays. The folder is closed to other
# users; the files in it are readable, for Compose shows them to the containers' users as they are.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
for name in ledger_password redis_password grafana_password site_key; do
    [ -s "secrets/$name" ] && continue
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$name.part"
    chmod 444 "secrets/$name.part"
    mv "secrets/$name.part" "secrets/$name"
    echo "made deploy/secrets/$name"
done

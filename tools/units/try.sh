#!/usr/bin/env bash
# Boot systemd over a copy of this machine that is thrown away afterwards, and run the units of
# deploy/systemd in it: one node, then roles and a worker. It wants root and Debian's systemd-container.
set -euo pipefail
cd "$(dirname "$0")/../.."
project=$PWD

say() { printf '%s\n' "$*" >&2; }
[ "$(id -u)" = 0 ] || { say "only root may boot a container"; exit 1; }
command -v systemd-nspawn >/dev/null ||
    { say "apt-get install systemd-container brings systemd-nspawn"; exit 1; }

there=$(mktemp -d)
trap 'umount "$there/root" "$there" 2>/dev/null || true; rmdir "$there" 2>/dev/null || true' EXIT
mount -t tmpfs -o size=3g tmpfs "$there"
mkdir "$there"/{upper,work,root,told}
mount -t overlay overlay -o "lowerdir=/,upperdir=$there/upper,workdir=$there/work" "$there/root"
mkdir -p "$there/root/told"
cat >"$there/root/etc/systemd/system/trial.service" <<END
[Unit]
Description=The trial
[Service]
Environment=PROJECT=$project
ExecStart=$project/tools/units/inside.sh
StandardOutput=file:/told/log
StandardError=file:/told/log
ExecStopPost=systemctl poweroff --force
END
timeout 600 systemd-nspawn -q -D "$there/root" --bind="$there/told:/told" --register=no --keep-unit \
    --private-network -M senoscope-trial -b systemd.unit=trial.service >"$there/told/console" 2>&1 || true
cat "$there/told/log"
grep -q '^all as it should be$' "$there/told/log"

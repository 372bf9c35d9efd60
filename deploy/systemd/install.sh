#!/bin/sh
# Install Senoscope from this checkout as systemd services, or bring an installed one up to date. What
# stands in /etc/senoscope is kept. ROOT=/some/folder lays it all out there, and touches no user.
set -eu
cd "$(dirname "$0")/../.."
root=${ROOT:-}
python=${PYTHON:-python3}

"$python" -m venv "$root/opt/senoscope"
"$root/opt/senoscope/bin/pip" install -q --no-deps --require-hashes -r requirements/image.lock
"$root/opt/senoscope/bin/pip" install -q --no-deps .

install -D -m 644 deploy/systemd/*.service deploy/systemd/senoscope.slice -t "$root/etc/systemd/system"
install -D -m 644 deploy/systemd/senoscope.sysusers.conf "$root/usr/lib/sysusers.d/senoscope.conf"
install -D -m 644 docs/deployment.md -t "$root/usr/share/doc/senoscope"
install -d "$root/etc/senoscope"
for file in senoscope.toml routes.toml; do
    [ -e "$root/etc/senoscope/$file" ] || install -m 640 "deploy/$file" "$root/etc/senoscope"
done
ln -sf /opt/senoscope/bin/senoscope "$root/usr/local/bin/senoscope" 2>/dev/null ||
    { install -d "$root/usr/local/bin" && ln -s /opt/senoscope/bin/senoscope "$root/usr/local/bin/senoscope"; }

[ -z "$root" ] || exit 0
systemd-sysusers
chown -R root:senoscope /etc/senoscope
chmod 770 /etc/senoscope
chmod 660 /etc/senoscope/routes.toml
systemctl daemon-reload
echo "installed: systemctl enable --now senoscope"

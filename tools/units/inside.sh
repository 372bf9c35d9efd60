#!/usr/bin/env bash
# What tools/units/try.sh runs where systemd is process 1. Nothing here is written down for good.
set -euo pipefail

senoscope=/opt/senoscope/bin/senoscope
config=/etc/senoscope/senoscope.toml
roles=(senoscope-role@{listener,router,delivery,console} senoscope-worker@cpu)

fail() { printf 'FAIL %s\n' "$*"; journalctl -u 'senoscope*' --no-pager | tail -40; exit 1; }
property() { systemctl show -p "$2" --value "$1"; }
holds() { # WHAT COMMAND...: it must hold within two minutes
    local what=$1 end=$((SECONDS + 120))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "$what"
        sleep 1
    done
    printf 'ok   %s\n' "$what"
}
is_ready() { curl -sf http://127.0.0.1:8080/readyz; }
ended_well() { [ "$(property "$1" Result)/$(property "$1" ExecMainStatus)" = success/0 ]; }
was_restarted() { [ "$(property "$1" NRestarts)" -ge 1 ]; }
is_confined() { grep -qz $'CapEff:\t0000000000000000.*NoNewPrivs:\t1.*Seccomp:\t2' "/proc/$1/status"; }

install_it() {
    mkdir -p /opt/senoscope/bin
    printf '#!/bin/sh\nexec %s/.venv/bin/senoscope "$@"\n' "$PROJECT" >$senoscope
    chmod 755 $senoscope
    cp "$PROJECT"/deploy/systemd/*.service "$PROJECT/deploy/systemd/senoscope.slice" /run/systemd/system
    cp "$PROJECT/deploy/systemd/senoscope.sysusers.conf" /usr/lib/sysusers.d/senoscope.conf
    systemd-sysusers 2>/dev/null
    install -d -m 770 -g senoscope /etc/senoscope
    install -m 660 -g senoscope "$PROJECT"/deploy/{senoscope,routes}.toml /etc/senoscope
    printf '\n[disk]\nlow_water_mb = 16\n' >>$config
}

# Where this Python lies in somebody's home, as on many a developer's machine, it must be reached.
reach_python() {
    local unit
    chmod a+x /root
    for unit in senoscope senoscope-role@ senoscope-worker@; do
        mkdir -p "/run/systemd/system/$unit.service.d"
        printf '[Service]\nProtectHome=no\n' >"/run/systemd/system/$unit.service.d/trial.conf"
    done
}

as_service() { setpriv --reuid senoscope --regid senoscope --clear-groups "$@"; }
canary() { # the PACS of deploy/routes.toml is nowhere, so the check as a whole fails
    { as_service $senoscope check --config $config || true; } | grep '^ok   phantom study'
}

install_it
reach_python
systemctl daemon-reload
systemctl start senoscope || fail "the node did not start"
holds "the node says that it is up, and can take work" is_ready
holds "it has no capability, no new privilege, and a filter of system calls" \
    is_confined "$(property senoscope MainPID)"
holds "a phantom study comes through" canary
systemctl stop senoscope
holds "told to stop, it drains and exits 0" ended_well senoscope

systemctl start "${roles[@]}" || fail "a role did not start"
holds "roles and a worker of their own can take work" is_ready
kill -STOP "$(property senoscope-worker@cpu MainPID)"
holds "a frozen worker is started again" was_restarted senoscope-worker@cpu
holds "and the node can take work" is_ready
systemctl stop "${roles[@]}"
for unit in "${roles[@]}"; do holds "$unit drains and exits 0" ended_well "$unit"; done
echo "all as it should be"

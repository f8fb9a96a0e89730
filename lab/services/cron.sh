#!/bin/sh
# cron, with a job that leaves a mark every minute.
set -eu

prepare() {
    install -d /var/lib/lab
    cat >/etc/cron.d/heartbeat <<'CONF'
# Shows that cron works on this host.
* * * * * root date +\%s >/var/lib/lab/heartbeat
CONF
    systemctl --quiet enable cron
}

"$1"

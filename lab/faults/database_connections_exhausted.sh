#!/bin/sh
# 17 sessions, each in an open transaction, by a client that waits for ever: all that max_connections leaves to ordinary users.
set -eu

idle() {
    runuser -u postgres -- psql -XAtc "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop' AND state = 'idle in transaction'" postgres
}

case $1 in
    break)
        cd /
        systemctl --quiet reset-failed fault-sessions.service 2>/dev/null || true
        systemd-run --quiet --unit=fault-sessions --setenv=PGPASSWORD=shop sh -c '
            for n in $(seq 17); do
                { echo "BEGIN; SELECT count(*) FROM orders;"; sleep 100000; } | psql -qX -h 127.0.0.1 -U shop shop >/dev/null &
            done
            sleep 100000'
        until [ "$(idle)" -ge 16 ]; do sleep 0.2; done
        ;;
    mend)
        systemctl stop fault-sessions.service 2>/dev/null || true
        systemctl reset-failed fault-sessions.service 2>/dev/null || true
        ;;
esac

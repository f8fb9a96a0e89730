#!/bin/sh
# A worker under supervisor: a shop that has not moved everything to systemd yet.
set -eu

prepare() {
    install -d /usr/local/lib/worker
    cat >/usr/local/lib/worker/worker.py <<'CONF'
#!/usr/bin/python3
"""Takes a nap for a living."""

import time

while True:
    time.sleep(60)
CONF
    cat >/etc/supervisor/conf.d/worker.conf <<'CONF'
[program:worker]
command=/usr/bin/python3 /usr/local/lib/worker/worker.py
user=web
autorestart=false
startsecs=1
CONF
    systemctl --quiet enable supervisor
}

"$1"

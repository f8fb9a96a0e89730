#!/bin/sh
# The clients spread over whatever instance listens, as a load balancer would.
set -eu

busy() {
    for port in 8081 8082; do curl -s "http://127.0.0.1:$port/status"; done |
        python3 -c 'import json, sys; print(sum(s["busy"] + s["waiting"] for s in map(json.loads, sys.stdin)))'
}

case $1 in
    break)
        systemctl --quiet is-active fault-clients.service || systemd-run --quiet --unit=fault-clients python3 -c '
import itertools, threading, urllib.request
turns = itertools.count()
def ask():
    while True:
        port = 8081 + next(turns) % 4
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/work?seconds=2", timeout=60).read()
        except OSError:
            pass  # no instance there, or one that was stopped
threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads:
    thread.start()
'
        until [ "$(busy)" -ge 8 ]; do sleep 0.2; done
        ;;
    mend)
        systemctl stop fault-clients.service 2>/dev/null || true
        systemctl --quiet reset-failed fault-clients.service 2>/dev/null || true
        systemctl stop web@3 web@4
        ;;
esac

#!/bin/sh
# Four threads, before all others: on a busy machine they would not get the better part of a core otherwise.
set -eu

ticks() {
    awk '{ print $14 + $15 }' "/proc/$(systemctl show --property=MainPID --value fault-burner.service)/stat"
}

case $1 in
    break)
        systemctl --quiet reset-failed fault-burner.service 2>/dev/null || true
        systemctl --quiet is-active fault-burner.service || systemd-run --quiet --unit=fault-burner --uid=web --nice=-15 \
            python3 -c '
import hashlib, signal, threading
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def burn():
    while True:
        hashlib.pbkdf2_hmac("sha256", b"burn", b"burn", 200000)
for _ in range(4):
    threading.Thread(target=burn, daemon=True).start()
signal.pause()
' burner
        until [ "$(ticks)" -ge 50 ]; do sleep 0.2; done
        ;;
    mend)
        systemctl kill --signal=KILL fault-burner.service 2>/dev/null || true
        systemctl stop fault-burner.service 2>/dev/null || true
        systemctl --quiet reset-failed fault-burner.service 2>/dev/null || true
        ;;
esac

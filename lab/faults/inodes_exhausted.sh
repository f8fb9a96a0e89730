#!/bin/sh
set -eu

case $1 in
    break)
        python3 - <<'CODE'
import os
import time

old, folder = time.time() - 172800, 0
try:
    while True:
        folder += 1
        os.makedirs(f"/srv/data/spool/sessions/{folder}")
        for number in range(200):
            path = f"/srv/data/spool/sessions/{folder}/session-{number}.tmp"
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            os.utime(path, (old, old))
except OSError:
    pass
for number in range(1, folder + 1):
    if os.path.isdir(f"/srv/data/spool/sessions/{number}"):
        os.utime(f"/srv/data/spool/sessions/{number}", (old, old))
CODE
        ;;
    mend) rm -rf /srv/data/spool ;;
esac

#!/bin/sh
set -eu

case $1 in
    break)
        mkdir -p /srv/data/spool/jobs/old
        for number in 1 2 3 4 5; do
            fallocate --length 8M "/srv/data/spool/jobs/old/job-$number.tmp" 2>/dev/null || true
        done
        for size in 1M 4k; do
            dd if=/dev/zero bs=$size oflag=append conv=notrunc of=/srv/data/spool/jobs/last.tmp 2>/dev/null || true
        done
        find /srv/data/spool -name '*.tmp' -exec touch --date '2 days ago' {} +
        ;;
    mend) rm -rf /srv/data/spool ;;
esac

#!/bin/sh
set -eu

case $1 in
    break)
        # A host keeps /tmp in memory; on most servers it lies on the disk, and so it does now.
        [ "$(findmnt --noheadings --output FSROOT /tmp | tail -n 1)" = /var/tmp ] || mount --bind /var/tmp /tmp
        for number in 1 2 3 4; do
            fallocate --length 100M "/var/tmp/old-export-$number.tmp" 2>/dev/null ||
                dd if=/dev/zero of="/var/tmp/old-export-$number.tmp" bs=1M 2>/dev/null || true
        done
        # Whatever is left, in smaller and smaller bites.
        for size in 1M 64k 4k; do
            dd if=/dev/zero bs=$size oflag=append conv=notrunc of=/var/tmp/old-export-5.tmp 2>/dev/null || true
        done
        touch --date '30 days ago' /var/tmp/old-export-*.tmp
        ;;
    mend)
        rm -f /var/tmp/old-export-*.tmp
        [ "$(findmnt --noheadings --output FSROOT /tmp | tail -n 1)" != /var/tmp ] || umount --lazy /tmp
        ;;
esac

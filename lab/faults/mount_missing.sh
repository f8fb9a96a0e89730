#!/bin/sh
set -eu

case $1 in
    break) umount --lazy /srv/data ;;
    mend) mountpoint --quiet /srv/data || mount /srv/data ;;
esac

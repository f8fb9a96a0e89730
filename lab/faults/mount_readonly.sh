#!/bin/sh
set -eu

case $1 in
    break) mount -o remount,ro /srv/data ;;
    mend) mount -o remount,rw /srv/data ;;
esac

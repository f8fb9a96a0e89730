#!/bin/sh
set -eu

case $1 in
    break) systemctl --quiet disable --now chrony ;;
    mend) systemctl --quiet enable --now chrony ;;
esac

#!/bin/sh
set -eu

case $1 in
    break) systemctl kill --kill-whom=main --signal=STOP web@1 ;;
    mend) systemctl kill --kill-whom=main --signal=CONT web@1 || systemctl start web@1 ;;
esac

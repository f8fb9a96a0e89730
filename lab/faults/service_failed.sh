#!/bin/sh
set -eu

case $1 in
    break)
        ! systemctl --quiet is-failed web@2 || exit 0
        systemctl kill --kill-whom=main --signal=ABRT web@2
        until systemctl --quiet is-failed web@2; do sleep 0.1; done
        ;;
    mend)
        systemctl reset-failed web@2
        systemctl start web@2
        ;;
esac

#!/bin/sh
set -eu

case $1 in
    break)
        systemctl kill --signal=KILL web@1
        # Killed counts as failed: forget it, so that the unit is merely not running.
        while systemctl --quiet is-active web@1; do sleep 0.1; done
        systemctl reset-failed web@1
        ;;
    mend) systemctl start web@1 ;;
esac

#!/bin/sh
set -eu

case $1 in
    break)
        systemctl --quiet is-active web@1 || exit 0
        systemctl kill --signal=KILL web@1
        # Killed counts as failed: forget it, so that the unit is merely not running.
        until systemctl --quiet is-failed web@1; do sleep 0.1; done
        systemctl reset-failed web@1
        ;;
    mend) systemctl start web@1 ;;
esac

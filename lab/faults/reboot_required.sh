#!/bin/sh
# What the packages' own scripts do (update-notifier, unattended-upgrades): they leave a note that a reboot takes away.
set -eu

case $1 in
    break)
        echo '*** System restart required ***' >/run/reboot-required
        echo libc6 >/run/reboot-required.pkgs
        ;;
    mend) rm -f /run/reboot-required /run/reboot-required.pkgs ;;
esac

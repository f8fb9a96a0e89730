#!/bin/sh
set -eu

case $1 in
    break)
        echo 400 >/etc/chatter.conf
        # Until there is a flood to be seen.
        while [ "$(journalctl --quiet --unit=chatter --since=-30s --output=cat --lines=2000 | wc -l)" -lt 2000 ]; do sleep 1; done
        ;;
    mend) echo 0.1 >/etc/chatter.conf ;;
esac

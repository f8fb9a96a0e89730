#!/bin/sh
set -eu

case $1 in
    break)
        sed -i 's/^greeting = .*/greeting = Changed by hand/' /etc/web/web.conf
        systemctl restart web@1
        ;;
    mend)
        sed -i 's/^greeting = .*/greeting = Welcome/' /etc/web/web.conf
        rm -f /etc/web/web.conf.drifted~
        systemctl restart web@1
        ;;
esac

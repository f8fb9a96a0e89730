#!/bin/sh
set -eu
drop_in=/etc/systemd/system/web@1.service.d/broken.conf

case $1 in
    break)
        mkdir -p "${drop_in%/*}"
        printf '[Service]\nExecStart=\nExecStart=/usr/local/lib/web/gone\n' >"$drop_in"
        systemctl daemon-reload
        systemctl restart web@1 || true
        ;;
    mend)
        rm -rf "${drop_in%/*}"
        systemctl daemon-reload
        systemctl reset-failed web@1 || true
        systemctl start web@1
        ;;
esac

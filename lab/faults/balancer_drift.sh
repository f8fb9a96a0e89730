#!/bin/sh
set -eu

config=/etc/haproxy/haproxy.cfg

case $1 in
    break)
        [ -e /var/lib/lab/haproxy.cfg ] || cp -p $config /var/lib/lab/haproxy.cfg
        sed -i 's/^    bind :80$/&\n    http-response set-header X-Changed by-hand/' $config
        systemctl reload haproxy
        ;;
    mend)
        if [ -e /var/lib/lab/haproxy.cfg ]; then mv /var/lib/lab/haproxy.cfg $config; fi
        rm -f $config.drifted~
        systemctl reload haproxy
        ;;
esac

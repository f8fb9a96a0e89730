#!/bin/sh
set -eu

case $1 in
    break)
        [ -e /var/lib/lab/orders ] || cp -a /srv/data/orders /var/lib/lab/orders
        rm -f /srv/data/orders/[2-5].json
        echo '{"order": 1, "items": 0}' >/srv/data/orders/1.json
        ;;
    mend)
        if [ -e /var/lib/lab/orders ]; then
            rm -rf /srv/data/orders
            mv /var/lib/lab/orders /srv/data/orders
        fi
        rm -rf /srv/data/orders.lost-* /srv/data/README.lost-*
        ;;
esac

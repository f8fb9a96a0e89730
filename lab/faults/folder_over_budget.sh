#!/bin/sh
set -eu

case $1 in
    break)
        for number in 1 2 3; do
            yes "GET /old 200 $number" | head -c 8M >"/var/log/web/access-9.log.$number"
            touch --date "$number days ago" "/var/log/web/access-9.log.$number"
        done
        yes "GET /now 200" | head -c 16M >/var/log/web/access-9.log
        chown web:web /var/log/web/access-9.log*
        ;;
    mend) rm -f /var/log/web/access-9.log* ;;
esac

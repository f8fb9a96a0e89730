#!/bin/sh
set -eu

case $1 in
    break)
        nft -f - <<'CONF'
flush ruleset
table inet debug {
    chain input {
        type filter hook input priority filter; policy accept;
        counter accept
    }
}
CONF
        ;;
    mend) nft -f /etc/nftables.conf ;;
esac

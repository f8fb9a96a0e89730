#!/bin/sh
set -eu

case $1 in
    break) nft insert rule inet filter input tcp dport 8081-8084 drop ;;
    mend) nft -f /etc/nftables.conf ;;
esac

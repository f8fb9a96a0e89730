#!/bin/sh
set -eu

case $1 in
    break) printf 'nameserver 192.0.2.53\noptions timeout:1 attempts:1\n' >/etc/resolv.conf ;;
    mend)
        rm -f /etc/resolv.conf.*~
        printf 'search %s\nnameserver %s\noptions timeout:1 attempts:2\n' "$LAB_DOMAIN" "$LAB_NAMESERVER" >/etc/resolv.conf
        ;;
esac

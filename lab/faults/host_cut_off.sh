#!/bin/sh
set -eu

case $1 in
    break) ip link set eth0 down ;;
    mend) ip link set eth0 up ;;
esac

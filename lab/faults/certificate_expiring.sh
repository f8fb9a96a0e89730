#!/bin/sh
set -eu

case $1 in
    break) renew-certificate 3 ;;
    mend) renew-certificate ;;
esac

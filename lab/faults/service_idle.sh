#!/bin/sh
set -eu

case $1 in
    break)
        systemctl start web@3 web@4
        for port in 8083 8084; do
            until curl -fs -o /dev/null "http://127.0.0.1:$port/health"; do sleep 0.1; done
        done
        ;;
    mend) systemctl stop web@3 web@4 ;;
esac

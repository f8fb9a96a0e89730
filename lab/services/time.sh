#!/bin/sh
# The clock: chrony asks the nameserver's host for the time. A lab's host may not set the clock, which is this machine's:
# chronyd measures (-x), and everything but the setting works.
set -eu

prepare() {
    install -d /etc/systemd/system/chrony.service.d
    cat >/etc/systemd/system/chrony.service.d/lab.conf <<'CONF'
[Unit]
ConditionCapability=

[Service]
ExecStart=
ExecStart=!/usr/sbin/chronyd -F 1 -x
CONF
    {
        echo "# Who is asked for the time."
        if [ "$LAB_ADDRESS" = "$LAB_NAMESERVER" ]; then
            printf 'local stratum 8\nallow %s\n' "$LAB_NETWORK"
        else
            echo "server $LAB_NAMESERVER iburst minpoll 2 maxpoll 4"
        fi
        echo "driftfile /var/lib/chrony/chrony.drift"
        echo "ntsdumpdir /var/lib/chrony"
        echo "logdir /var/log/chrony"
    } >/etc/chrony/chrony.conf
    systemctl --quiet enable chrony
}

"$1"

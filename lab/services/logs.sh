#!/bin/sh
# Logs: a journal on disk with a bound, rsyslog beside it, and logrotate by its timer.
set -eu

prepare() {
    install -d /etc/systemd/journald.conf.d
    cat >/etc/systemd/journald.conf.d/lab.conf <<'CONF'
[Journal]
Storage=persistent
SystemMaxUse=64M
ForwardToSyslog=yes
CONF
    install -d -m 2755 -g systemd-journal /var/log/journal
    # rsyslog has no kernel log to read here: that is the machine's.
    sed -i 's/^module(load="imklog")/#&/' /etc/rsyslog.conf
    systemctl --quiet enable rsyslog logrotate.timer
}

"$1"

#!/bin/sh
# chatter.service writes to the journal as many lines a second as /etc/chatter.conf says: one every ten seconds by default.
set -eu

prepare() {
    echo 0.1 >/etc/chatter.conf
    cat >/usr/local/sbin/chatter <<'CONF'
#!/usr/bin/python3
"""Talks to the journal; how much, stands in /etc/chatter.conf, which is read again every second."""

import time

owed = 0.0
while True:
    with open("/etc/chatter.conf", encoding="utf-8") as file:
        owed += float(file.read())
    for number in range(int(owed)):
        print(f"nothing of importance happened ({number})", flush=True)
    owed -= int(owed)
    time.sleep(1)
CONF
    chmod 0755 /usr/local/sbin/chatter
    cat >/etc/systemd/system/chatter.service <<'CONF'
[Unit]
Description=A service that talks

[Service]
ExecStart=/usr/local/sbin/chatter
DynamicUser=yes

[Install]
WantedBy=multi-user.target
CONF
    systemctl --quiet enable chatter
}

"$1"

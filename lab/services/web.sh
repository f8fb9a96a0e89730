#!/bin/sh
# The web application: a small Python program as the templated unit web@.service. Instance N listens on port 8080 + N;
# web@1 and web@2 run. It answers /, /health, /status and /work?seconds=S, works on 4 requests at once, and logs to the
# journal and to /var/log/web.
set -eu

prepare() {
    useradd --system --home-dir /var/lib/web --create-home --shell /usr/sbin/nologin web
    install -d /usr/local/lib/web /etc/web
    install -d -o web -g web -m 0755 /var/log/web
    install -m 0755 "$LAB_SERVICES/web.py" /usr/local/lib/web/web.py
    cat >/etc/web/web.conf <<'CONF'
# What the web application says, and how much it does at once.
[web]
greeting = Welcome
workers = 4
CONF
    cat >/etc/systemd/system/web@.service <<'CONF'
[Unit]
Description=Web application, instance %i
After=network.target

[Service]
User=web
ExecStart=/usr/bin/python3 /usr/local/lib/web/web.py --instance %i
Restart=no
TimeoutStopSec=5
RuntimeDirectory=web
RuntimeDirectoryPreserve=yes

[Install]
WantedBy=multi-user.target
CONF
    cat >/etc/logrotate.d/web <<'CONF'
/var/log/web/*.log {
    su web web
    size 1M
    rotate 4
    compress
    copytruncate
    missingok
    notifempty
}
CONF
    systemctl --quiet enable web@1 web@2
}

"$1"

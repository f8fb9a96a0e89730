#!/bin/sh
# The load balancer: port 80 in front of every web host. A host has places for 4 instances of the application; a place
# is in use while its instance answers /health. Port 8404 tells how the members stand (/stats;csv); the socket
# /run/haproxy/admin.sock takes orders (drain, ready, maint). /alive on port 80 is haproxy's own health, whatever the
# members do.
set -eu

prepare() {
    {
        cat <<'CONF'
global
    log /dev/log local0
    user haproxy
    group haproxy
    stats socket /run/haproxy/admin.sock mode 660 level admin
    server-state-file /var/lib/haproxy/state

defaults
    log global
    mode http
    option httplog
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout queue 30s
    load-server-state-from-file global

frontend front
    bind :80
    monitor-uri /alive
    default_backend web

frontend stats
    bind :8404
    stats enable
    stats uri /stats
    no log

backend web
    balance leastconn
    option httpchk GET /health
    option redispatch
    retries 2
    default-server check inter 1s fall 2 rise 1 maxconn 4
CONF
        for member in $LAB_WEB; do
            for instance in 1 2 3 4; do
                echo "    server ${member%%=*}-$instance ${member#*=}:$((8080 + instance))"
            done
        done
    } >/etc/haproxy/haproxy.cfg
    haproxy -c -q -f /etc/haproxy/haproxy.cfg
    systemctl --quiet enable haproxy
}

"$1"

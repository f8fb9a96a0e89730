#!/bin/sh
# Names: dnsmasq on the first load balancer (or the first host) answers for <host>.lab.internal, and every host asks it.
set -eu

prepare() {
    cat >/etc/resolv.conf <<CONF
search $LAB_DOMAIN
nameserver $LAB_NAMESERVER
options timeout:1 attempts:2
CONF
    [ "$LAB_ADDRESS" = "$LAB_NAMESERVER" ] || return 0

    : >/etc/lab-names
    for one in $LAB_HOSTS; do
        echo "${one#*=} ${one%%=*}.$LAB_DOMAIN" >>/etc/lab-names
    done
    cat >/etc/dnsmasq.conf <<CONF
# Answers for the lab's own hosts, and asks nobody else.
listen-address=127.0.0.1,$LAB_ADDRESS
bind-dynamic
no-resolv
no-hosts
addn-hosts=/etc/lab-names
local=/$LAB_DOMAIN/
local-ttl=1
CONF
    # Debian would point /etc/resolv.conf at dnsmasq when it starts.
    echo 'DNSMASQ_EXCEPT="lo"' >>/etc/default/dnsmasq
    systemctl --quiet enable dnsmasq
}

"$1"

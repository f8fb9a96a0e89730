#!/bin/sh
# The firewall: nftables lets in SSH and what the host's group offers, and drops the rest. The set fleetmend_block takes
# addresses with a timeout.
set -eu

prepare() {
    case $LAB_GROUP in
        lb) tcp="80, 8404" ;;
        web) tcp="8081-8084, 8443" ;;
        db) tcp="5432" ;;
        *) tcp="" ;;
    esac
    cat >/etc/nftables.conf <<CONF
#!/usr/sbin/nft -f
# The baseline of a host of the group $LAB_GROUP.
flush ruleset

table inet filter {
    set fleetmend_block {
        type ipv4_addr
        flags timeout
    }

    chain input {
        type filter hook input priority filter; policy drop;
        ip saddr @fleetmend_block drop
        ct state established,related accept
        iif lo accept
        meta l4proto { icmp, ipv6-icmp } accept
        tcp dport 22 accept
CONF
    [ -z "$tcp" ] || echo "        tcp dport { $tcp } accept" >>/etc/nftables.conf
    if [ "$LAB_ADDRESS" = "$LAB_NAMESERVER" ]; then
        printf '        udp dport { 53, 123 } accept\n        tcp dport 53 accept\n' >>/etc/nftables.conf
    fi
    cat >>/etc/nftables.conf <<'CONF'
    }

    chain forward {
        type filter hook forward priority filter; policy drop;
    }

    chain output {
        type filter hook output priority filter; policy accept;
    }
}
CONF
    chmod 0755 /etc/nftables.conf
    systemctl --quiet enable nftables
}

"$1"

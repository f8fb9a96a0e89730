#!/bin/sh
set -eu

mend() {
    [ ! -e /run/lab-intruder/pid ] || kill -- "-$(cat /run/lab-intruder/pid)" 2>/dev/null || true
    [ ! -e /run/netns/intruder ] || ip netns delete intruder
    [ ! -e /sys/class/net/intruder0 ] || ip link delete intruder0
    rm -rf /run/lab-intruder
}

case $1 in
    break)
        mend
        mkdir -p /run/lab-intruder
        ip netns add intruder
        ip link add intruder0 type veth peer name eth0 netns intruder
        ip address add 203.0.113.1/24 dev intruder0
        ip link set intruder0 up
        ip -n intruder address add 203.0.113.66/24 dev eth0
        ip -n intruder link set eth0 up
        cat >/run/lab-intruder/guess <<'GUESS'
number=0
while :; do
    number=$((number + 1))
    ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=3 \
        -o PreferredAuthentications=none "guess$number@203.0.113.1" true && exit
    sleep 0.5
done
GUESS
        setsid ip netns exec intruder sh /run/lab-intruder/guess >/run/lab-intruder/log 2>&1 </dev/null &
        echo $! >/run/lab-intruder/pid
        # he is at it once sshd has turned him away
        tries=0
        until grep -q "Permission denied" /run/lab-intruder/log; do
            tries=$((tries + 1))
            [ "$tries" -lt 300 ] || { cat /run/lab-intruder/log >&2; exit 1; }
            sleep 0.1
        done
        ;;
    mend)
        mend
        nft delete element inet fleetmend blocked4 '{ 203.0.113.66 }' 2>/dev/null || true
        ;;
esac

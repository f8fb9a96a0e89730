#!/bin/sh
set -eu

keys=/home/alice/.ssh/authorized_keys

log_in() {
    ssh -F /dev/null -i /run/lab-intruder/key -o BatchMode=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR alice@127.0.0.1 "$@"
}

case $1 in
    break)
        mkdir -p /run/lab-intruder
        chmod 0755 /run/lab-intruder
        [ -e /run/lab-intruder/key ] || ssh-keygen -q -t ed25519 -N '' -C intruder -f /run/lab-intruder/key
        chage --expiredate -1 alice
        grep -q ' intruder$' $keys || cat /run/lab-intruder/key.pub >>$keys
        log_in 'nohup sleep 86400 >/dev/null 2>&1 </dev/null & echo in'
        tries=0
        until pgrep -u alice sleep >/dev/null; do
            tries=$((tries + 1))
            [ "$tries" -lt 100 ] || exit 1
            sleep 0.1
        done
        ;;
    mend)
        sed -i '/ intruder$/d' $keys
        pkill -KILL -u alice || true
        rm -rf /run/lab-intruder
        usermod --unlock alice 2>/dev/null || true
        chage --expiredate -1 alice
        rm -f /var/lib/fleetmend/accounts/alice
        ;;
esac

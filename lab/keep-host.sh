#!/bin/sh
# Keeps one host running: starts it again when it reboots (systemd-nspawn then ends with 133), and ends when it is
# switched off or killed. Usage: keep-host.sh FOLDER COMMAND…; the file FOLDER/groups names the host's control groups.
folder=$1
shift
while :; do
    sh -c 'while read -r group; do echo $$ >"$group/cgroup.procs" || exit 1; done <"$1/groups"
           echo $$ >"$1/nspawn.pid"; shift; exec "$@"' nspawn "$folder" "$@" &
    wait $!
    code=$?
    echo "$(date +%T) systemd-nspawn ended with $code" >>"$folder/console.log"
    # A systemd-nspawn that was killed leaves the host's processes behind: that is a power cut, so they go, too.
    while read -r group; do
        find "$group" -name cgroup.procs -exec cat {} + | while read -r pid; do kill -9 "$pid"; done
    done <"$folder/groups" 2>/dev/null
    [ $code -eq 133 ] || exit 0
done

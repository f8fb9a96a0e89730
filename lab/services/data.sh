#!/bin/sh
# /srv/data: a small file system of its own, 48 MB, in /etc/fstab. It can be filled, unmounted and made read-only.
set -eu

prepare() {
    # What a host sees of loop devices is its own affair: it has no udev.
    for number in $(seq 0 127); do
        echo "b /dev/loop$number 0660 root disk - 7:$number"
    done >/etc/tmpfiles.d/loop.conf

    install -d /srv/data /var/lib/lab/seed/orders
    for number in 1 2 3 4 5; do
        echo "{\"order\": $number, \"host\": \"$LAB_HOST\", \"items\": $((number * 3))}" >"/var/lib/lab/seed/orders/$number.json"
    done
    echo "What $LAB_HOST must not lose." >/var/lib/lab/seed/README
    truncate --size 48M /var/lib/lab/data.img
    mkfs.ext4 -q -F -L data -m 0 -d /var/lib/lab/seed /var/lib/lab/data.img
    rm -r /var/lib/lab/seed
    echo "/var/lib/lab/data.img /srv/data ext4 loop,nofail,noatime 0 0" >/etc/fstab
}

start() {
    mountpoint --quiet /srv/data || { echo "/srv/data is not mounted" >&2; exit 1; }
}

"$1"

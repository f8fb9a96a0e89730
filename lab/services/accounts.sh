#!/bin/sh
# Who is on a host: its name, the account that Ansible uses, and a person called alice.
set -eu

prepare() {
    echo "$LAB_HOST" >/etc/hostname
    # The hosts' names are DNS's business, so that a broken resolver is felt.
    printf '127.0.0.1 localhost\n127.0.1.1 %s.%s %s\n' "$LAB_HOST" "$LAB_DOMAIN" "$LAB_HOST" >/etc/hosts
    tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
    echo LANG=C.UTF-8 >/etc/default/locale

    useradd --create-home --shell /bin/bash "$LAB_ACCOUNT"
    echo "$LAB_ACCOUNT ALL=(ALL) NOPASSWD: ALL" >"/etc/sudoers.d/$LAB_ACCOUNT"
    chmod 0440 "/etc/sudoers.d/$LAB_ACCOUNT"
    install -d -m 0700 -o "$LAB_ACCOUNT" -g "$LAB_ACCOUNT" "/home/$LAB_ACCOUNT/.ssh"
    install -m 0600 -o "$LAB_ACCOUNT" -g "$LAB_ACCOUNT" "$LAB_SHARED/ansible.pub" "/home/$LAB_ACCOUNT/.ssh/authorized_keys"

    useradd --create-home --shell /bin/bash --comment "A person with an account" alice
    install -d -m 0700 -o alice -g alice /home/alice/.ssh
    install -m 0600 -o alice -g alice "$LAB_SHARED/alice.pub" /home/alice/.ssh/authorized_keys
}

"$1"

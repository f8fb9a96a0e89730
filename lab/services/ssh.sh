#!/bin/sh
# sshd: a host key of its own, and the baseline of what is allowed.
set -eu

prepare() {
    install -m 0600 "$LAB_SHARED/host-keys/$LAB_HOST" /etc/ssh/ssh_host_ed25519_key
    install -m 0644 "$LAB_SHARED/host-keys/$LAB_HOST.pub" /etc/ssh/ssh_host_ed25519_key.pub
    cat >/etc/ssh/sshd_config.d/10-baseline.conf <<'CONF'
# The lab's baseline: keys only, and nobody logs in as root.
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
X11Forwarding no
MaxAuthTries 4
CONF
    chmod 0644 /etc/ssh/sshd_config.d/10-baseline.conf
    systemctl --quiet enable ssh
}

"$1"

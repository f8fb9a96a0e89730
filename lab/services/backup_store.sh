#!/bin/sh
# Where backups go: the account restic on the backup host takes files over SFTP, and nothing else.
set -eu

prepare() {
    useradd --system --home-dir /srv/backup --create-home --shell /usr/sbin/nologin restic
    chmod 0700 /srv/backup
    install -d -m 0700 -o restic -g restic /srv/backup/.ssh
    echo "restrict,command=\"internal-sftp\" $(cat "$LAB_SHARED/backup.pub")" >/srv/backup/.ssh/authorized_keys
    chown restic:restic /srv/backup/.ssh/authorized_keys
    cat >/etc/ssh/sshd_config.d/20-backup.conf <<'CONF'
# Backups come in here: files only.
Match User restic
    ForceCommand internal-sftp
CONF
    chmod 0644 /etc/ssh/sshd_config.d/20-backup.conf
}

"$1"

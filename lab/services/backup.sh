#!/bin/sh
# Backups of /srv/data with restic, over SFTP to the backup host: every night, and once while the lab comes up. `backup-data`
# makes one; the repository and its password stand in /etc/restic.
set -eu

prepare() {
    store=${LAB_BACKUP%% *}
    name=${store%%=*}
    install -d -m 0700 /root/.ssh /etc/restic
    install -m 0600 "$LAB_SHARED/backup" /root/.ssh/backup
    echo "$name.$LAB_DOMAIN,$name,${store#*=} $(cut -d' ' -f1,2 "$LAB_SHARED/host-keys/$name.pub")" >/root/.ssh/known_hosts
    cat >/root/.ssh/config <<CONF
Host $name.$LAB_DOMAIN
    User restic
    IdentityFile /root/.ssh/backup
    IdentitiesOnly yes
    BatchMode yes
    ConnectTimeout 5
CONF
    echo "lab-$LAB_HOST" >/etc/restic/password
    chmod 0600 /etc/restic/password
    cat >/etc/restic/env <<CONF
RESTIC_REPOSITORY=sftp:restic@$name.$LAB_DOMAIN:/srv/backup/$LAB_HOST
RESTIC_PASSWORD_FILE=/etc/restic/password
RESTIC_CACHE_DIR=/var/cache/restic
CONF
    chmod 0600 /etc/restic/env
    cat >/usr/local/sbin/backup-data <<'CONF'
#!/bin/sh
# Backs up /srv/data. What restic says goes to the journal, if nobody looks.
set -eu
set -a
. /etc/restic/env
set +a
exec restic backup --quiet --tag data /srv/data
CONF
    chmod 0755 /usr/local/sbin/backup-data
    cat >/etc/cron.d/backup <<'CONF'
# The nightly backup.
17 2 * * * root backup-data 2>&1 | logger -t backup-data
CONF
}

start() {
    set -a
    . /etc/restic/env
    set +a
    restic init --quiet
    backup-data
}

"$1"

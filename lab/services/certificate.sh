#!/bin/sh
# TLS: a local CA, a certificate of it for each web host, and web-tls.service, which serves it on port 8443.
# `renew-certificate` issues a new one; `renew-certificate DAYS` one that holds so long (0: it is about to run out).
set -eu

prepare() {
    (
        flock 9
        [ -d "$LAB_SHARED/ca" ] || authority "$LAB_SHARED/ca.new"
    ) 9>"$LAB_SHARED/ca.lock"
    install -d -m 0700 /etc/lab-ca
    install -m 0600 "$LAB_SHARED/ca/ca.key" "$LAB_SHARED/ca/ca.crt" /etc/lab-ca/
    install -m 0644 "$LAB_SHARED/ca/ca.crt" /usr/local/share/ca-certificates/lab-ca.crt
    update-ca-certificates >/dev/null 2>&1

    cat >/usr/local/sbin/renew-certificate <<CONF
#!/bin/sh
# Issues a new certificate for this host, puts it in place, and has it served. Usage: renew-certificate [DAYS]
set -eu
umask 077
new=\$(mktemp -d)
trap 'rm -rf "\$new"' EXIT
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$LAB_HOST.$LAB_DOMAIN" \\
    -keyout "\$new/web.key" -out "\$new/web.csr" 2>/dev/null
echo "subjectAltName=DNS:$LAB_HOST.$LAB_DOMAIN,DNS:$LAB_HOST,IP:$LAB_ADDRESS" >"\$new/names"
openssl x509 -req -in "\$new/web.csr" -CA /etc/lab-ca/ca.crt -CAkey /etc/lab-ca/ca.key -days "\${1:-90}" \\
    -set_serial "0x\$(openssl rand -hex 16)" -extfile "\$new/names" -out "\$new/web.crt" 2>/dev/null
install -o web -g web -m 0600 "\$new/web.key" /etc/web/tls/web.key
install -o web -g web -m 0644 "\$new/web.crt" /etc/web/tls/web.crt
if systemctl --quiet is-active web-tls; then systemctl reload web-tls; fi
CONF
    chmod 0755 /usr/local/sbin/renew-certificate
    install -d -o web -g web -m 0755 /etc/web/tls
    cat >/etc/systemd/system/web-tls.service <<'CONF'
[Unit]
Description=Web application over TLS
After=network.target

[Service]
User=web
ExecStart=/usr/bin/python3 /usr/local/lib/web/web.py --tls /etc/web/tls
ExecReload=/bin/kill -HUP $MAINPID

[Install]
WantedBy=multi-user.target
CONF
    renew-certificate
    systemctl --quiet enable web-tls
}

authority() {
    rm -rf "$1"
    mkdir -m 0700 "$1"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=The lab's own CA" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout "$1/ca.key" -out "$1/ca.crt" 2>/dev/null
    mv "$1" "${1%.new}"
}

"$1"

#!/bin/sh
# Packages: apt knows one archive, on the host's own disk, which brings security updates for labtool. 1.1 is installed;
# 1.0, which has a hole, lies beside it in /srv/apt/pool for whoever wants to have it back.
set -eu

prepare() {
    (
        flock 9
        [ -d "$LAB_SHARED/apt" ] || archive "$LAB_SHARED/apt.new"
    ) 9>"$LAB_SHARED/apt.lock"
    cp -r "$LAB_SHARED/apt" /srv/apt
    echo "deb [trusted=yes] file:/srv/apt bookworm-security main" >/etc/apt/sources.list.d/lab.list
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install labtool >/dev/null
}

archive() {
    rm -rf "$1"
    mkdir -p "$1/pool" "$1/dists/bookworm-security/main/binary-$(dpkg --print-architecture)"
    for version in 1.0 1.1; do
        tree=$1/labtool-$version
        mkdir -p "$tree/DEBIAN" "$tree/usr/bin"
        printf '#!/bin/sh\necho "labtool %s"\n' "$version" >"$tree/usr/bin/labtool"
        chmod 0755 "$tree/usr/bin/labtool"
        cat >"$tree/DEBIAN/control" <<CONF
Package: labtool
Version: $version
Architecture: all
Maintainer: The lab <root@$LAB_DOMAIN>
Description: A tool with a hole in version 1.0
CONF
        dpkg-deb --root-owner-group --build "$tree" "$1/pool/labtool_${version}_all.deb" >/dev/null
        rm -r "$tree"
    done
    cd "$1"
    # Only the repaired version is on offer.
    mkdir offered
    cp pool/labtool_1.1_all.deb offered/
    apt-ftparchive packages offered | sed 's|^Filename: offered/|Filename: pool/|' \
        >"dists/bookworm-security/main/binary-$(dpkg --print-architecture)/Packages"
    rm -r offered
    apt-ftparchive -o APT::FTPArchive::Release::Origin=Debian -o APT::FTPArchive::Release::Label=Debian-Security \
        -o APT::FTPArchive::Release::Suite=stable-security -o APT::FTPArchive::Release::Codename=bookworm-security \
        -o APT::FTPArchive::Release::Components=main \
        -o "APT::FTPArchive::Release::Architectures=$(dpkg --print-architecture)" \
        release dists/bookworm-security >Release.new
    mv Release.new dists/bookworm-security/Release
    cd /
    mv "$1" "${1%.new}"
}

"$1"

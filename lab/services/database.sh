#!/bin/sh
# PostgreSQL with the small database shop. The account shop may come in from the lab's network, 20 connections at most.
set -eu

prepare() {
    cat >/etc/postgresql/15/main/conf.d/lab.conf <<'CONF'
# Small, and few connections, so that they can be used up.
listen_addresses = '*'
max_connections = 20
superuser_reserved_connections = 3
shared_buffers = 16MB
jit = off
CONF
    echo "host shop shop $LAB_NETWORK scram-sha-256" >>/etc/postgresql/15/main/pg_hba.conf
    systemctl --quiet enable postgresql
}

start() {
    cd /
    runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 <<'SQL'
CREATE ROLE shop LOGIN PASSWORD 'shop';
CREATE DATABASE shop OWNER shop;
SQL
    runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 shop <<'SQL'
SET ROLE shop;
CREATE TABLE orders (id serial PRIMARY KEY, item text NOT NULL, placed timestamptz NOT NULL DEFAULT now());
INSERT INTO orders (item) SELECT 'item ' || n FROM generate_series(1, 100) AS n;
SQL
}

"$1"

#!/bin/sh
# Starts PgBouncer, and tells it to read the certificates again when the mounted files have changed.
# Connections that are open stay as they are.
set -eu

# Not every install has them.
seen() {
  cat /etc/pooler-tls/tls.crt /etc/database-ca/ca.crt 2>/dev/null | cksum
}

before=$(seen)
# $$ is the process that becomes PgBouncer.
(
  while sleep "$RELOAD_SECONDS"; do
    now=$(seen)
    [ "$now" = "$before" ] || kill -HUP $$
    before=$now
  done
) &

exec pgbouncer /etc/pooler/pgbouncer.ini

#!/bin/sh
# Tells the server to read its certificate again when the mounted files have changed. Connections that
# are open stay as they are.
set -eu
trap 'exit 0' TERM INT

seen=$(cksum /etc/postgresql-tls/tls.crt)
while :; do
  sleep "$RELOAD_SECONDS" & wait $!
  now=$(cksum /etc/postgresql-tls/tls.crt)
  if [ "$now" != "$seen" ] &&
    psql --no-psqlrc --quiet --tuples-only --output=/dev/null --command='SELECT pg_reload_conf()'; then
    seen=$now
    echo "the certificate has changed; the server has read it again"
  fi
done

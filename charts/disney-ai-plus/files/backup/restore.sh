#!/bin/sh
# Restores a backup into an empty database: the newest one, or the file that BACKUP names. All or
# nothing: one transaction.
. /etc/backup/common.sh

backup=${BACKUP:-$(find /backups -name '*.dump' -exec basename {} \; | sort | tail -n 1)}
[ -n "$backup" ] || fail "there is no backup on the volume."
[ -e "/backups/$backup" ] || fail "there is no $backup; there are: $(find /backups -name '*.dump' -exec basename {} \; | sort | tr '\n' ' ')"

wait_for_database
tables=$(query --command="SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
[ "$tables" -eq 0 ] || fail "the database $PGDATABASE holds $tables tables, which a restore would overwrite. Nothing has been changed. docs/backup.md says how to empty it."

echo "restore: restoring $backup into $PGDATABASE"
pg_restore --exit-on-error --single-transaction --no-owner --dbname="$PGDATABASE" "/backups/$backup"
query --command=ANALYZE
query --file=/etc/backup/fingerprint.sql > /tmp/restored
expected="/backups/${backup%.dump}.tables"
if [ -e "$expected" ]; then
  diff "$expected" /tmp/restored || fail "what was restored differs from what was dumped, in the tables above."
fi
echo "restore: done, $(wc -l < /tmp/restored) tables and sequences, all as they were dumped"

#!/bin/sh
# Dumps the database, restores the dump into a scratch server, compares both table by table, and only
# then counts it as a backup and lets go of old ones.
. /etc/backup/common.sh

name="$PGDATABASE-$(date -u +%Y%m%dT%H%M%SZ).dump"
export PARTIAL="/backups/$name.partial" DUMPED=/scratch/dumped

# Left by a run that was ended half-way.
rm -f /backups/*.partial

wait_for_database
echo "backup: dumping $PGDATABASE"
query --file=/etc/backup/dump.sql > /scratch/expected
[ -e "$DUMPED" ] || fail "pg_dump failed; see its message above."
[ -s /scratch/expected ] || fail "the database has no tables, so there is nothing to back up yet."

echo "backup: restoring it into a scratch server"
initdb --pgdata=/scratch/data --username="$PGUSER" --auth=trust --encoding=UTF8 --no-sync > /scratch/initdb.log 2>&1 ||
  fail "initdb failed: $(tail -n 3 /scratch/initdb.log)"
pg_ctl --pgdata=/scratch/data --log=/scratch/server.log --silent --wait start --options="-c listen_addresses= \
  -c unix_socket_directories=/scratch -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_wal_size=4GB" ||
  fail "the scratch server does not start: $(tail -n 3 /scratch/server.log)"
unset PGPASSWORD PGSSLMODE PGSSLROOTCERT
export PGHOST=/scratch
createdb --maintenance-db=postgres "$PGDATABASE"
pg_restore --exit-on-error --jobs=2 --dbname="$PGDATABASE" "$PARTIAL" || fail "the dump cannot be restored."
query --file=/etc/backup/fingerprint.sql > /scratch/restored
diff /scratch/expected /scratch/restored || fail "what was restored differs from what was dumped, in the tables above."
pg_ctl --pgdata=/scratch/data --silent --mode=immediate stop

mv "$PARTIAL" "/backups/$name"
cp /scratch/expected "/backups/${name%.dump}.tables"
echo "backup: $name is good: $(wc -l < /scratch/expected) tables and sequences, $(wc -c < "/backups/$name") bytes"

# The names sort by time.
find /backups -name '*.dump' | sort -r | tail -n "+$((KEEP + 1))" | while read -r old; do
  rm -f "$old" "${old%.dump}.tables"
  echo "backup: removed ${old##*/}"
done

-- Dumps the database and takes its fingerprint from the same snapshot, so that writes in between make no
-- difference.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
\! pg_dump --snapshot="$SNAPSHOT" --format=custom --file="$PARTIAL" && touch "$DUMPED"
\i /etc/backup/fingerprint.sql
COMMIT;

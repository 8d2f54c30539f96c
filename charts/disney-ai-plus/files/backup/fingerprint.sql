-- One line a table: its name, its rows, and a sum over their hashes that depends on no order. The same
-- lines from two databases mean the same content.
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET bytea_output = 'hex';
SET extra_float_digits = 1;
SET client_encoding = 'UTF8';
SELECT format(
  'SELECT %L, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM %I.%I AS t',
  schemaname || '.' || name, schemaname, name)
FROM (
  SELECT schemaname, tablename AS name FROM pg_tables
  UNION ALL SELECT schemaname, matviewname FROM pg_matviews
) AS tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
ORDER BY schemaname, name \gexec
SELECT format('SELECT %L, last_value, 0 FROM %I.%I', schemaname || '.' || sequencename, schemaname, sequencename)
FROM pg_sequences
ORDER BY schemaname, sequencename \gexec

#!/bin/sh
# Runs once, while the image initialises an empty volume, over the local socket as the superuser.
# Changing this file later changes nothing in a database that already exists.
set -eu

# The password is read from the environment by psql itself: never on a command line, never in a log.
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv password POSTGRES_PASSWORD
CREATE ROLE disney_app LOGIN PASSWORD :'password';
CREATE DATABASE disney_app OWNER disney_app;
-- For the metrics sidecar: reads statistics, owns nothing, comes in over the socket only (pg_hba.conf).
CREATE ROLE disney_exporter LOGIN CONNECTION LIMIT 3 IN ROLE pg_monitor;
SQL

# The last step: the volume now holds a whole database (see guard.sh).
rm -f "$INITIALISING"

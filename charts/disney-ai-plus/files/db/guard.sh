#!/bin/sh
# Looks at the volume before the server does. It passes on an empty volume and on one that holds a
# finished database of this server's major version; on anything else it stops with a sentence, and
# changes nothing.
set -eu

volume=${PGDATA%/*/*}
major=$(postgres --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')

stop() {
  echo "guard: $1 Nothing has been changed." >&2
  exit 1
}

if [ "$major" != "$PGMAJOR" ]; then
  stop "The image is PostgreSQL $major, but db.major is $PGMAJOR. Set db.image to a $PGMAJOR.x image, or db.major to $major."
fi

if [ -e "$INITIALISING" ] && [ -s "$PGDATA/PG_VERSION" ]; then
  stop "The first start on this volume was cut short, so the database in it is half made. Nothing was ever stored in it: scale the StatefulSet to 0, delete the claim, and scale it back to 1."
fi

if [ -s "$PGDATA/PG_VERSION" ]; then
  found=$(cat "$PGDATA/PG_VERSION")
  [ "$found" = "$major" ] ||
    stop "The volume holds a database of PostgreSQL $found, and this is PostgreSQL $major, which cannot read it. Go back to an image of $found, or dump it there and restore the dump into a new volume (docs/backup.md)."
  exit 0
fi

# No database where it belongs: then the volume must be empty, or a new one would be made over what
# somebody still misses.
other=$(find "$volume" -maxdepth 4 -name PG_VERSION ! -path '*/base/*' ! -path "$PGDATA.unfinished/*" | head -n 1)
if [ -n "$other" ]; then
  stop "The volume holds a database of PostgreSQL $(cat "$other") in $(dirname "$other"), and the chart looks for one of $major in $PGDATA. Go back to db.major and db.image of that version, or dump it there and restore the dump into a new volume (docs/backup.md)."
fi
foreign=$(find "$volume" -mindepth 1 ! -name lost+found ! -path "$INITIALISING" ! -path "${PGDATA%/*}" ! -path "$PGDATA" \
  ! -path "$PGDATA.unfinished" ! -path "$PGDATA.unfinished/*" | head -n 3 | tr '\n' ' ')
if [ -n "$foreign" ]; then
  stop "The volume is not empty, and what it holds is not a PostgreSQL database: $foreign... Give the release a volume of its own, or move these files away."
fi
: > "$INITIALISING"

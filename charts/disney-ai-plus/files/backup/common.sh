# What backup.sh and restore.sh share; they source it.
set -eu

query() { psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$@"; }

fail() {
  echo "$(basename "$0" .sh): $*" >&2
  exit 1
}

# For a minute: the pod's network policies may take effect a moment after it has started, and the server
# may be restarting.
wait_for_database() {
  for _ in $(seq 20); do
    pg_isready --quiet --timeout=2 && return
    sleep 1
  done
  fail "the database at $PGHOST:$PGPORT does not answer."
}

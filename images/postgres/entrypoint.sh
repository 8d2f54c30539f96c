#!/usr/bin/env bash
# Starts PostgreSQL on PGDATA and initialises it first if it holds no cluster.
#
# Keeps the contract of the official image that the chart relies on:
# POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS (each also as
# NAME_FILE), POSTGRES_HOST_AUTH_METHOD, PGDATA, PGPORT,
# /docker-entrypoint-initdb.d, and arguments for the server.
#
# One thing is stricter: a new cluster is made beside PGDATA and moved there when
# every script has succeeded, so an interrupted start never leaves one that looks
# finished. (Not where PGDATA is itself a mount point, which cannot be moved.)
set -Eeuo pipefail

main() {
  [[ ${1:-} == -* ]] && set -- postgres "$@"
  if [[ ${1:-} == postgres ]]; then
    [[ $(id -u) != 0 ]] || fail 'PostgreSQL does not run as root. Set a numeric user, like 999.'
    if [[ ! -s $PGDATA/PG_VERSION ]]; then
      initialise "${@:2}"
    fi
  fi
  exec "$@"
}

fail() {
  echo "postgres: $*" >&2
  exit 1
}

# Prints the variable NAME, or the content of the file that NAME_FILE names, or a default.
setting() {
  local name=$1 default=${2:-} file=${1}_FILE
  if [[ -n ${!name:-} && -n ${!file:-} ]]; then
    fail "both $name and $file are set; use one."
  elif [[ -n ${!file:-} ]]; then
    cat "${!file}"
  else
    printf '%s' "${!name:-$default}"
  fi
}

initialise() {
  local user password database final=$PGDATA
  user=$(setting POSTGRES_USER postgres)
  password=$(setting POSTGRES_PASSWORD)
  database=$(setting POSTGRES_DB "$user")
  if [[ -z $password && ${POSTGRES_HOST_AUTH_METHOD:-} != trust ]]; then
    fail 'the superuser needs a password. Set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE.'
  fi

  mkdir -p "$final"
  if ! mountpoint -q "$final"; then
    rmdir "$final" || fail "$final holds files but no PostgreSQL cluster. Move them away first."
    export PGDATA=$final.unfinished
    rm -rf "$PGDATA"
    mkdir "$PGDATA"
  fi
  chmod 0700 "$PGDATA"

  # The arguments are words of a command line, so they are split on purpose.
  # shellcheck disable=SC2046
  initdb --username="$user" --pwfile=<(printf '%s\n' "$password") $(setting POSTGRES_INITDB_ARGS)
  printf 'host all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"

  # For the scripts: the socket, and nobody from outside.
  pg_ctl start --wait --options="$(printf '%q ' "$@" -c 'listen_addresses=')"
  export PGUSER=$user PGPASSWORD=$password \
    POSTGRES_USER=$user POSTGRES_PASSWORD=$password POSTGRES_DB=$database
  if [[ $database != postgres ]]; then
    run_sql --dbname=postgres --set=database="$database" <<< 'create database :"database";'
  fi
  run_scripts
  unset PGUSER PGPASSWORD
  pg_ctl stop --wait --mode=fast

  if [[ $PGDATA != "$final" ]]; then
    mv --no-target-directory "$PGDATA" "$final"
    export PGDATA=$final
  fi
  echo 'postgres: initialised; starting'
}

run_sql() {
  psql --no-psqlrc --no-password --set=ON_ERROR_STOP=1 --dbname="$POSTGRES_DB" "$@"
}

run_scripts() {
  local script
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sh)
        echo "postgres: running $script"
        # Like the official image: what is not executable may change this shell's environment.
        # shellcheck source=/dev/null
        if [[ -x $script ]]; then "$script"; else . "$script"; fi
        ;;
      *.sql)
        echo "postgres: running $script"
        run_sql --file="$script"
        ;;
      *.sql.gz)
        echo "postgres: running $script"
        gunzip --stdout "$script" | run_sql
        ;;
    esac
  done
}

main "$@"

#!/bin/sh
# Before the packages: the official image's user and group, and no cluster made by Debian.
set -eu
echo 'postgres:x:999:' >> "$1/etc/group"
echo 'postgres:x:999:999::/var/lib/postgresql:/bin/bash' >> "$1/etc/passwd"
mkdir -p "$1/etc/postgresql-common"
echo 'create_main_cluster = false' > "$1/etc/postgresql-common/createcluster.conf"

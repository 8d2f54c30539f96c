#!/bin/sh
# After the packages: no just-in-time compiler (LLVM alone is 160 MB; the server
# does without), no Perl wrappers, and the folders that a volume may cover.
set -eu
rm -rf "$1"/usr/lib/*/libLLVM* "$1"/usr/lib/*/libz3* \
  "$1"/usr/lib/postgresql/*/lib/llvmjit* "$1"/usr/lib/postgresql/*/lib/bitcode \
  "$1"/usr/share/perl "$1"/usr/share/perl5 "$1"/usr/lib/*/libperl* "$1"/usr/lib/*/perl \
  "$1"/usr/share/i18n
for folder in var/lib/postgresql docker-entrypoint-initdb.d; do
  mkdir -p "$1/$folder"
  chown 999:999 "$1/$folder"
done

# New clusters listen on all addresses, as the official image's do.
sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" "$1"/usr/share/postgresql/*/postgresql.conf.sample
grep -q "^listen_addresses = '\*'" "$1"/usr/share/postgresql/*/postgresql.conf.sample

#!/bin/sh
# After the packages: no Perl, which only Debian's cluster scripts need.
set -eu
rm -rf "$1"/usr/share/perl "$1"/usr/share/perl5 "$1"/usr/lib/*/libperl* "$1"/usr/lib/*/perl "$1"/usr/share/i18n

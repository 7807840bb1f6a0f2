#!/bin/sh
# relocate-server.sh PG_CONFIG TREE
#
# Make TREE a private copy of a PostgreSQL installation that an extension can
# be installed into with DESTDIR=TREE.  PostgreSQL derives its lib and share
# directories from the real path of the running binary, so bin/ is copied and
# everything else is linked.  Other extensions are left out, so that tests
# cannot depend on them by accident.
set -eu

pg_config=$1
tree=$2
bindir=$($pg_config --bindir)
pkglibdir=$($pg_config --pkglibdir)
sharedir=$($pg_config --sharedir)

rm -rf "$tree"
mkdir -p "$tree$bindir" "$tree$pkglibdir/bitcode" "$tree$sharedir/extension"
cp -p "$bindir"/* "$tree$bindir/"

for f in "$pkglibdir"/*; do
	[ "${f##*/}" = bitcode ] || ln -s "$f" "$tree$pkglibdir/"
done

for f in "$sharedir"/*; do
	[ "${f##*/}" = extension ] || ln -s "$f" "$tree$sharedir/"
done

for f in "$sharedir"/extension/plpgsql.control "$sharedir"/extension/plpgsql--*.sql; do
	ln -s "$f" "$tree$sharedir/extension/"
done

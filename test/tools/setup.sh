#!/bin/sh
# setup.sh PG_CONFIG
#
# Install what building and testing needs, from Debian's or Ubuntu's own
# packages, and only what is missing.  Needs root or sudo for that; with all
# packages there it does nothing and any user may run it.
set -eu

pg_config=$1

have_pgxs() {
	p=$("$pg_config" --pgxs 2>/dev/null) && [ -f "$p" ] &&
		[ -x "$("$pg_config" --bindir)/initdb" ]
}

want=
have_pgxs || want="$want postgresql"
command -v gcc >/dev/null 2>&1 || want="$want gcc libc6-dev"
perl -MIPC::Run -e 1 >/dev/null 2>&1 || want="$want libipc-run-perl"
command -v prove >/dev/null 2>&1 || want="$want perl"
# only root needs to become somebody else
[ "$(id -u)" != 0 ] || command -v runuser >/dev/null 2>&1 || want="$want util-linux"

[ -n "$want" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "missing:$want; install them with this system's package manager" >&2
	exit 1
fi
if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
	sudo="sudo -n"
else
	echo "missing:$want; run this once as root or with sudo" >&2
	exit 1
fi

echo "installing:$want" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() { "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }; }

run $sudo apt-get update
case $want in
*postgresql*)
	# keep the package from creating and starting a cluster that nobody uses
	$sudo mkdir -p /etc/postgresql-common
	[ -e /etc/postgresql-common/createcluster.conf ] ||
		echo 'create_main_cluster = false' |
		$sudo tee /etc/postgresql-common/createcluster.conf >/dev/null
	major=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
	want=$(echo "$want" | sed "s/postgresql/postgresql-$major postgresql-server-dev-$major/")
	;;
esac
# shellcheck disable=SC2086
run $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $want

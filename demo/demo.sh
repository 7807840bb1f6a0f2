#!/bin/bash
# demo.sh PG_CONFIG          start a private server, score a portfolio, show it
# demo.sh --stop             stop that server
#
# Uses the private installation that `make temp-inst` made in tmp_check/inst.
# DATA=<folder> takes signals.csv and accounts.csv from there instead of the
# invented portfolio.  The server listens on a Unix socket only, which nobody
# but its user and root can reach, and keeps running.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
dir=$top/tmp_check/demo
data=$dir/data
log=$dir/server.log
check_user=${CHECK_USER:-nobody}
user_port=${PGPORT:-5432}

# no setting of the user's own decides where psql goes
for v in ${!PG@}; do unset "$v"; done
export PGCLIENTENCODING=UTF8

if [ "$(id -u)" = 0 ]; then
	owner=$check_user
	as() { (cd / && runuser -u "$check_user" -- "$@"); }
else
	owner=$(id -un)
	as() { "$@"; }
fi

# A path short enough for a socket, the same for every run of this checkout.
socket=/tmp/healthscore-$owner-$(printf %s "$data" | cksum | cut -d ' ' -f 1)

say() { printf '%s\n' "$*" >&2; }

# as the server's user, for the number comes from a file of that user's
signal() { as bash -c 'kill -"$1" "$2"' kill "$1" "$2"; }

# The lock beside the socket names the server, also when its data are gone.
stop() {
	local pid where
	[ -O "$socket" ] || [ "$(stat -c %U "$socket" 2>/dev/null)" = "$owner" ] || return 0
	if { read -r pid && read -r where; } 2>/dev/null <"$socket/.s.PGSQL.5432.lock" && [ "$where" = "$data" ] && signal INT "$pid" 2>/dev/null; then
		for _ in $(seq 150); do
			signal 0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
		if signal 0 "$pid" 2>/dev/null; then
			say "the server of the last demo, process $pid, does not stop"
			exit 1
		fi
	fi
	as rm -rf "$socket"
}

if [ "${1:-}" = --stop ]; then
	stop
	exit
fi

pg_config=${1:?usage: demo.sh PG_CONFIG}
bin=$top/tmp_check/inst$("$pg_config" --bindir)
[ -x "$bin/postgres" ] || { say "no private server in tmp_check; run: make temp-inst"; exit 1; }
if ! as test -x "$bin/postgres" || ! as test -w "$dir"; then
	say "the user $owner, as whom the server runs, cannot reach $top"
	say "Move it to a directory that everybody may enter, such as /opt or /tmp, or name another user: make demo CHECK_USER=..."
	exit 1
fi
case ${DATA:-} in
'') ;;
*) [ -d "$DATA" ] || { say "DATA: there is no folder $DATA"; exit 1; }
	DATA=$(cd "$DATA" && pwd) ;;
esac

doing=
started=
on_exit() {
	local status=$?
	trap - EXIT
	[ "$status" = 0 ] && exit 0
	[ -z "$doing" ] || say "the demo failed while $doing"
	[ ! -s "$dir/out.log" ] || tail -n 20 "$dir/out.log" >&2
	[ -z "$started" ] || stop
	exit "$status"
}
trap on_exit EXIT
trap 'exit 130' INT TERM

doing="starting a server"
stop
as rm -rf "$data"
as mkdir -m 700 "$socket" || { say "$socket belongs to somebody else"; exit 1; }
: 2>/dev/null >"$dir/out.log" || true
quiet() { "$@" >"$dir/out.log" 2>&1; }
quiet as "$bin/initdb" -D "$data" -U postgres -A trust --no-locale -E UTF8 -N
started=yes
quiet as "$bin/pg_ctl" -D "$data" -l "$log" -w -s \
	-o "-c listen_addresses= -c unix_socket_directories='$socket' -c unix_socket_permissions=0700 -c port=5432 -c fsync=off -c max_connections=20 -c timezone=UTC" start

export PGHOST=$socket PGUSER=postgres PGDATABASE=postgres
psql() { "$bin/psql" -Xq -P pager=off -v ON_ERROR_STOP=1 "$@"; }
psql -c 'CREATE DATABASE demo'
export PGDATABASE=demo PGOPTIONS="-c client_min_messages=warning"
psql -c 'CREATE EXTENSION healthscore'

set -- -v card="$(cat "$here/scorecard.json")"
if [ -n "${DATA:-}" ]; then
	doing=
	PATH=$bin:$PATH bash "$here/load.sh" "$DATA"
	worst=20
else
	doing="loading the portfolio"
	psql -1 -f "$here/portfolio.sql"
	psql -c 'ANALYZE healthscore.accounts, healthscore.signals'
	set -- "$@" -v core_segment=startup
	worst=15
fi

doing="scoring"
psql "$@" -f "$here/score.sql" >/dev/null
[ "$(psql -Atc "SELECT count(*) > 0 FROM healthscore.runs WHERE kind = 'refresh'")" = t ] || { doing=; exit 1; }
doing="writing the report"
color=0
[ ! -t 1 ] || [ -n "${NO_COLOR:-}" ] || [ "${TERM:-dumb}" = dumb ] || color=1
psql -At "$@" -v color=$color -v worst=$worst -f "$here/report.sql"
doing=

client=psql
type -P psql >/dev/null || client=$bin/psql
stop_as=
[ "$owner" = nobody ] || [ "$(id -u)" != 0 ] || stop_as="CHECK_USER=$owner "
[ "$user_port" = 5432 ] || port=" -p 5432"
cat <<END

The server keeps running.  Connect, and try a query:
  $client -h $socket${port:-} -U postgres demo
    SELECT name, band, score, reasons FROM healthscore.portfolio ORDER BY score LIMIT 5;
    SELECT title, value, lost, reason FROM healthscore.score_drivers
      WHERE account_id = $(psql -Atc 'SELECT quote_literal(account_id) FROM healthscore.portfolio ORDER BY score LIMIT 1')
        AND as_of = '$(psql -Atc 'SELECT max(as_of) FROM healthscore.scores')' ORDER BY lost DESC;
Stop it:
  ${stop_as}bash $here/demo.sh --stop
END

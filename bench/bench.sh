#!/bin/bash
# bench.sh PG_CONFIG
#
# Start a private server, make the data of portfolio.sql, and compare by CPU
# time: this extension, plain SQL and DuckDB, interleaved in one run.
#
#   ACCOUNTS=10000 DAYS=365   size of the data
#   ROUNDS=5                  timed rounds
#   LARGE=1                   also 100,000 accounts in one statement, 64 MB
#
# DuckDB is installed from PyPI into bench/.venv, pinned; without it the rows
# of DuckDB are left out.
set -euo pipefail
cd "$(dirname "$0")/.."

pg_config=$1
bin=$PWD/tmp_check/inst$($pg_config --bindir)
work=$PWD/tmp_check/bench
as_user=()
[ "$(id -u)" != 0 ] || as_user=(runuser -u "${CHECK_USER:-nobody}" --)
socket=$(mktemp -d /tmp/hsbench.XXXXXX)
[ "$(id -u)" != 0 ] || chown "${CHECK_USER:-nobody}" "$socket"
log=$work/server.log

stop() {
	"${as_user[@]}" "$bin/pg_ctl" -D "$work/data" -m immediate stop >/dev/null 2>&1 || true
	rm -rf "$socket"
}
trap stop EXIT

"${as_user[@]}" "$bin/initdb" -D "$work/data" -U postgres -A trust --no-locale -E UTF8 >/dev/null
cat >>"$work/data/postgresql.conf" <<-CONF
	listen_addresses = ''
	unix_socket_directories = '$socket'
	shared_buffers = '2GB'
	work_mem = '256MB'
	max_wal_size = '16GB'
	fsync = off
	autovacuum = off
	jit = off
	max_parallel_workers_per_gather = 0
CONF
"${as_user[@]}" "$bin/pg_ctl" -D "$work/data" -l "$log" -w start >/dev/null

python=python3
if [ ! -x bench/.venv/bin/python ] && python3 -m venv bench/.venv >/dev/null 2>&1; then
	bench/.venv/bin/pip install -q duckdb==1.1.3 >/dev/null 2>&1 || true
fi
[ ! -x bench/.venv/bin/python ] || python=bench/.venv/bin/python

export PGHOST=$socket PGUSER=postgres PGDATABASE=postgres
PATH="$bin:$PATH" "$python" bench/bench.py

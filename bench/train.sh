#!/bin/bash
# train.sh PG_CONFIG
#
# Start a private server and compare train_model() by CPU time with XGBoost,
# Debian's (python3-xgboost) and the newest, and LightGBM, which are installed
# from PyPI into bench/.venv; a peer that is not there is left out.  The server
# must have been installed by `make temp-inst`.
#
#   ROWS=50000 ROUNDS=5       size of the data, timed rounds
#   PEERS="python ..."        interpreters that have xgboost or lightgbm, instead
set -euo pipefail
cd "$(dirname "$0")/.."

pg_config=${1:-pg_config}
bin=$PWD/tmp_check/inst$($pg_config --bindir)
work=$PWD/tmp_check/bench
as_user=()
[ "$(id -u)" != 0 ] || as_user=(runuser -u "${CHECK_USER:-nobody}" --)
socket=$(mktemp -d /tmp/hsbench.XXXXXX)
[ "$(id -u)" != 0 ] || chown "${CHECK_USER:-nobody}" "$socket"

stop() {
	"${as_user[@]}" "$bin/pg_ctl" -D "$work/train" -m immediate stop >/dev/null 2>&1 || true
	"${as_user[@]}" rm -rf "$work/train"
	rm -rf "$socket"
}
trap stop EXIT

"${as_user[@]}" "$bin/initdb" -D "$work/train" -U postgres -A trust --no-locale -E UTF8 >/dev/null
cat >>"$work/train/postgresql.conf" <<-CONF
	listen_addresses = ''
	unix_socket_directories = '$socket'
	shared_buffers = '256MB'
	fsync = off
	autovacuum = off
	jit = off
	max_parallel_workers_per_gather = 0
CONF
"${as_user[@]}" "$bin/pg_ctl" -D "$work/train" -l "$work/train.log" -w start >/dev/null

if [ -z "${PEERS:-}" ]; then
	if [ ! -x bench/.venv/bin/python ]; then
		python3 -m venv bench/.venv >/dev/null 2>&1 || true
	fi
	bench/.venv/bin/python -c 'import xgboost, lightgbm' 2>/dev/null ||
		bench/.venv/bin/pip install -q xgboost lightgbm >/dev/null 2>&1 || true
	PEERS="/usr/bin/python3 bench/.venv/bin/python"
fi
export PEERS OMP_NUM_THREADS=1 PGHOST=$socket PGUSER=postgres PGDATABASE=postgres
PATH="$bin:$PATH" python3 bench/train.py

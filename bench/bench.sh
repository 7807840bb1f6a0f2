#!/bin/bash
# bench.sh PG_CONFIG
#
# Start a private server, which `make temp-inst` has installed, and run the parts
# of the benchmark in it.  Each compares by CPU time, interleaved, and prints
# Markdown.
#
#   PARTS="portfolio learn model train quality"   which, and in which order;
#                             large: 100,000 accounts in one statement
#   ROUNDS=5                  timed rounds
#   ACCOUNTS=10000 DAYS=365   size of the portfolio
#   ROWS=50000                rows that models learn from and predict
#   SEEDS=5                   trainings that a quality is the mean of
#   HEALTHSCORE_DATA          folder of the open data, ../shared/data
#   README=1                  put what the parts print into bench/README.md
#
# Peers are XGBoost and scikit-learn of Debian, and those of requirements.txt in
# bench/.venv.  They are installed if that is possible; one that is not there is
# left out.
set -euo pipefail
cd "$(dirname "$0")/.."

parts=${PARTS:-portfolio learn model train quality}
pg_config=${1:-pg_config}
bin=$PWD/tmp_check/inst$($pg_config --bindir)
work=$PWD/tmp_check/bench
as_user=()
[ "$(id -u)" != 0 ] || as_user=(runuser -u "${CHECK_USER:-nobody}" --)
socket=$(mktemp -d /tmp/hsbench.XXXXXX)
[ "$(id -u)" != 0 ] || chown "${CHECK_USER:-nobody}" "$socket"

stop() {
	"${as_user[@]}" "$bin/pg_ctl" -D "$work/data" -m immediate stop >/dev/null 2>&1 || true
	"${as_user[@]}" rm -rf "$work/data"
	rm -rf "$socket"
}
trap stop EXIT

has() { "$1" -c "import $2" >/dev/null 2>&1; }
venv=bench/.venv/bin/python
[ -x $venv ] || python3 -m venv bench/.venv >/dev/null 2>&1 || true
if [ -x $venv ] && ! has $venv "duckdb, xgboost, lightgbm"; then
	# one by one: what cannot be installed does not keep the others out; what
	# training on one CPU does not need is not installed, and Pythons older than a
	# package asks for are tried
	while read -r package; do
		$venv -m pip install -q --no-deps --ignore-requires-python "$package" >/dev/null 2>&1 ||
			echo "bench: $package could not be installed" >&2
	done <bench/requirements.txt
fi
if ! has /usr/bin/python3 "xgboost, sklearn" && command -v apt-get >/dev/null; then
	sudo=
	[ "$(id -u)" = 0 ] || sudo="sudo -n"
	{
		$sudo apt-get update &&
			$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
				python3-xgboost python3-sklearn
	} >/dev/null 2>&1 ||
		echo "bench: python3-xgboost and python3-sklearn could not be installed" >&2
fi
python=python3
[ ! -x $venv ] || python=$venv
export PEERS="$venv /usr/bin/python3" OMP_NUM_THREADS=1

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
"${as_user[@]}" "$bin/pg_ctl" -D "$work/data" -l "$work/server.log" -w start >/dev/null

export PGHOST=$socket PGUSER=postgres PGDATABASE=postgres PATH="$bin:$PATH"
for part in $parts; do
	echo "bench: $part" >&2
	"$python" bench/common.py print "$part" | tee "$work/$part.md"
	[ -z "${README:-}" ] || "$python" bench/common.py readme "$part" "$work/$part.md"
done

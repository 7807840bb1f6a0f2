#!/bin/bash
# load.sh FOLDER
#
# Load FOLDER/signals.csv and, if it is there, FOLDER/accounts.csv into
# healthscore.signals and healthscore.accounts: all of it or nothing.  The first
# line names columns, in any order; account_id and day are needed.  Connects as
# psql does, by PGHOST, PGDATABASE and so on.  Both tables must be empty.
set -euo pipefail
export LC_ALL=C PGCLIENTENCODING=UTF8 PGOPTIONS="${PGOPTIONS:-} -c client_min_messages=warning -c lc_messages=C -c datestyle=ISO,YMD"

folder=${1:?usage: load.sh FOLDER}

fail() {
	printf 'healthscore: %s\n' "$1" >&2
	shift
	[ $# = 0 ] || printf '  %s\n' "$@" >&2
	printf '  Nothing was loaded.\n' >&2
	exit 1
}

trap 'fail "load.sh failed in line $LINENO"' ERR

ask() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# For psql's \copy, where a quote is doubled and nothing else is special.
quoted() { printf "'%s'" "${1//\'/\'\'}"; }

# What COPY would misread is refused here, with words that say what to do.
check_file() {
	local file=$1 name=${1##*/} start

	case $file in *$'\n'* | *$'\r'*) fail "the folder's name has a line break in it" ;; esac
	[ -f "$file" ] || fail "$name is not a file"
	[ -r "$file" ] || fail "$name cannot be read" "file: $file"
	[ -s "$file" ] || fail "$name is empty" "The first line must name the columns."
	start=$(head -c 3 "$file" | od -An -tx1 | tr -d ' \n')
	case $start in
	fffe* | feff*) fail "$name is in UTF-16" "Save it as UTF-8: iconv -f UTF-16 -t UTF-8 $name" ;;
	504b03*) fail "$name is a spreadsheet or a zip file" "Save it as CSV." ;;
	esac
	if line=$(grep -n -m 1 -x '\\\.'$'\r''\{0,1\}' "$file"); then
		fail "$name, line ${line%%:*}: a line of \\. alone cannot be loaded"
	fi
}

# The first line as SQL identifiers, after a check against the table's columns.
columns_of() {
	local file=$1 table=$2 needed=$3 name=${1##*/} header answer

	header=$(head -c 65536 "$file" | tr -d '\000\r' | sed -n 1p)
	header=${header#$'\xef\xbb\xbf'}
	answer=$(ask -v header="$header" -v rel="healthscore.$table" -v needed="$needed" 2>&1 <<'SQL'
WITH allowed AS (
    SELECT a.attname::text AS name, a.attnum FROM pg_attribute AS a
    WHERE a.attrelid = :'rel'::regclass AND a.attnum > 0 AND NOT a.attisdropped
), found AS (
    SELECT lower(btrim(btrim(f, E' \t'), '"')) AS name, i
    FROM regexp_split_to_table(:'header', ',') WITH ORDINALITY AS x(f, i)
), verdict AS (
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM found JOIN allowed USING (name)) THEN
            CASE WHEN strpos(:'header', ',') = 0 AND :'header' ~ '[;\t]' THEN 'columns must be separated by commas'
                 ELSE 'the first line must name the columns, and no column is known' END
        WHEN EXISTS (SELECT FROM found WHERE name = '') THEN
            format('column %s of the first line has no name', (SELECT min(i) FROM found WHERE name = ''))
        WHEN EXISTS (SELECT FROM found WHERE name NOT IN (SELECT name FROM allowed)) THEN
            (SELECT format(CASE count(*) WHEN 1 THEN 'unknown column %s' ELSE 'unknown columns %s' END, string_agg(format('"%s"', name), ', ' ORDER BY i))
             FROM found WHERE name NOT IN (SELECT name FROM allowed))
        WHEN EXISTS (SELECT FROM found GROUP BY name HAVING count(*) > 1) THEN
            (SELECT format('column "%s" is there twice', min(name)) FROM (SELECT name FROM found GROUP BY name HAVING count(*) > 1) AS d)
        ELSE (SELECT format('column "%s" is missing', min(n)) FROM unnest(string_to_array(:'needed', ' ')) AS n
              WHERE n NOT IN (SELECT name FROM found) HAVING count(*) > 0)
        END AS wrong
)
SELECT CASE WHEN wrong IS NULL THEN 'ok' || chr(31) || (SELECT string_agg(format('%I', name), ', ' ORDER BY i) FROM found)
            ELSE 'no' || chr(31) || wrong || chr(31) || (SELECT string_agg(name, ', ' ORDER BY attnum) FROM allowed) END
FROM verdict;
SQL
	) || fail "$name, line 1: $answer"
	case $answer in
	ok*) columns=${answer#*$'\x1f'} ;;
	no*)
		answer=${answer#*$'\x1f'}
		fail "$name, line 1: ${answer%%$'\x1f'*}" "The columns are:" "$(fold -s -w 100 <<<"${answer#*$'\x1f'}" | sed '2,$s/^/  /')"
		;;
	*) fail "$name, line 1 cannot be read" "$answer" ;;
	esac
}

signals=$folder/signals.csv
accounts=$folder/accounts.csv
[ -d "$folder" ] || fail "there is no folder $folder"
[ -e "$signals" ] || fail "there is no signals.csv in $folder" "accounts.csv is optional, signals.csv is not."
ask -c 'SELECT 1' >/dev/null || fail "no connection"
if [ "$(ask -c 'SELECT EXISTS (SELECT FROM healthscore.signals) OR EXISTS (SELECT FROM healthscore.accounts)')" != f ]; then
	fail "healthscore.signals and healthscore.accounts must be empty"
fi

script="BEGIN;"
for table in accounts signals; do
	file=$folder/$table.csv
	[ -e "$file" ] || continue
	check_file "$file"
	columns_of "$file" $table "$([ $table = accounts ] && echo account_id || echo 'account_id day')"
	script+=$'\n'"\\copy healthscore.$table ($columns) FROM $(quoted "$file") WITH (FORMAT csv, HEADER)"
done
script+="
DO \$\$ BEGIN
    IF NOT EXISTS (SELECT FROM healthscore.signals) THEN
        RAISE EXCEPTION 'signals.csv has no rows';
    END IF;
END \$\$;
COMMIT;
ANALYZE healthscore.accounts, healthscore.signals;"

# Dates are year-month-day, as 03/04/2026 would be anyone's guess.
# COPY says the line, as CONTEXT: COPY signals, line 7, column logins: "x"
if ! said=$(ask -f - <<<"$script" 2>&1); then
	what=$(sed -n '/ERROR:/{s/.*ERROR:  *//p;q}' <<<"$said")
	detail=$(sed -n 's/^DETAIL:  *//p' <<<"$said" | sed -n 1p)
	where=$(sed -n 's/^\(CONTEXT:  *\)\{0,1\}COPY \([a-z]*\), \(line [0-9]*\).*/\2.csv, \3/p' <<<"$said" | sed -n 1p)
	column=$(sed -n 's/^\(CONTEXT:  *\)\{0,1\}COPY [a-z]*, line [0-9]*, column \([a-z0-9_]*\):.*/\2/p' <<<"$said" | sed -n 1p)
	case $what in
	*'duplicate key'*) what="a second row for the same ${detail#Key }" && what=${what% already exists.} && detail= ;;
	esac
	case $detail in 'Failing row'*) detail= ;; esac
	fail "${where:+$where${column:+, column $column}: }${what:-$said}" ${detail:+"$detail"}
fi

"""Part portfolio: scores, windows, history, peers and a night against plain SQL and DuckDB."""
import os
import statistics
import subprocess
import tempfile
import time

from common import HERE, ROUNDS, ask, backend_cpu, database, goals, interleave, machine, psql, ratio, timings, verdict

try:
    import duckdb
except ImportError:
    duckdb = None

ACCOUNTS = int(os.environ.get("ACCOUNTS", 10000))
DAYS = int(os.environ.get("DAYS", 365))
AS_OF = "date '2026-06-30'"
WINDOW = f"day > {AS_OF} - 90 AND day <= {AS_OF}"
FRAME = "(PARTITION BY account_id ORDER BY day RANGE BETWEEN '89 days' PRECEDING AND CURRENT ROW)"
COLUMNS = ("account_id, day, logins, active_users, active_users_7d, licensed_seats, features_used, features_available, "
           "tickets_opened, sentiment, days_since_customer_contact, days_to_renewal, days_payment_overdue")


def careful(signals, accounts):
    sql = open(os.path.join(HERE, "careful.sql")).read()
    sql = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
    return sql.replace(":as_of", AS_OF).replace(":signals", signals).replace(":accounts", accounts)


class Duck:
    """DuckDB with one thread, on its own file and on rows that come from PostgreSQL."""

    def __init__(self):
        self.kept = tempfile.TemporaryDirectory()
        self.folder = self.kept.name
        self.csv = os.path.join(self.folder, "window.csv")
        every = os.path.join(self.folder, "all.csv")
        accounts = os.path.join(self.folder, "accounts.csv")
        self.copy = f"COPY (SELECT {COLUMNS} FROM healthscore.signals WHERE {WINDOW}) TO STDOUT (FORMAT csv, HEADER)"
        for name, sql in ((self.csv, self.copy),
                          (every, f"COPY (SELECT {COLUMNS} FROM healthscore.signals ORDER BY day) TO STDOUT (FORMAT csv, HEADER)"),
                          (accounts, "COPY (SELECT account_id, started_on FROM healthscore.accounts) TO STDOUT (FORMAT csv, HEADER)")):
            with open(name, "w") as out:
                subprocess.run(["psql", "-XqAt", "-c", sql], stdout=out, check=True)
        self.db = duckdb.connect(os.path.join(self.folder, "own.duckdb"))
        self.db.execute("SET threads = 1")
        self.types = ("{'account_id': 'VARCHAR', 'day': 'DATE', 'sentiment': 'DOUBLE', " +
                      ", ".join(f"'{c}': 'INTEGER'" for c in COLUMNS.split(", ") if c not in ("account_id", "day", "sentiment")) + "}")
        self.db.execute(f"CREATE TABLE signals AS FROM read_csv('{every}', header = true, columns = {self.types})")
        self.db.execute(f"CREATE TABLE accounts AS FROM read_csv('{accounts}', header = true)")

    def cpu(self, sql):
        start = time.process_time()
        self.db.execute(sql).fetchall()
        return time.process_time() - start

    def from_csv(self):
        return careful(f"read_csv('{self.csv}', header = true, columns = {self.types})", "accounts")


MEASURES = ["login_rate", "days_since_login", "seat_utilisation", "weekly_active_per_seat", "feature_breadth", "adoption_trend",
            "support_load", "sentiment_trend", "days_since_touch", "renewal_proximity", "payment"]
# every column is asked for: a planner leaves out what nobody wants
ALL = ", ".join(f"count({m})" for m in MEASURES)


def differ(ours, plain):
    """SQL: do the measures of the scorecard and those of the careful SQL differ?"""
    at = [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]
    return " OR ".join(f"({ours}.measures[{i}] IS NULL) <> ({plain}.{n} IS NULL) OR abs({ours}.measures[{i}] - {plain}.{n}) > 1e-9 * greatest(1, abs({plain}.{n}))"
                       for i, n in zip(at, MEASURES))


def check_same():
    """The careful SQL must give the measures that the scorecard gives."""
    return ask(f"SELECT count(*) || ' accounts, ' || count(*) FILTER (WHERE {differ('x', 'c')}) || ' differ' "
               f"FROM ({careful('healthscore.signals', 'healthscore.accounts')}) c "
               f"FULL JOIN healthscore.scores('core', {AS_OF}) x USING (account_id)")


# three measures of every account and day
FIRST = "date '2025-07-01'"
HISTORY = """'{"scorecard": "history", "minimum_coverage": 0, "signals": [{"name": "logins", "absent": "zero"},
    {"name": "active_users", "absent": "zero"}, {"name": "licensed_seats", "absent": "unknown"}], "measures": [
    {"name": "login_rate", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"linear": {"worst": 0, "best": 1}}},
    {"name": "utilisation", "kind": "ratio", "signal": "active_users", "per": "licensed_seats", "days": 7},
    {"name": "slope", "kind": "slope", "signal": "logins", "days": 90}], "bands": [{"name": "all", "from": 0}]}'::healthscore.scorecard"""
ROLLED = f"""SELECT x.account_id, h.as_of, h.measures
    FROM (SELECT account_id, healthscore.measure_series({HISTORY}, day, logins, active_users, licensed_seats) AS s
          FROM healthscore.signals GROUP BY 1) x
    CROSS JOIN LATERAL healthscore.measure_history({HISTORY}, x.s, {FIRST}, {FIRST} + {DAYS - 1}) AS h"""
# the same frames in SQL; every account of the bench has a row for every day
WINDOWS = """SELECT account_id, day AS as_of, sum(logins) OVER w30 / (count(*) OVER w30)::DOUBLE PRECISION AS login_rate,
        sum(active_users) OVER w7 / (sum(licensed_seats) OVER w7)::DOUBLE PRECISION AS utilisation,
        regr_slope(logins, day - date '2025-07-01') OVER w90 AS slope
    FROM {}
    WINDOW w30 AS (PARTITION BY account_id ORDER BY day RANGE BETWEEN INTERVAL '29 days' PRECEDING AND CURRENT ROW),
        w7 AS (PARTITION BY account_id ORDER BY day RANGE BETWEEN INTERVAL '6 days' PRECEDING AND CURRENT ROW),
        w90 AS (PARTITION BY account_id ORDER BY day RANGE BETWEEN INTERVAL '89 days' PRECEDING AND CURRENT ROW)"""


def check_history():
    """The window functions must give the measures of measure_history(), where these are old enough to be known."""
    few = "healthscore.signals WHERE account_id < 'acct-000051'"
    differ = " OR ".join(f"(h.measures[{i}] IS NULL AND h.as_of > {FIRST} + 10) OR abs(h.measures[{i}] - w.{n}) > 1e-9 * greatest(1, abs(w.{n}))"
                         for i, n in enumerate(["login_rate", "utilisation", "slope"], 1))
    return ask(f"SELECT count(*) || ' accounts and days, ' || count(*) FILTER (WHERE {differ}) || ' differ' "
               f"FROM ({ROLLED.replace('healthscore.signals GROUP', few + ' GROUP')}) h FULL JOIN ({WINDOWS.format(few)}) w USING (account_id, as_of)")


def print_timings(title, rows):
    print(f"\n### {title}")
    timings(rows)
    return rows


def score(duck):
    own = "scores('core', as_of): 15 measures, rules, score, band, contributions"
    base = "SELECT account_id, sum(logins) FROM healthscore.signals ... GROUP BY 1"
    plain = "careful plain SQL, the same measures, no score"
    copied = "DuckDB, 1 thread, rows out of PostgreSQL by COPY first"
    others = {}
    if duck:
        count = f"SELECT {ALL} FROM ({{}}) q"
        others["DuckDB, 1 thread, its own columnar file, careful SQL"] = lambda: duck.cpu(count.format(careful("signals", "accounts")))
        others[copied] = lambda: backend_cpu([duck.copy])[0] + duck.cpu(count.format(duck.from_csv()))
    rows = print_timings(f"Score of the portfolio at one date, 90 days = {ask(f'SELECT count(*) FROM healthscore.signals WHERE {WINDOW}')} rows", interleave({
        base: f"SELECT count(s) FROM (SELECT account_id, sum(logins) AS s FROM healthscore.signals WHERE {WINDOW} GROUP BY 1 OFFSET 0) q",
        own: f"SELECT count(score), count(band), count(measures), count(contributions) FROM healthscore.scores('core', {AS_OF})",
        plain: f"SELECT {ALL} FROM ({careful('healthscore.signals', 'healthscore.accounts')} OFFSET 0) q",
    }, others, ROUNDS))
    print(f"\nThe same measures from the scorecard and from careful SQL: {check_same()}.")
    return [["score of the portfolio at most 1.4 × `GROUP BY sum`", *ratio(rows, own, base, most=1.4)],
            ["at least 4 × faster than careful plain SQL", *ratio(rows, plain, own, least=4)],
            ["faster than DuckDB when the rows must first leave PostgreSQL", *ratio(rows, copied, own, least=1)]]


def slope():
    # rows sorted by account and day, as the heap is in order of the day
    every = ("SELECT count(x) FROM (SELECT {} OVER w AS x FROM (SELECT account_id, day, logins FROM healthscore.signals OFFSET 0) s "
             "WINDOW w AS " + FRAME + " OFFSET 0) q")
    calls = {f"{call} OVER w": every.format(sql) for call, sql in (
        ("row_number()", "row_number()"), ("sum(logins)", "sum(logins)"), ("trend_slope(logins, day)", "healthscore.trend_slope(logins, day)"),
        ("regr_slope(logins, day - date)", "regr_slope(logins, day - date '2025-07-01')"))}
    rows = print_timings("Slope over the last 90 days, every account and day, rows sorted, w = " + FRAME,
                         interleave(calls, {}, max(1, ROUNDS // 2), warm=False))
    base, _, own, plain = rows
    return [["slope in a moving 90-day frame at most 1.4 × `row_number()`", *ratio(rows, own, base, most=1.4)],
            ["at least 7 × faster than `regr_slope`", *ratio(rows, plain, own, least=7)]]


def history(duck):
    base = "SELECT sum(logins) FROM healthscore.signals"
    own = "measure_history: login rate 30 d, utilisation 7 d, slope 90 d, a row for each account and day"
    plain = "plain SQL window functions, RANGE frames, regr_slope, run once"
    copied = "DuckDB, 1 thread, its own columnar file, the same frames"
    count = "SELECT count(login_rate), count(utilisation), count(slope) FROM ({}) q"
    rows = interleave({
        base: base,
        "GROUP BY account_id, three sums": "SELECT count(a), count(b), count(c) FROM (SELECT account_id, sum(logins) AS a, sum(active_users) AS b, "
                                           "sum(licensed_seats) AS c FROM healthscore.signals GROUP BY 1 OFFSET 0) q",
        own: f"SELECT count(measures) FROM ({ROLLED}) q",
    }, {copied: lambda: duck.cpu(count.format(WINDOWS.format("signals")))} if duck else {}, ROUNDS)
    rows[plain] = backend_cpu([count.format(WINDOWS.format("healthscore.signals"))], warm=False)
    print_timings("History: three measures of every account and day, heap in order of the day", rows)
    print(f"\nThe same measures from `measure_history()` and from window functions: {check_history()}.")
    return [["history at least 20 × faster than plain SQL window functions", *ratio(rows, plain, own, least=20)],
            ["at least 3 × faster than DuckDB with one thread", *ratio(rows, copied, own, least=3)],
            ["at most 7 × `SELECT sum(logins)`", *ratio(rows, own, base, most=7)]]


def peers():
    """The same card with and without peers: three of the measures, and every one, judged among them."""
    doc = "healthscore.scorecard_template('core')::jsonb"
    for name, change in (("alone", doc),
                         ("peers", f"""jsonb_set(jsonb_set(jsonb_set({doc}, '{{measures,0,normalise}}', '{{"peer_z": {{"worst": -2, "best": 2}}}}'),
                             '{{measures,2,normalise}}', '{{"peer_percentile": {{"worst": 0, "best": 100}}}}'),
                             '{{measures,5,normalise}}', '{{"peer_robust_z": {{"worst": -2, "best": 2}}}}')"""),
                         ("all_peers", f"""jsonb_set({doc}, '{{measures}}', (SELECT jsonb_agg(CASE WHEN m ? 'normalise'
                             THEN m || '{{"normalise": {{"peer_robust_z": {{"worst": -2, "best": 2}}}}}}' ELSE m END ORDER BY i)
                             FROM jsonb_array_elements({doc} -> 'measures') WITH ORDINALITY AS e(m, i)))""")):
        ask(f"""SELECT healthscore.publish_scorecard(jsonb_set({change}, '{{scorecard}}', '"{name}"')::healthscore.scorecard)""")
    count = f"SELECT count(score), count(band), count(measures), count(contributions) FROM healthscore.scores('{{}}', {AS_OF})"
    rows = print_timings("Peers: the card of `core`, three segments", interleave({
        "scores(card, as_of), no peers": count.format("alone"),
        "three of its measures judged among peers": count.format("peers"),
        "all 11 scored measures judged among peers": count.format("all_peers"),
    }, {}, ROUNDS))
    base, three, every = rows
    return [["score with three peer normalisers at most 1.5 × the same card without", *ratio(rows, three, base, most=1.5)],
            ["the same with peers for all measures", *ratio(rows, every, base, most=1.5)]]


def night():
    """What belongs to a night, against the night itself."""
    draft = """jsonb_set(jsonb_set(healthscore.scorecard_template('core')::jsonb, '{scorecard}', '"draft"'), '{bands,2,from}', '80')::healthscore.scorecard"""
    ask(f"SELECT healthscore.track_changes(); CALL healthscore.refresh({AS_OF})")
    changed = f"CALL healthscore.refresh({AS_OF}, only_changed => true)"
    change = f"UPDATE healthscore.signals SET logins = logins + 1 WHERE account_id < 'acct-000101' AND day = {AS_OF}"
    rows = print_timings("What belongs to a night", interleave({
        "refresh of a night, all rows written": f"DO $$BEGIN TRUNCATE healthscore.scores; CALL healthscore.refresh({AS_OF}); END$$",
        "preview of a draft with other bands, from the stored night": f"SELECT count(*) FROM healthscore.preview({draft}, {AS_OF})",
        "refresh, only_changed, 100 accounts changed": f"DO $$BEGIN {change}; {changed}; END$$",
        "data_quality of the card": f"SELECT count(*) FROM healthscore.data_quality('core', {AS_OF})",
        "score() of every stored account, 20 times": "SELECT count(r.score), count(r.contributions) FROM (SELECT s.measures, s.facts, c.card FROM healthscore.scores AS s, generate_series(1, 20), "
                                                     f"healthscore.scorecards AS c WHERE c.name = 'core' AND s.as_of = {AS_OF} OFFSET 0) AS x, "
                                                     "LATERAL healthscore.score(x.card, x.measures, NULL, x.facts) AS r",
        "backfill of 30 nights, all rows written": f"DO $$BEGIN TRUNCATE healthscore.scores; PERFORM healthscore.hs_score_nights({AS_OF} - 29, {AS_OF}, 1, 1); END$$",
    }, {}, ROUNDS))
    ask("SELECT healthscore.track_changes(false)")
    base, preview, _, _, alone, _ = rows
    each = statistics.median(rows[alone]) / ACCOUNTS / 20 * 1e6
    return [["`score()` alone at most 2 µs an account", f"{each:.1f} µs, the scan included", verdict(each <= 2)],
            ["preview of a draft with unchanged measures at least 20 × faster than a refresh", *ratio(rows, base, preview, least=20)]]


def load(accounts=ACCOUNTS, first=0):
    psql(open(os.path.join(HERE, "portfolio.sql")).read(), "-v", f"accounts={accounts}", "-v", f"days={DAYS}", "-v", f"first={first}")


def main():
    database("portfolio", load)
    machine()
    duck = Duck() if duckdb else None
    print(f"\nDuckDB {duckdb.__version__ if duckdb else 'is not there and left out'}; {ACCOUNTS:,} accounts × {DAYS} days, {ask('SELECT count(*) FROM healthscore.signals')} rows, "
          f"{ask('SELECT pg_size_pretty(pg_table_size($$healthscore.signals$$))')}; {ROUNDS} interleaved rounds; jit off, no parallelism.")
    goals(*score(duck), *slope(), *history(duck), *peers(), *night())


if __name__ == "__main__":
    main()

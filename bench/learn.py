"""Part learn: training sets, back-tests, metrics and predicted nights over the portfolio, against plain SQL."""
import os
import statistics
import tempfile

import portfolio
from common import ROUNDS, ask, copy_rows, database, goals, interleave, machine, peer, peers, ratio, timings, verdict
from portfolio import ACCOUNTS, AS_OF, MEASURES

CARD = "healthscore.published_scorecard('core')"
# the last date whose outcomes are known: 30 days of horizon and 31 of a renewal's grace before AS_OF
DATES = f"generate_series({AS_OF} - 61, date '2025-07-01', interval '-30 days')"
SET = f"healthscore.training_set({CARD}, {AS_OF}, every => 30, horizon => 30)"
MONTHS = (f"{AS_OF} - 335", f"{AS_OF} - 5")
PREDICTIONS = 1000000


def load():
    """The portfolio, where one account in eight churns on its renewal date, and predictions with their outcomes."""
    ask(f"""
        UPDATE healthscore.accounts SET started_on = '2024-05-27';
        INSERT INTO healthscore.outcomes (account_id, kind, reference_date, opens_on, outcome, outcome_date, closes_on)
        SELECT account_id, 'renewal', r, r, CASE WHEN lost THEN 'churned' ELSE 'renewed' END, r, r + 31
        FROM healthscore.accounts, LATERAL (SELECT date '2025-10-01' + abs(hashtext(account_id) % 240) AS r, hashtextextended(account_id, 1) % 8 = 0 AS lost) AS h;
        CREATE TABLE predictions AS
        SELECT (hashint8extended(i, 1) & 1048575) / 1048576.0::double precision < p AS y, p
        FROM generate_series(1, {PREDICTIONS}) AS i, LATERAL (SELECT ((hashint8extended(i, 2) & 1048575) + 0.5) / 1048576.0::double precision AS p) AS q;
        VACUUM ANALYZE""")


def plain_set():
    """The same rows by careful SQL, for the measures that it has."""
    measures = portfolio.careful("healthscore.signals", "healthscore.accounts").replace(AS_OF, "d.day")
    return f"""SELECT c.account_id, d.day AS observed_on, coalesce(o.outcome_date <= d.day + 30, false) AS label, {", ".join(MEASURES)}
        FROM (SELECT day::date FROM {DATES} AS day) AS d CROSS JOIN LATERAL ({measures}) AS c
        LEFT JOIN healthscore.outcomes AS o ON o.account_id = c.account_id AND o.outcome = 'churned'
        WHERE o.outcome_date IS NULL OR o.outcome_date > d.day"""


def check_set():
    return ask(f"SELECT to_char(count(*), 'FM9,999,999') || ' rows, ' || count(*) FILTER (WHERE t.label IS DISTINCT FROM c.label OR {portfolio.differ('t', 'c')}) || ' differ' "
               f"FROM ({plain_set()}) AS c FULL JOIN {SET} AS t USING (account_id, observed_on)")


def sets():
    base = "SELECT account_id, sum(logins) FROM healthscore.signals GROUP BY 1"
    own = "training_set('core', as_of, every => 30, horizon => 30): 15 measures, label"
    plain = "careful plain SQL, 11 of the measures, label"
    rows = portfolio.print_timings("Training set: every account every 30 days of a year", interleave({
        base: "SELECT count(s) FROM (SELECT account_id, sum(logins) AS s FROM healthscore.signals GROUP BY 1 OFFSET 0) q",
        own: f"SELECT count(label), count(measures) FROM {SET}",
        plain: f"SELECT count(label), {portfolio.ALL} FROM ({plain_set()} OFFSET 0) q",
    }, {}, ROUNDS))
    n = int(ask(f"SELECT count(*) FROM {SET}"))
    print(f"\nThe same rows from `training_set()` and from careful SQL: {check_set()}. Rows of the training set a second: {n / statistics.median(rows[own]):,.0f}.")
    return [["training set at least 4 × faster than careful plain SQL", *ratio(rows, plain, own, least=4)]]


def backtests():
    nights = "scores('core', day) for each of them, one by one"
    own = "backtest(card, ...): 12 dates, every 30 days"
    model = "backtest(model, ...): the same dates, 200 trees"
    count = f"SELECT sum(account_dates), sum(flagged) FROM healthscore.backtest({{}}, {MONTHS[0]}, {MONTHS[1]}, {AS_OF}, {{}}every => 30, horizon => 30)"
    rows = portfolio.print_timings("Back-test", interleave({
        nights: f"SELECT count(x.score), count(x.band) FROM generate_series({MONTHS[0]}, {MONTHS[1]}, interval '30 days') AS day, "
                "LATERAL healthscore.scores('core', day::date) AS x",
        own: count.format(CARD, ""),
        model: count.format("healthscore.deployed_model('churn')", f"card => {CARD}, "),
    }, {}, ROUNDS))
    return [["back-test of 12 dates faster than the 12 nights alone", *ratio(rows, nights, own, least=1)]]


def metrics():
    base = "SELECT count(y), count(p)"
    plain_auc = "AUC in plain SQL, ties half"
    plain_loss = "log loss in plain SQL"
    every = "auc, log_loss, brier, calibration_slope, ks, average_precision, lift of one ranking(y, p)"
    statements = {
        base: f"{base} FROM predictions",
        "auc(y, p)": "SELECT healthscore.auc(y, p) FROM predictions",
        plain_auc: """SELECT (sum(r) FILTER (WHERE y) - count(*) FILTER (WHERE y) * (count(*) FILTER (WHERE y) + 1) / 2.0::float8)
            / (count(*) FILTER (WHERE y) * count(*) FILTER (WHERE NOT y))::float8
            FROM (SELECT y, rank() OVER w + (count(*) OVER (w RANGE BETWEEN CURRENT ROW AND CURRENT ROW) - 1) / 2.0::float8 AS r FROM predictions WINDOW w AS (ORDER BY p)) AS q""",
        "log_loss(y, p)": "SELECT healthscore.log_loss(y, p) FROM predictions",
        plain_loss: "SELECT avg(-ln(CASE WHEN y THEN p ELSE 1 - p END)) FROM predictions",
        every: "SELECT healthscore.auc(r), healthscore.log_loss(r), healthscore.brier(r), healthscore.calibration_slope(r), healthscore.ks(r), "
               "healthscore.average_precision(r), healthscore.lift(r) FROM (SELECT healthscore.ranking(y, p) AS r FROM predictions OFFSET 0) AS q",
    }
    others, values = {}, {name: float(ask(sql).split("|")[0]) for name, sql in statements.items()}
    with tempfile.TemporaryDirectory() as folder:
        copy_rows("SELECT y::integer, p FROM predictions", folder + "/predictions.csv")
        for name, (python, _) in peers("sklearn").items():
            def run(metric, python=python, name=name):
                seconds, values[f"{name}: {metric}"] = peer(python, "metrics", folder + "/predictions.csv")[metric]
                return seconds
            others |= {f"{name}: {metric}": lambda metric=metric: run(metric) for metric in ("roc_auc_score", "log_loss")}
        rows = portfolio.print_timings(f"Metrics of {PREDICTIONS:,} predictions", interleave(statements, others, ROUNDS))
    one, other = ([v for name, v in values.items() if name.lower().replace(" ", "_").find(key) >= 0 and name != every] for key in ("auc", "log_loss"))
    far = max(max(one) - min(one), max(other) - min(other))
    print(f"\nAll say AUC {one[0]:.9f} and log loss {other[0]:.9f}; the largest difference is {far:.0e}.")
    sk = next(iter(peers("sklearn")), "scikit-learn")
    return [["auc() at least 3 × faster than plain SQL", *ratio(rows, plain_auc, "auc(y, p)", least=3)],
            ["seven metrics of one ranking faster than AUC alone in plain SQL", *ratio(rows, plain_auc, every, least=1)],
            ["auc() not slower than roc_auc_score over arrays in memory", *ratio(rows, f"{sk}: roc_auc_score", "auc(y, p)", least=1)],
            ["log_loss() against plain SQL, which need not keep the rows: reported, no goal", ratio(rows, "log_loss(y, p)", plain_loss)[0], ""]]


def learn():
    ask(f"""SELECT healthscore.create_training_set('public.learned', {CARD}, {AS_OF}, every => 30, horizon => 30);
        SELECT healthscore.train('churn', 'SELECT * FROM public.learned', 'label', params => '{{"n_trees": 200, "max_depth": 6, "eta": 0.05}}',
            account => 'account_id', ignore => '{{observed_on,outcome_date}}', force => true, as_of => {AS_OF}, horizon => 30);
        SELECT healthscore.deploy('churn', 1)""")


def nights():
    night = f"DO $$BEGIN TRUNCATE healthscore.scores, healthscore.predictions; DELETE FROM healthscore.model_assignments; {{}} CALL healthscore.refresh({AS_OF}); END$$"
    base, own = "refresh of a night, no model", "refresh of a night, a model of 200 trees deployed: risk and five drivers stored"
    rows = portfolio.print_timings("A night with predictions", interleave({
        base: night.format(""),
        own: night.format("PERFORM healthscore.assign_model('churn', 'core');"),
    }, {}, ROUNDS))
    each = statistics.median((o - b) / ACCOUNTS * 1e6 for o, b in zip(rows[own], rows[base]))
    stored = ask("SELECT count(*) FROM healthscore.predictions")
    return [["prediction and drivers of a night at most 150 µs an account", f"{each:.0f} µs more than without, {stored} rows of predictions", verdict(each <= 150)]]


def main():
    database("portfolio", portfolio.load)
    database("learn", load, template="portfolio")
    machine("sklearn")
    print(f"\n{ACCOUNTS:,} accounts × {portfolio.DAYS} days, {ROUNDS} interleaved rounds.")
    learn()
    reached = [*sets(), *backtests(), *metrics(), *nights()]
    goals(*reached)


if __name__ == "__main__":
    main()

"""Part model: predict() and drivers() against XGBoost."""
import json
import os
import statistics
import tempfile

from common import ROUNDS, ask, copy_rows, database, goals, interleave, machine, peer, peers, psql, ratio, timings, verdict
from train import COLUMNS, FEATURES, PARAMS, ROWS, TREES, load

EXPLAINED = min(2000, ROWS)  # rows that a peer explains in a round: it takes about a millisecond each
MODEL = "(SELECT model FROM models)"
PREDICT = "predict(model, array column)"
DRIVERS = "drivers(model, array column), top 5"
STATEMENTS = {
    PREDICT: f"SELECT sum(healthscore.predict({MODEL}, features)) FROM arrays",
    "predict(model, ARRAY[f0, ...])": f"SELECT sum(healthscore.predict({MODEL}, ARRAY[{COLUMNS}])) FROM rows WHERE NOT side",
    "predict(model, row by name)": f"SELECT sum(healthscore.predict({MODEL}, rows)) FROM rows WHERE NOT side",
    "contributions(model, array column)": f"SELECT sum(cardinality(healthscore.contributions({MODEL}, features))) FROM arrays",
    DRIVERS: f"SELECT count(*), sum(d.contribution) FROM arrays, healthscore.drivers({MODEL}, features) AS d",
    "drivers_json(model, array column), top 5": f"SELECT count(healthscore.drivers_json({MODEL}, features)) FROM arrays",
    "reading the rows: array column": "SELECT sum(cardinality(features)) FROM arrays",
    "reading the rows: count(f29)": "SELECT count(f29) FROM rows WHERE NOT side",
}
PEER = {"batch": "predict, all rows in one call", "one": "predict, a row in each call of its C interface", "contribs": "pred_contribs"}


def cold(n=25):
    """Milliseconds of the first prediction in a backend, and of the third."""
    call = f"SELECT healthscore.predict({MODEL}, features) FROM arrays LIMIT 1;"
    first, later = [], []
    for _ in range(n):
        # the library is loaded and the catalogue is read before
        out = psql("SELECT healthscore.version(); SELECT features FROM arrays LIMIT 1;\nSELECT healthscore.model_features('"
                   '{"healthscore_model":1,"kind":"logistic","intercept":0,"features":["a"],"weight":[1],"mean":[0],"scale":[1],"error":[null]}'
                   "');\n\\timing on\n" + (call + "\n") * 3).stdout
        times = [float(line.split()[1]) for line in out.splitlines() if line.startswith("Time:")]
        first.append(times[0])
        later.append(times[2])
    return statistics.median(first), statistics.median(later)


def same(folder):
    """Are the predictions and contributions of a peer ours?"""
    return psql(f"""
        CREATE TEMP TABLE margin (n integer, margin double precision);
        CREATE TEMP TABLE contrib (n integer, contributions double precision[]);
        \\copy margin FROM '{folder}/margin.csv' (FORMAT csv)
        \\copy contrib FROM '{folder}/contribs.csv' (FORMAT csv)
        SELECT format('%s of %s margins are equal', count(*) FILTER (WHERE healthscore.predict_margin({MODEL}, features) = margin), count(*))
        FROM arrays JOIN margin ON n = id - 1;
        SELECT format('contributions differ by %s at most', trim(to_char(max((SELECT max(abs(a - b)) FROM unnest(healthscore.contributions({MODEL}, features),
            c.contributions) AS u (a, b))), '9.9EEEE'))) FROM arrays JOIN contrib AS c ON n = id - 1""").stdout.strip().replace("\n", ", ")


def main():
    database("rows", load)
    machine("xgboost")
    others = peers("xgboost")
    with tempfile.TemporaryDirectory() as folder:
        file, model = folder + "/rows.csv", folder + "/model.json"
        copy_rows(f"SELECT side::integer, y::integer, {COLUMNS} FROM rows WHERE NOT side ORDER BY id", file)
        if others:
            maker = next(iter(others))
            peer(others[maker][0], "train", file, json.dumps(PARAMS), str(TREES), model)
            made = f"\\set document `cat {model}`\nCREATE TABLE models AS SELECT healthscore.import_model(:'document') AS model"
        else:
            maker = "train_model()"
            made = (f"CREATE TABLE models AS SELECT model FROM healthscore.train_model('SELECT {COLUMNS}, y FROM rows WHERE NOT side', 'y', "
                    f"params => '{json.dumps({**PARAMS, 'n_trees': TREES})}')")
        psql("DROP TABLE IF EXISTS models;\n" + made)
        size = ask(f"SELECT format('%s nodes, %s bytes', i ->> 'nodes', i ->> 'bytes') FROM healthscore.model_info({MODEL}) AS i")
        print(f"\nCPU time a row of {ROWS:,} rows × {FEATURES} features, a model of {maker} with {TREES} trees of depth "
              f"{PARAMS['max_depth']} ({size}), one thread, {ROUNDS} interleaved rounds; pred_contribs on {EXPLAINED:,} of the rows.")
        timed, equal = {}, {}
        for _ in range(ROUNDS):
            for name, cpu in interleave(STATEMENTS, {}, 1).items():
                timed.setdefault(name, []).append(cpu[0] / ROWS)
            for name, (python, _) in others.items():
                for key, seconds in peer(python, "predict", model, file, str(EXPLAINED), folder).items():
                    timed.setdefault(f"{name}: {PEER[key]}", []).append(seconds)
                equal.setdefault(name, same(folder))
    timings(timed, "µs", 1e6, 2)
    if equal:
        print("\n" + " ".join(f"{name}: {text}." for name, text in equal.items()))
    first, later = cold()
    old, new = "XGBoost 1.7.4: ", (list(others)[-1] if others else "") + ": "
    goals(
        ["predict at most 4 µs a row where XGBoost 1.7.4 needs 3.8 in one call: 1.05 × it", *ratio(timed, PREDICT, old + PEER["batch"], most=4 / 3.8)],
        ["and 17.5 a row in each call: 0.23 × it", *ratio(timed, PREDICT, old + PEER["one"], most=4 / 17.5)],
        ["drivers, top 5, at least 8 × faster than pred_contribs of XGBoost 1.7.4", *ratio(timed, old + PEER["contribs"], DRIVERS, least=8)],
        [f"and not slower than that of {new[:-2] or 'the newest'}", *ratio(timed, new + PEER["contribs"], DRIVERS, least=1)],
        ["first prediction of a backend at most 1 ms over a later one", f"{first:.2f} ms against {later:.2f} ms (elapsed, median of 25)",
         verdict(first - later <= 1)])


if __name__ == "__main__":
    main()

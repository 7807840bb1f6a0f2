"""predict() and drivers() against XGBoost, by CPU time; see model.sh.  Prints Markdown.

    model.py                    compare
    model.py train FOLDER       make a model and rows, with the xgboost of this interpreter
    model.py peer FOLDER        CPU microseconds a row of that xgboost, as JSON
"""
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROWS = int(os.environ.get("ROWS", 50000))
ROUNDS = int(os.environ.get("ROUNDS", 5))
FEATURES = 30
TREES = 200
DEPTH = 6
EXPLAINED = 2000  # rows that a peer explains in a round: it takes about a millisecond each


def train(folder):
    import numpy as np
    import xgboost as xgb

    rng = np.random.default_rng(1)
    x = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)
    risk = x[:, 0] + x[:, 1] * x[:, 2] - np.abs(x[:, 3]) + 0.5 * np.sin(3 * x[:, 4]) + 0.3 * x[:, 5:10].sum(axis=1)
    y = (risk + rng.logistic(size=ROWS) > 0).astype(float)
    x[rng.random(x.shape) < 0.05] = np.nan
    booster = xgb.train(dict(objective="binary:logistic", max_depth=DEPTH, eta=0.1, tree_method="hist", nthread=1),
                        xgb.DMatrix(x, y), TREES)
    booster.save_model(os.path.join(folder, "model.json"))
    np.save(os.path.join(folder, "rows.npy"), x)
    with open(os.path.join(folder, "rows.csv"), "w") as out:
        for i, row in enumerate(x.astype(float).tolist()):
            out.write("%d,%s\n" % (i, ",".join("" if v != v else repr(v) for v in row)))


def peer(folder):
    import numpy as np
    import xgboost as xgb

    x = np.load(os.path.join(folder, "rows.npy"))
    booster = xgb.Booster({"nthread": 1}, model_file=os.path.join(folder, "model.json"))

    def cpu(work, rows):
        start = time.process_time()
        work()
        return (time.process_time() - start) / rows * 1e6

    def one_by_one():
        for i in range(500):
            booster.inplace_predict(x[i:i + 1])

    booster.inplace_predict(x[:1])
    # a DMatrix keeps what was predicted from it: a new one each time
    out = {
        "batch": cpu(lambda: booster.predict(xgb.DMatrix(x, nthread=1), output_margin=True), len(x)),
        "one": cpu(one_by_one, 500),
        "contribs": cpu(lambda: booster.predict(xgb.DMatrix(x[:EXPLAINED], nthread=1), pred_contribs=True), EXPLAINED),
        "version": xgb.__version__,
    }
    d = xgb.DMatrix(x, nthread=1)
    np.save(os.path.join(folder, "margin.npy"), booster.predict(d, output_margin=True))
    with open(os.path.join(folder, "margin.csv"), "w") as f:
        f.writelines("%d,%r\n" % (i, float(v)) for i, v in enumerate(booster.predict(d, output_margin=True)))
    with open(os.path.join(folder, "contribs.csv"), "w") as f:
        for i, row in enumerate(booster.predict(xgb.DMatrix(x[:EXPLAINED], nthread=1), pred_contribs=True).tolist()):
            f.write('%d,"{%s}"\n' % (i, ",".join(map(repr, row))))
    print(json.dumps(out))


def run(python, *args):
    done = subprocess.run([python, os.path.abspath(__file__), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def psql(script):
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=script, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done


def backend_cpu(sql):
    """CPU seconds of the backend, the second run in a session."""
    done = psql("SET client_min_messages = log;\n\\o /dev/null\n%s;\nSET log_statement_stats = on;\n%s;\n"
                "SET log_statement_stats = off;\n" % (sql, sql))
    for line in done.stderr.splitlines():
        part = line.replace("!", "").split()
        if line.startswith("!\t") and "elapsed" in line and "[" not in line:
            return float(part[0]) + float(part[3])
    sys.exit("no statistics")


COLUMNS = ", ".join("f%d" % i for i in range(FEATURES))
MODEL = "(SELECT model FROM models)"
STATEMENTS = {
    "read the rows: count(f29)": "SELECT count(f29) FROM rows",
    "read the rows: array column": "SELECT sum(cardinality(features)) FROM arrays",
    "predict(model, array column)": f"SELECT sum(healthscore.predict({MODEL}, features)) FROM arrays",
    "predict(model, ARRAY[f0, ...])": f"SELECT sum(healthscore.predict({MODEL}, ARRAY[{COLUMNS}])) FROM rows",
    "predict(model, row by name)": f"SELECT sum(healthscore.predict({MODEL}, rows)) FROM rows",
    "contributions(model, array column)": f"SELECT sum(cardinality(healthscore.contributions({MODEL}, features))) FROM arrays",
    "drivers(model, array column), top 5": f"SELECT count(*), sum(d.contribution) FROM arrays, healthscore.drivers({MODEL}, features) AS d",
    "drivers_json(model, array column), top 5": f"SELECT count(healthscore.drivers_json({MODEL}, features)) FROM arrays",
}


def cold(n=15):
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


def main():
    peers = []
    with tempfile.TemporaryDirectory() as folder:
        for python in os.environ.get("PEERS", "").split():
            if os.access(python, os.X_OK) and subprocess.run([python, "-c", "import xgboost"], stderr=subprocess.DEVNULL,
                                                             check=False).returncode == 0:
                peers.append(python)
        if not peers:
            sys.exit("no interpreter has xgboost: install python3-xgboost, or name one in PEERS")
        run(peers[0], "train", folder)
        psql(f"""CREATE EXTENSION healthscore;
            CREATE TABLE rows (id integer, {COLUMNS.replace(",", " double precision,")} double precision);
            \\copy rows FROM '{folder}/rows.csv' (FORMAT csv)
            CREATE TABLE arrays AS SELECT id, ARRAY[{COLUMNS}] AS features FROM rows;
            \\set document `cat {folder}/model.json`
            CREATE TABLE models AS SELECT healthscore.import_model(:'document') AS model;
            CREATE TABLE margins (id integer, margin double precision);
            CREATE TABLE contribs (id integer, contributions double precision[]);
            VACUUM ANALYZE;""")

        print(f"{ROWS:,} rows, {FEATURES} features, {TREES} trees of depth {DEPTH}; CPU microseconds a row, median (least) of "
              f"{ROUNDS} interleaved rounds; {platform.machine()}, PostgreSQL {psql('SHOW server_version').stdout.split()[0]}")
        print("model_info:", psql(f"SELECT healthscore.model_info({MODEL})").stdout.strip())
        times = {}
        for _ in range(ROUNDS):
            for name, sql in STATEMENTS.items():
                times.setdefault(name, []).append(backend_cpu(sql) / ROWS * 1e6)
            for python in peers:
                out = json.loads(run(python, "peer", folder))
                version = "XGBoost " + out.pop("version")
                for name, label in (("batch", "predict, all rows in one call"), ("one", "predict, a row in each call"),
                                    ("contribs", "pred_contribs")):
                    times.setdefault(f"{version}: {label}", []).append(out[name])
                psql(f"""TRUNCATE margins, contribs;
                    \\copy margins FROM '{folder}/margin.csv' (FORMAT csv)
                    \\copy contribs FROM '{folder}/contribs.csv' (FORMAT csv)""")
                same = psql(f"""SELECT format('%s of %s margins equal', count(*) FILTER (WHERE healthscore.predict_margin({MODEL}, features) = margin), count(*))
                    FROM arrays JOIN margins USING (id);
                    SELECT format('contributions differ by at most %s', max((SELECT max(abs(a - b)) FROM unnest(healthscore.contributions({MODEL}, features), c.contributions) AS u (a, b))))
                    FROM arrays JOIN contribs c USING (id)""").stdout.split("\n")
                times[version] = same[:2]
        print("\n| what | us a row | least |\n|---|---|---|")
        for name, values in times.items():
            if isinstance(values[0], float):
                print(f"| {name} | {statistics.median(values):.2f} | {min(values):.2f} |")
        for name, values in times.items():
            if isinstance(values[0], str):
                print(f"\n{name}: {'; '.join(values)}", end="")
        own = times["drivers(model, array column), top 5"]
        print("\n")
        for name, values in times.items():
            if name.endswith("pred_contribs"):
                print(f"{name} / drivers: {statistics.median(v / o for v, o in zip(values, own)):.1f}")
        print("first prediction of a backend %.2f ms, a later one %.2f ms (elapsed, median)" % cold())


if __name__ == "__main__":
    {"train": train, "peer": peer}.get(sys.argv[1], None)(sys.argv[2]) if sys.argv[1:] else main()

"""train_model() against XGBoost and LightGBM, by CPU time; see train.sh.  Prints Markdown.

    train.py                        compare
    train.py make FOLDER            make the rows, with the numpy of this interpreter
    train.py peer FOLDER LIBRARY    CPU seconds of xgboost or lightgbm, one thread, as JSON

Own time is that of the whole statement: rows read from a table, binned, learned from, model and
report made.  That of a peer is for an array in memory that is already there: its data structure
and the training.  The quality is that on as many other rows.
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
ETA = 0.1


def make(folder):
    import numpy as np

    rng = np.random.default_rng(1)
    x = rng.normal(size=(2 * ROWS, FEATURES)).astype(np.float32)
    risk = (x[:, 0] + 0.8 * x[:, 1] * x[:, 2] + 0.5 * np.sin(2 * x[:, 3]) + 0.4 * x[:, 4] * (x[:, 5] > 0)
            + 0.3 * x[:, 6] - 2.2)
    y = (risk + rng.logistic(size=2 * ROWS) > 0).astype(int)
    x[rng.random(x.shape) < 0.05] = np.nan
    np.savez(os.path.join(folder, "rows.npz"), x=x, y=y)
    with open(os.path.join(folder, "rows.csv"), "w") as out:
        for i, row in enumerate(x.astype(float).tolist()):
            out.write("%d,%d,%s\n" % (i, y[i], ",".join("" if v != v else repr(v) for v in row)))


def quality(y, p):
    """AUC and log loss."""
    import numpy as np

    order = np.argsort(p, kind="stable")
    _, first, counts = np.unique(p[order], return_index=True, return_counts=True)
    ranks = np.repeat(first + (counts + 1) / 2, counts)
    n1 = y.sum()
    auc = (ranks[y[order] == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * (len(y) - n1))
    return float(auc), float(-np.log(np.where(y == 1, p, 1 - p)).mean())


def peer(folder, library):
    import numpy as np

    data = np.load(os.path.join(folder, "rows.npz"))
    x, y = data["x"], data["y"]
    start = time.process_time()
    if library == "xgboost":
        import xgboost as xgb

        name = "XGBoost " + xgb.__version__
        start = time.process_time()
        booster = xgb.train(dict(objective="binary:logistic", max_depth=DEPTH, eta=ETA, tree_method="hist", nthread=1),
                            xgb.DMatrix(x[:ROWS], y[:ROWS], nthread=1), TREES)
        seconds = time.process_time() - start
        p = booster.predict(xgb.DMatrix(x[ROWS:], nthread=1)).astype(float)
    else:
        import lightgbm as lgb

        name = "LightGBM " + lgb.__version__
        start = time.process_time()
        # as many leaves as the depth allows, lambda and child weight of XGBoost
        booster = lgb.train(dict(objective="binary", max_depth=DEPTH, num_leaves=2 ** DEPTH, learning_rate=ETA, num_threads=1,
                                 lambda_l2=1, min_sum_hessian_in_leaf=1, min_data_in_leaf=1, verbose=-1),
                            lgb.Dataset(x[:ROWS], y[:ROWS]), TREES)
        seconds = time.process_time() - start
        p = booster.predict(x[ROWS:], num_threads=1)
    print(json.dumps(dict(name=name, seconds=seconds, quality=quality(y[ROWS:], p))))


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
    """CPU seconds of the backend."""
    done = psql("SET client_min_messages = log;\n\\o /dev/null\nSELECT healthscore.version();\nSET log_statement_stats = on;\n%s;\n"
                "SET log_statement_stats = off;\n" % sql)
    for line in done.stderr.splitlines():
        part = line.replace("!", "").split()
        if line.startswith("!\t") and "elapsed" in line and "[" not in line:
            return float(part[0]) + float(part[3])
    sys.exit("no statistics")


def main():
    columns = ", ".join("f%d" % i for i in range(FEATURES))
    params = json.dumps(dict(n_trees=TREES, max_depth=DEPTH, eta=ETA, progress=0))
    rows = f"SELECT {columns}, y FROM rows WHERE id < {ROWS}"
    train = f"SELECT * FROM healthscore.train_model('{rows}', 'y', params => '{params}')"
    statements = {
        "healthscore: trees": train,
        "healthscore: reading the rows alone": f"SELECT count(f29) FROM ({rows}) AS r",
        "healthscore: logistic": f"SELECT * FROM healthscore.train_model('{rows}', 'y', 'logistic')",
    }
    with tempfile.TemporaryDirectory() as folder:
        peers = []
        for python in os.environ.get("PEERS", "").split():
            for library in ("xgboost", "lightgbm"):
                if os.access(python, os.X_OK) and subprocess.run([python, "-c", "import numpy, " + library], stderr=subprocess.DEVNULL,
                                                                 check=False).returncode == 0:
                    peers.append((python, library))
        if not peers:
            sys.exit("no interpreter has xgboost or lightgbm: install python3-xgboost, or name one in PEERS")
        run(peers[0][0], "make", folder)
        psql(f"""CREATE EXTENSION healthscore;
            CREATE TABLE rows (id integer, y integer, {columns.replace(",", " double precision,")} double precision);
            \\copy rows FROM '{folder}/rows.csv' (FORMAT csv)
            VACUUM ANALYZE;""")
        seconds = {}
        qualities = {}
        for _ in range(ROUNDS):
            for name, sql in statements.items():
                seconds.setdefault(name, []).append(backend_cpu(sql))
            for python, library in peers:
                out = json.loads(run(python, "peer", folder, library))
                seconds.setdefault(out["name"], []).append(out["seconds"])
                qualities[out["name"]] = out["quality"]
        predicted = psql(f"CREATE TEMP TABLE m AS {train};\n"
                         f"SELECT y, healthscore.predict(model, rows) FROM m, rows WHERE id >= {ROWS};").stdout.split()
        script = "import sys, json, numpy as np; sys.path.insert(0, sys.argv[1]); from train import quality;" \
                 "d = np.array([l.split('|') for l in sys.stdin.read().split()], float); print(json.dumps(quality(d[:, 0], d[:, 1])))"
        done = subprocess.run([peers[0][0], "-c", script, os.path.dirname(os.path.abspath(__file__))], input="\n".join(predicted),
                              stdout=subprocess.PIPE, text=True, check=True)
        qualities["healthscore: trees"] = json.loads(done.stdout)
    own = seconds["healthscore: trees"]
    print(f"{ROWS:,} rows, {FEATURES} features, {TREES} trees of depth {DEPTH}, one thread; CPU seconds, median (least) of {ROUNDS} "
          f"interleaved rounds; {platform.machine()}, PostgreSQL {psql('SHOW server_version').stdout.split()[0]}")
    print("\n| what | s | least | healthscore / it | AUC | log loss |\n|---|---|---|---|---|---|")
    for name, values in seconds.items():
        ratio = "" if name.startswith("healthscore") else "%.2f" % statistics.median(o / v for o, v in zip(own, values))
        auc, loss = ("%.4f" % v for v in qualities[name]) if name in qualities else ("", "")
        print(f"| {name} | {statistics.median(values):.2f} | {min(values):.2f} | {ratio} | {auc} | {loss} |")


if __name__ == "__main__":
    {"make": make, "peer": peer}[sys.argv[1]](*sys.argv[2:]) if sys.argv[1:] else main()

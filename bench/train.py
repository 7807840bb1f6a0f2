"""Part train: train_model() against XGBoost and LightGBM."""
import json
import os
import tempfile

from common import ROUNDS, ask, backend_cpu, copy_rows, database, goals, interleave, machine, markdown, peer, peers, psql, ratio, timings

ROWS = int(os.environ.get("ROWS", 50000))
FEATURES = 30
COLUMNS = ", ".join(f"f{i}" for i in range(FEATURES))
TREES = 200
PARAMS = {"max_depth": 6, "eta": 0.1}


def load():
    """ROWS to learn from and as many to predict: 30 normal features, real numbers, 5 % of them not known; deterministic."""
    ask(f"""
        CREATE FUNCTION pg_temp.u(id integer, k integer) RETURNS double precision LANGUAGE sql IMMUTABLE AS
            $$SELECT (((hashint8extended(id::bigint * 1000 + k, 7) & 1048575) + 0.5) / 1048576.0)::double precision$$;
        CREATE TABLE rows AS
        WITH x AS (
            SELECT id, ARRAY(SELECT (sqrt(-2 * ln(pg_temp.u(id, k))) * cos(2 * pi() * pg_temp.u(id, 100 + k)))::real::double precision
                             FROM generate_series(1, {FEATURES}) AS k) AS x
            FROM generate_series(1, {2 * ROWS}) AS id
        )
        SELECT id, id > {ROWS} AS side, x[1] + 0.8 * x[2] * x[3] + 0.5 * sin(2 * x[4]) + 0.4 * x[5] * (x[6] > 0)::integer + 0.3 * x[7] - 2.2
                   + ln(pg_temp.u(id, 0) / (1 - pg_temp.u(id, 0))) > 0 AS y,
               {", ".join(f"CASE WHEN pg_temp.u(id, {200 + i}) >= 0.05 THEN x[{i + 1}] END AS f{i}" for i in range(FEATURES))}
        FROM x;
        CREATE TABLE arrays AS SELECT id, ARRAY[{COLUMNS}] AS features FROM rows WHERE NOT side;
        CREATE TABLE predicted (name text, seed integer, n integer, y boolean, p double precision);
        VACUUM ANALYZE""")


def quality(name):
    return ask(f"""SELECT round(healthscore.auc(y, p)::numeric, 4) || ' | ' || round(healthscore.log_loss(y, p)::numeric, 4)
                   FROM predicted WHERE name = '{name}'""").split(" | ")


def main():
    database("rows", load)
    machine("xgboost", "lightgbm")
    others = peers("xgboost", "lightgbm")
    rows = f"SELECT {COLUMNS}, y FROM rows WHERE NOT side"
    params = json.dumps({**PARAMS, "n_trees": TREES, "progress": 0})
    own = "healthscore: train_model, rows read from a table included"
    train = f"SELECT * FROM healthscore.train_model('{rows}', 'y', params => '{params}')"
    with tempfile.TemporaryDirectory() as folder:
        file, out = folder + "/rows.csv", folder + "/predicted.csv"
        copy_rows(f"SELECT side::integer, y::integer, {COLUMNS} FROM rows", file)

        def fit(python, library):
            return peer(python, "fit", library, file, json.dumps(PARAMS), str(TREES), "1", out)[0]

        timed = interleave({own: train}, {name: lambda p=p: fit(*p) for name, p in others.items()}, ROUNDS, warm=False)
        for name, p in others.items():
            fit(*p)
            psql(f"CREATE TEMP TABLE got (seed integer, n integer, y integer, p double precision);\n\\copy got FROM '{out}' (FORMAT csv)\n"
                 f"INSERT INTO predicted SELECT '{name}', seed, n, y = 1, p FROM got")
    timed |= interleave({"reading the rows alone: count(f29)": f"SELECT count(f29) FROM ({rows}) AS r",
                         "logistic regression": f"SELECT * FROM healthscore.train_model('{rows}', 'y', 'logistic')"}, {}, ROUNDS)
    ask(f"INSERT INTO predicted SELECT '{own}', 1, id, y, healthscore.predict(model, r) FROM ({train}) AS m, rows AS r WHERE side")

    print(f"\n{ROWS:,} rows × {FEATURES} features, {TREES} trees of depth {PARAMS['max_depth']}, one thread, {ROUNDS} interleaved rounds.")
    timings(timed, "s", 1, 2)
    markdown(["on as many other rows", "AUC", "log loss"], *([name, *quality(name)] for name in [own, *others]))
    goals(["training at most 0.8 × XGBoost 1.7.4", *ratio(timed, own, "XGBoost 1.7.4", most=0.8)],
          *([f"{name}: reported, no goal", ratio(timed, own, name)[0], ""] for name in others if name != "XGBoost 1.7.4"))


if __name__ == "__main__":
    main()

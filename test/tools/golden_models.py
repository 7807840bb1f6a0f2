#!/usr/bin/env python3
"""Makes test/data/models.jsonl: models of other tools, what they predict, and
what they say each feature contributed.  Needed only to make that file again:

    OMP_NUM_THREADS=1 python3 test/tools/golden_models.py old > old.jsonl
    OMP_NUM_THREADS=1 python3 test/tools/golden_models.py new > new.jsonl
    cat old.jsonl new.jsonl > test/data/models.jsonl

"old" is run with XGBoost 1.7.4 (python3-xgboost of Debian 12), "new" with the
newest XGBoost and LightGBM.  One JSON object a line: name, tool, document (as
saved), rows (null is missing), margin, prediction, contributions (the last is
the baseline).
"""
import json
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd
import xgboost as xgb

warnings.filterwarnings("ignore")
ROWS = 24


def numbers(a):
    """Nested lists of floats, null for NaN; float32 widened exactly."""
    a = np.asarray(a, dtype=np.float64)
    if a.ndim == 0:
        return None if np.isnan(a) else float(a)
    return [numbers(x) for x in a]


def data(n=600, seed=5):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6)).round(2)
    x[:, 3] = rng.integers(0, 4, size=n)
    x[:, 5] = np.where(rng.random(n) < 0.5, 0.0, x[:, 5])
    risk = x[:, 0] + 0.7 * x[:, 1] * (x[:, 3] > 1) - 0.5 * np.abs(x[:, 2]) + x[:, 5]
    x[rng.random(x.shape) < 0.15] = np.nan
    y = (risk + rng.logistic(size=n) > 0).astype(float)
    return x, y, risk


def emit(name, tool, document, rows, margin, prediction, contributions):
    print(json.dumps(dict(name=name, tool=tool, document=document, rows=numbers(rows), margin=numbers(margin),
                          prediction=numbers(prediction), contributions=numbers(contributions))))


def xgboost_document(booster):
    with tempfile.NamedTemporaryFile(suffix=".json") as f:
        booster.save_model(f.name)
        return open(f.name).read()


def xgboost_case(name, params, x, y, rows, rounds=6, **dmatrix):
    params = dict(dict(max_depth=3, eta=0.4, nthread=1, seed=1, verbosity=0), **params)
    booster = xgb.train(params, xgb.DMatrix(x, y, **dmatrix), rounds)
    d = xgb.DMatrix(rows, **dmatrix)
    codes = rows.apply(lambda c: c.cat.codes.replace(-1, np.nan) if c.dtype == "category" else c) \
        if isinstance(rows, pd.DataFrame) else rows
    emit(name, "xgboost " + xgb.__version__, xgboost_document(booster), np.asarray(codes, dtype=float),
         booster.predict(d, output_margin=True), booster.predict(d), booster.predict(d, pred_contribs=True))


def xgboost_cases():
    x, y, risk = data()
    v = "xgboost " + xgb.__version__
    rows = x[:ROWS].copy()
    rows[0] = np.nan
    rows[1] = 0
    names = ["logins", "seat share", 'quo"ted', "plan", "größe", "tickets"]
    xgboost_case("logistic", dict(objective="binary:logistic", tree_method="hist"), x, y, rows, feature_names=names)
    xgboost_case("base score", dict(objective="binary:logistic", base_score=0.2, tree_method="exact", max_depth=5),
                 x, y, rows)
    xgboost_case("logitraw", dict(objective="binary:logitraw", base_score=0.3, tree_method="hist"), x, y, rows)
    xgboost_case("reg logistic", dict(objective="reg:logistic", tree_method="approx"), x, y, rows)
    xgboost_case("squared", dict(objective="reg:squarederror", tree_method="hist"), x, 1000 + 100 * risk, rows)
    xgboost_case("dart", dict(objective="binary:logistic", booster="dart", rate_drop=0.4, skip_drop=0.1,
                              tree_method="hist"), x, y, rows, rounds=8)
    xgboost_case("forest", dict(objective="binary:logistic", num_parallel_tree=4, subsample=0.6, eta=1,
                                tree_method="hist"), x, y, rows, rounds=2)
    frame = pd.DataFrame(x, columns=["a", "b", "c", "kind", "e", "f"])
    frame["kind"] = pd.Series(pd.Categorical(np.random.default_rng(3).integers(0, 9, len(x)), categories=range(12)))
    target = y + 0.0
    target[frame["kind"].isin([2, 5, 7])] = 1
    frame.loc[frame.index % 9 == 0, "kind"] = np.nan
    for way, limit in (("one-hot", 20), ("partition", 2)):
        xgboost_case("categorical " + way, dict(objective="binary:logistic", tree_method="hist",
                                                max_cat_to_onehot=limit),
                     frame, target, frame[:ROWS], enable_categorical=True)


def lightgbm_case(lgb, name, params, x, y, rows, rounds=6, **dataset):
    params = dict(dict(num_leaves=7, learning_rate=0.4, num_threads=1, verbosity=-1, seed=1, min_data_in_leaf=5), **params)
    booster = lgb.train(params, lgb.Dataset(x, y, **dataset), rounds)
    # of an average LightGBM gives raw scores and contributions as sums
    n = booster.num_trees() if params.get("boosting") == "rf" else 1
    emit(name, "lightgbm " + lgb.__version__, booster.model_to_string(), rows, booster.predict(rows, raw_score=True) / n,
         booster.predict(rows), booster.predict(rows, pred_contrib=True) / n)


def lightgbm_cases():
    import lightgbm as lgb

    x, y, risk = data()
    whole = np.nan_to_num(x)
    rows = x[:ROWS].copy()
    rows[0] = np.nan
    rows[1] = 0
    lightgbm_case(lgb, "missing NaN", dict(objective="binary"), x, y, rows)
    lightgbm_case(lgb, "missing none", dict(objective="binary"), whole, y, rows)
    lightgbm_case(lgb, "missing zero", dict(objective="binary", zero_as_missing=True), x, y, rows)
    # a split on being known has the threshold inf
    draw = np.random.default_rng(2).random(len(x))
    lightgbm_case(lgb, "known or not", dict(objective="binary"), x, draw < np.where(np.isnan(x[:, 1]), 0.8, 0.1), rows)
    lightgbm_case(lgb, "sigmoid", dict(objective="binary", sigmoid=0.7), x, y, rows)
    lightgbm_case(lgb, "regression", dict(objective="regression"), x, 1000 + 100 * risk, rows)
    lightgbm_case(lgb, "random forest", dict(objective="binary", boosting="rf", bagging_freq=1, bagging_fraction=0.6),
                  x, y, rows)
    lightgbm_case(lgb, "dart", dict(objective="binary", boosting="dart", drop_rate=0.5), x, y, rows)
    cat = x.copy()
    cat[:, 3] = np.random.default_rng(3).integers(0, 60, len(x))
    target = np.where(cat[:, 3] % 7 < 2, 1, y)
    cat[::9, 3] = np.nan
    rows = cat[:ROWS].copy()
    rows[0, 3], rows[1, 3], rows[2, 3], rows[3, 3] = 1000, -3, 33.7, -0.5
    lightgbm_case(lgb, "categorical", dict(objective="binary", min_data_per_group=5, cat_smooth=1), cat, target, rows,
                  categorical_feature=[3])


xgboost_cases()
if sys.argv[1:] == ["new"]:
    lightgbm_cases()

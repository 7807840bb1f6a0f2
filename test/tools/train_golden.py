#!/usr/bin/python3
"""Writes test/data/train_golden.sql: what XGBoost 1.7.4 and scikit-learn 1.2.1
(Debian 12: python3-xgboost, python3-sklearn) learn from the rows that
test/sql/train.sql makes, by the same formula.  Run by hand, result committed.
"""
import hashlib
import json
import os

import numpy as np
import xgboost as xgb
from sklearn.linear_model import LogisticRegression

HERE = os.path.dirname(os.path.abspath(__file__))
N = 1000


def rnd(i, salt, n):
    """rnd() of train.sql: 0 .. n - 1 from the first 7 hexadecimal digits."""
    return int(hashlib.md5(f"{i}:{salt}".encode()).hexdigest()[:7], 16) % n


rows = []
for i in range(1, N + 1):
    logins = rnd(i, "logins", 40)
    seats = rnd(i, "seats", 12)
    nps = None if rnd(i, "known", 5) == 0 else rnd(i, "nps", 11)
    tickets = rnd(i, "tickets", 8)
    trial = rnd(i, "trial", 4) == 0
    risk = 60 - 2 * logins + 4 * tickets * (seats < 5) + (20 if nps is None else 25 - 5 * nps) + 15 * trial
    churned = rnd(i, "churned", 100) < min(95, max(4, risk))
    rows.append((logins, seats, np.nan if nps is None else nps, tickets, float(trial), churned, 1 + rnd(i, "weight", 3), i % 5 == 0))
D = np.array(rows, float)
X, y, w, valid = D[:, :5], D[:, 5], D[:, 6], D[:, 7] == 1
names = ["logins", "seats", "nps", "tickets", "trial"]
out = ["CREATE TABLE golden (name text, params jsonb, weighted boolean, losses double precision[]);"]

CASES = [
    ("defaults", {}, False),
    ("shallow", {"max_depth": 2, "eta": 0.1}, False),
    ("regularised", {"lambda": 5, "alpha": 2, "gamma": 1, "max_depth": 4}, False),
    ("heavy children", {"min_child_weight": 12, "max_depth": 8}, False),
    ("class weight", {"scale_pos_weight": 3, "max_delta_step": 0.4, "max_depth": 4}, False),
    ("row weights", {"max_depth": 4}, True),
    ("monotone", {"monotone_constraints": {"logins": -1, "tickets": 1}, "max_depth": 5}, False),
    ("base score", {"base_score": 0.2, "max_depth": 3}, False),
    ("squared", {"objective": "reg:squarederror", "max_depth": 3}, True),
    ("squared, monotone", {"objective": "reg:squarederror", "max_depth": 4, "monotone_constraints": {"logins": -1}, "lambda": 2}, False),
]
for name, params, weighted in CASES:
    p = dict({"objective": "binary:logistic"}, **params)
    p.update(tree_method="hist", nthread=1, eval_metric="rmse" if "squared" in p["objective"] else "logloss")
    if "monotone_constraints" in p:
        p["monotone_constraints"] = "(" + ",".join(str(p["monotone_constraints"].get(n, 0)) for n in names) + ")"
    make = lambda k: xgb.DMatrix(X[k], label=y[k], weight=w[k] if weighted else None, nthread=1)
    log = {}
    xgb.train(p, make(~valid), 12, evals=[(make(valid), "v")], evals_result=log, verbose_eval=False)
    losses = list(log["v"].values())[0]
    out.append("INSERT INTO golden VALUES ('%s', '%s', %s, '{%s}');" % (name, json.dumps(params), str(weighted).lower(), ", ".join("%.6f" % v for v in losses)))

out.append("CREATE TABLE golden_lr (name text, params jsonb, weighted boolean, coefficients double precision[], errors double precision[]);")
mean = np.array([np.average(c[~np.isnan(c)], weights=None) for c in X.T])
for name, params, weighted in [("ridge", {"C": 0.1}, False), ("weak ridge", {"C": 1000}, False), ("none", {"penalty": "none"}, False),
                               ("lasso", {"penalty": "l1", "C": 0.02}, False), ("weights", {"scale_pos_weight": 2}, True)]:
    wt = w if weighted else np.ones(N)
    known = ~np.isnan(X)
    m = (np.where(known, X, 0) * wt[:, None]).sum(0) / (known * wt[:, None]).sum(0)
    s = np.sqrt((np.where(known, X - m, 0) ** 2 * wt[:, None]).sum(0) / (known * wt[:, None]).sum(0))
    Z = np.where(known, (X - m) / s, 0)
    sw = wt * np.where(y == 1, params.get("scale_pos_weight", 1), 1)
    C = params.get("C", 1)
    kind = params.get("penalty", "l2")
    if kind == "l1":
        f = LogisticRegression(penalty="l1", C=C, solver="saga", tol=1e-12, max_iter=200000).fit(Z, y, sw)
    else:
        f = LogisticRegression(penalty=kind, C=C, solver="newton-cg", tol=1e-8, max_iter=1000).fit(Z, y, sw)
    b = np.append(f.coef_[0], f.intercept_[0])
    Z1 = np.c_[Z, np.ones(N)]
    p = 1 / (1 + np.exp(-Z1 @ b))
    H = (Z1 * (sw * p * (1 - p))[:, None]).T @ Z1
    if kind == "l2":
        H[:5, :5] += np.eye(5) / C
    e = np.sqrt(np.diag(np.linalg.inv(H)))
    out.append("INSERT INTO golden_lr VALUES ('%s', '%s', %s, '{%s}', %s);" % (
        name, json.dumps(params), str(weighted).lower(), ", ".join("%.6f" % v for v in b),
        "NULL" if kind == "l1" else "'{%s}'" % ", ".join("%.6f" % v for v in e)))
with open(os.path.join(HERE, "../data/train_golden.sql"), "w") as f:
    f.write("-- Made by test/tools/train_golden.py.\n" + "\n".join(out) + "\n")

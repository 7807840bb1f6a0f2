#!/usr/bin/env python3
"""Makes test/data/logistic_converged.json: the regressions of the open data sets at
their minimum.  Needed only to make that file again, with scikit-learn 1.2.1
(python3-sklearn of Debian 12):

    OMP_NUM_THREADS=1 python3 test/tools/golden_logistic.py DATA > test/data/logistic_converged.json

The stored references beside the data (baselines/*_reference_lr.json) are what
scikit-learn's default solver has when it stops, lbfgs with tol 1e-4; here the
same rows and features go to its newton-cholesky with tol 1e-12.  That this is the
minimum is checked by the gradient of the objective, C * sum of log losses +
|w|^2 / 2.  For each "data set/task": coefficients of standardised features, in
the order of the reference, intercept, and mean, least and greatest probability of
the rows of training and validation.
"""
import importlib
import json
import os
import sys
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

root = os.path.abspath(sys.argv[1])
sys.dont_write_bytecode = True
sys.path.insert(0, root + "/baselines")
sys.argv = sys.argv[:1]
warnings.simplefilter("ignore")
baselines = importlib.import_module("baselines")
baselines.H = root
SETS = ["cdnow", "ibm_telco", "iranian_telecom", "mlc_churn", "online_retail", "oss_orgs", "oss_orgs_signals", "oulad_signals"]

out = []
for name in SETS:
    reference = json.load(open("%s/baselines/%s_reference_lr.json" % (root, name)))
    for task, frame, wide, _, label, _, _, small in getattr(baselines, name)():
        known = label.notna().values & frame.split.isin(["open_train", "open_valid"]).values
        y = label[known].values.astype(int)
        train = (frame.split[known] == "open_train").values
        for kind, columns in (("LR", list(wide.columns)), ("LR-small", small)):
            if not columns:
                continue
            ref = reference["%s/%s" % (task, kind)]
            assert [f["name"] for f in ref["features"]] == columns
            x = wide.loc[known, columns].astype(float).values
            x = StandardScaler().fit(x[train]).transform(x)
            fit = LogisticRegression(C=ref["C"], solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(x[train], y[train])
            w, b = fit.coef_[0], fit.intercept_[0]
            p = 1 / (1 + np.exp(-(x @ w + b)))
            rest = p[train] - y[train]
            gradient = np.append(x[train].T @ rest + w / ref["C"], rest.sum())
            assert np.abs(gradient).max() < 1e-8, (name, task, kind, np.abs(gradient).max())
            out.append('"%s/%s/%s": ' % (name, task, kind)
                       + json.dumps(dict(intercept=b, coef=list(w), mean=p.mean(), least=p.min(), greatest=p.max())))
print("{" + ",\n".join(out) + "}")

#!/usr/bin/python3
"""Prints the golden rows of test/sql/metric.sql.

Made with scikit-learn 1.2.1 and numpy 1.24.2 (Debian 12: python3-sklearn).
Not needed to build or to test.  The data are formulas that SQL repeats.
"""
import warnings

import numpy as np
from sklearn.calibration import _sigmoid_calibration, calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (average_precision_score, brier_score_loss, f1_score, log_loss, precision_score,
                             recall_score, roc_auc_score, roc_curve)

warnings.filterwarnings('ignore')
i = np.arange(1, 401)
chance = (i * i * 37 + i * 101) % 1009 / 1009.0
weight = i * 13 % 5 / 2.0
sets = {
    'smooth': i * 7919 % 10007 / 10007.0,
    'ties': i * 7919 % 21 / 20.0,
    'margin': (i * 7919 % 401 - 200) / 50.0,
}


def calibration(y, p, w):
    p = np.clip(p, 1e-6, 1 - 1e-6)
    m = LogisticRegression(penalty=None, solver='newton-cholesky', tol=1e-14, max_iter=1000)
    m.fit(np.log(p / (1 - p)).reshape(-1, 1), y, sample_weight=w)
    return m.intercept_[0], m.coef_[0][0]


for name, x in sets.items():
    p = 1 / (1 + np.exp(-x)) if name == 'margin' else x
    y = chance < p * 0.8 + 0.1
    for weighted in (False, True):
        w = weight if weighted else np.ones(len(i))
        fpr, tpr, _ = roc_curve(y, x, sample_weight=w, drop_intermediate=False)
        row = [roc_auc_score(y, x, sample_weight=w), average_precision_score(y, x, sample_weight=w), np.abs(tpr - fpr).max()]
        if name == 'margin':
            row += [None] * 4
        else:
            intercept, slope = calibration(y, x, w)
            row += [log_loss(y, x, sample_weight=w, eps=1e-15), brier_score_loss(y, x, sample_weight=w), intercept, slope]
        flagged = x >= 0.5
        row += [f(y, flagged, sample_weight=w) for f in (precision_score, recall_score, f1_score)]
        k = w > 0
        fit = IsotonicRegression().fit(x[k], y[k], sample_weight=w[k]).predict(x[k])
        row.append((fit * (i[k] % 17)).sum())
        row += list(_sigmoid_calibration(x, y.astype(int), w))
        print("    ('%s', %s, %s)," % (name, str(weighted).lower(), ', '.join('NULL' if v is None else repr(float(v)) for v in row)))

y = chance < sets['smooth'] * 0.8 + 0.1
true, pred = calibration_curve(y, sets['smooth'], n_bins=8, strategy='quantile')
print('calibration_curve(smooth, 8 quantiles):')
print('   ', ', '.join('(%d, %r, %r)' % (b + 1, float(t), float(m)) for b, (t, m) in enumerate(zip(true, pred))))

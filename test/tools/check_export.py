#!/usr/bin/env python3
"""Reads lines of JSON {name, rows, margin, document} and says for each whether
the xgboost of this interpreter loads the document and predicts the margins to
the last bit."""
import json
import os
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np  # noqa: E402
import xgboost as xgb  # noqa: E402

print("xgboost", xgb.__version__)
for line in sys.stdin:
    case = json.loads(line)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        f.write(case["document"])
        f.flush()
        booster = xgb.Booster({"nthread": 1}, model_file=f.name)
    rows = np.array([[np.nan if v is None else v for v in row] for row in case["rows"]], dtype=float)
    data = xgb.DMatrix(rows, feature_names=booster.feature_names, feature_types=booster.feature_types,
                       enable_categorical=True, nthread=1)
    same = booster.predict(data, output_margin=True).astype(float) == np.array(case["margin"])
    print(case["name"], "same" if same.all() else "%d of %d differ" % ((~same).sum(), len(same)))

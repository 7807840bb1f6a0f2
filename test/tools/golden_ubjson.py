#!/usr/bin/env python3
"""Makes test/data/models_ubjson.jsonl: models that XGBoost saved as UBJSON, its
default format.  Needed only to make that file again, with XGBoost 1.7.4 and the
newest one, those that made models.jsonl:

    OMP_NUM_THREADS=1 python3 test/tools/golden_ubjson.py < test/data/models.jsonl >> test/data/models_ubjson.jsonl

Models of models.jsonl that this version of XGBoost made, loaded and saved as
UBJSON; as JSON they are saved as they are there.  One JSON object a line: name,
tool, document (the bytes of the file in base64).
"""
import base64
import json
import sys
import tempfile

import xgboost as xgb

NAMES = ["logistic", "squared", "dart", "categorical partition"]


def saved(booster, suffix):
    with tempfile.NamedTemporaryFile(suffix=suffix) as f:
        booster.save_model(f.name)
        return open(f.name, "rb").read()


for line in sys.stdin:
    case = json.loads(line)
    if case["tool"] != "xgboost " + xgb.__version__ or case["name"] not in NAMES:
        continue
    booster = xgb.Booster()
    booster.load_model(bytearray(case["document"], "utf-8"))
    assert saved(booster, ".json").decode() == case["document"]
    print(json.dumps(dict(name=case["name"], tool=case["tool"], document=base64.b64encode(saved(booster, ".ubj")).decode())))

"""What peers do, with the interpreter that has them, on one thread.  Prints JSON; seconds are of CPU.

    peer.py versions
    peer.py fit LIBRARY FILE PARAMS TREES|- SEEDS OUT    learn and predict: seconds of each seed
    peer.py train FILE PARAMS TREES OUT                  a model of XGBoost, as JSON
    peer.py predict MODEL FILE EXPLAINED FOLDER          seconds a row, and what was predicted
    peer.py metrics FILE                                 seconds of roc_auc_score and log_loss

FILE has columns without a head: side (0 learns, 1 is predicted), label, features; nan is NULL.
PARAMS are those of train_model().  Seconds of fit are those of the data structure, from an array
in memory, and the training.
"""
import ctypes
import json
import sys
import time

LIGHTGBM = dict(eta="learning_rate", min_child_weight="min_sum_hessian_in_leaf", subsample="bagging_fraction",
                colsample_bytree="feature_fraction")
LIGHTGBM["lambda"] = "lambda_l2"


def read(file):
    import numpy as np

    data = np.loadtxt(file, delimiter=",")
    learns = data[:, 0] == 0
    return data[learns, 2:], data[learns, 1], data[~learns, 2:], data[~learns, 1]


def xgboost_model(x, y, params, trees):
    import xgboost as xgb

    return xgb.train({"objective": "binary:logistic", "tree_method": "hist", "nthread": 1, **params}, xgb.DMatrix(x, y, nthread=1), trees)


def xgboost(x, y, params, trees):
    import xgboost as xgb

    booster = xgboost_model(x, y, params, trees)
    return lambda rows: booster.predict(xgb.DMatrix(rows, nthread=1))


def lightgbm(x, y, params, trees):
    import lightgbm as lgb

    # as many leaves as the depth allows, and nothing but the weight that keeps one small
    own = {LIGHTGBM.get(k, k): v for k, v in {"lambda": 1, "min_child_weight": 1, **params}.items()}
    booster = lgb.train({"objective": "binary", "num_threads": 1, "num_leaves": 2 ** params["max_depth"], "min_data_in_leaf": 1,
                         "bagging_freq": int("subsample" in params), "verbose": -1, **own}, lgb.Dataset(x, y), trees)
    return lambda rows: booster.predict(rows, num_threads=1)


def sklearn(x, y, params, _):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    params.pop("seed", None)
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(max_iter=100000, **params).fit(scaler.transform(x), y)
    return lambda rows: model.predict_proba(scaler.transform(rows))[:, 1]


def fit(library, file, params, trees, seeds, out):
    x, y, rows, outcomes = read(file)
    __import__(library)
    seconds = []
    with open(out, "w") as f:
        for seed in range(1, int(seeds) + 1):
            if library != "sklearn":
                x, rows = x.astype("float32"), rows.astype("float32")
            start = time.process_time()
            predict = globals()[library](x, y, {**json.loads(params), "seed": seed}, 0 if trees == "-" else int(trees))
            seconds.append(time.process_time() - start)
            f.writelines("%d,%d,%d,%r\n" % (seed, i, outcomes[i], float(p)) for i, p in enumerate(predict(rows)))
    return seconds


def train(file, params, trees, out):
    x, y, _, _ = read(file)
    xgboost_model(x, y, json.loads(params), int(trees)).save_model(out)


def predict(model, file, explained, folder):
    import xgboost as xgb

    explained = int(explained)
    x = read(file)[0].astype("float32")
    booster = xgb.Booster({"nthread": 1}, model_file=model)

    def seconds(work, rows):
        start = time.process_time()
        work()
        return (time.process_time() - start) / rows

    # the C interface: from Python the call itself is most of the time
    config = json.dumps({"training": False, "type": 0, "iteration_begin": 0, "iteration_end": 0, "missing": float("nan"),
                         "strict_shape": False, "cache_id": 0}).encode()
    single = [json.dumps({"data": [x[i:].ctypes.data, True], "shape": [1, x.shape[1]], "typestr": "<f4", "version": 3}).encode()
              for i in range(min(2000, len(x)))]
    call, handle = xgb.core._LIB.XGBoosterPredictFromDense, booster.handle  # pylint: disable=protected-access
    shape, dim, result = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()

    def one_by_one():
        for row in single:
            if call(handle, row, config, None, ctypes.byref(shape), ctypes.byref(dim), ctypes.byref(result)):
                raise RuntimeError("XGBoosterPredictFromDense")

    one_by_one()
    # a DMatrix keeps what was predicted from it: a new one each time
    out = {
        "batch": seconds(lambda: booster.predict(xgb.DMatrix(x, nthread=1), output_margin=True), len(x)),
        "one": seconds(one_by_one, len(single)),
        "contribs": seconds(lambda: booster.predict(xgb.DMatrix(x[:explained], nthread=1), pred_contribs=True), explained),
    }
    with open(folder + "/margin.csv", "w") as f:
        f.writelines("%d,%r\n" % (i, float(v)) for i, v in enumerate(booster.predict(xgb.DMatrix(x, nthread=1), output_margin=True)))
    with open(folder + "/contribs.csv", "w") as f:
        for i, row in enumerate(booster.predict(xgb.DMatrix(x[:explained], nthread=1), pred_contribs=True).tolist()):
            f.write('%d,"{%s}"\n' % (i, ",".join(map(repr, row))))
    return out


def metrics(file):
    import numpy as np
    from sklearn.metrics import log_loss, roc_auc_score

    y, p = np.loadtxt(file, delimiter=",").T
    out = {}
    for metric in (roc_auc_score, log_loss):
        start = time.process_time()
        value = metric(y, p)
        out[metric.__name__] = [time.process_time() - start, float(value)]
    return out


def versions():
    found = {}
    for library in ("xgboost", "lightgbm", "sklearn"):
        try:
            found[library] = __import__(library).__version__
        except Exception:  # pylint: disable=broad-except
            pass
    return found


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))

"""What the parts of the benchmark share; see bench.sh.

    common.py print PART            run a part
    common.py readme PART FILE      put what it printed between its marks in README.md
"""
import functools
import importlib
import json
import os
import platform
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = int(os.environ.get("ROUNDS", 5))
LIBRARIES = {"xgboost": "XGBoost", "lightgbm": "LightGBM", "sklearn": "scikit-learn", "duckdb": "DuckDB"}


def psql(script, *args):
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *args, "-f", "-"], input=script, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done


def ask(sql):
    return psql(sql).stdout.strip()


def database(name, load, template=None):
    """Use a database of its own, and load it if it is not there yet; with a template, as a copy."""
    os.environ["PGDATABASE"] = "postgres"
    there = ask(f"SELECT 1 FROM pg_database WHERE datname = '{name}'")
    if not there:
        ask(f"CREATE DATABASE {name} TEMPLATE {template or 'template1'}")
    os.environ["PGDATABASE"] = name
    if not there:
        ask("CREATE EXTENSION IF NOT EXISTS healthscore")
        load()


def backend_cpu(statements, warm=True):
    """CPU seconds of the backend for each statement; warm: run twice in a session, the second time counted."""
    script = ["SET client_min_messages = log;", "\\o /dev/null"]
    for sql in statements:
        script += [sql + ";" if warm else "", "SET log_statement_stats = on;", sql + ";", "SET log_statement_stats = off;"]
    cpu = []
    for line in psql("\n".join(script)).stderr.splitlines():
        part = line.replace("!", "").split()
        # "!	0.1 s user, 0.0 s system, 0.1 s elapsed"; totals of the session are in brackets
        if line.startswith("!\t") and "elapsed" in line and "[" not in line:
            cpu.append(float(part[0]) + float(part[3]))
    # a SET that turns the statistics off is logged as well
    return cpu[::2]


def interleave(own, others, rounds, warm=True):
    """CPU seconds of statements and of functions that return theirs: {what: one for each round}."""
    rows = {name: [] for name in [*own, *others]}
    for _ in range(rounds):
        for name, cpu in zip(own, backend_cpu(list(own.values()), warm)):
            rows[name].append(cpu)
        for name, run in others.items():
            rows[name].append(run())
    return rows


# Peers: libraries of other interpreters, which peer.py calls.

def peer(python, *args, failed=None):
    done = subprocess.run([python, os.path.join(HERE, "peer.py"), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode and failed is None:
        sys.exit(done.stderr)
    return json.loads(done.stdout) if done.returncode == 0 else failed


def by_version(name):
    library, version = name.split()
    return list(LIBRARIES.values()).index(library), [int(x) for x in version.split(".") if x.isdigit()]


@functools.lru_cache(maxsize=None)
def peers(*libraries):
    """{"XGBoost 1.7.4": (interpreter, library)} of those that are there, the oldest first."""
    found = {}
    for python in os.environ.get("PEERS", "").split():
        if os.access(python, os.X_OK):
            for library, version in peer(python, "versions", failed={}).items():
                found.setdefault(f"{LIBRARIES[library]} {version}", (python, library))
    return {name: found[name] for name in sorted(found, key=by_version) if found[name][1] in libraries}


def copy_rows(query, file):
    """Rows for peers: numbers and booleans, NULL is nan."""
    psql(f"\\copy ({query}) TO '{file}' (FORMAT csv, NULL 'nan')")


# Printing


def machine(*libraries):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    there = list(peers(*libraries))
    out = [LIBRARIES[x] for x in libraries if not any(library == x for _, library in peers(*libraries).values())]
    if "xgboost" in libraries and len(peers("xgboost")) == 1:
        out.append("another XGBoost")
    print(f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start; PostgreSQL {ask('SHOW server_version').split()[0]}"
          f"{''.join(', ' + name for name in there)}{'; not there and left out: ' + ', '.join(out) if out else ''}.")


def markdown(*rows):
    """A table; the first row is its head."""
    print("\n" + "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [rows[0], ["---"] * len(rows[0]), *rows[1:]]))
    sys.stdout.flush()


def by_round(over, under):
    """Ratios round by round; what ran once is set against every round of the other."""
    n = max(len(over), len(under))
    return [o / u for o, u in zip(over * (n // len(over)), under * (n // len(under)))]


def timings(rows, unit="ms", scale=1000, digits=0):
    base = next(iter(rows.values()))
    out = [["what", f"CPU {unit}, median", "least", "ratio to the first row", "least to most"]]
    for name, values in rows.items():
        ratios = by_round(values, base)
        out.append([name, f"{statistics.median(values) * scale:.{digits}f}", f"{min(values) * scale:.{digits}f}",
                    f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}" if len(ratios) > 1 and values is not base else ""])
    markdown(*out)


def ratio(rows, over, under, least=None, most=None):
    """Columns of a goal: the ratio of two rows, round by round, and if it is at least or at most so much."""
    if over not in rows or under not in rows:
        return "not measured", ""
    ratios = by_round(rows[over], rows[under])
    r = statistics.median(ratios)
    text = f"{r:.2f} ×" + (f" ({min(ratios):.2f} to {max(ratios):.2f})" if len(ratios) > 1 else "")
    return text, verdict((least is None or r >= least) and (most is None or r <= most))


def verdict(reached):
    return "yes" if reached else "**missed**"


def goals(*rows):
    print("\n### Against the goals")
    markdown(["goal", "measured", "reached"], *rows)


def readme(part, file):
    path = os.path.join(HERE, "README.md")
    start, end = f"<!-- {part} -->\n", f"<!-- end of {part} -->\n"
    text = open(path).read()
    head, rest = text.split(start)
    tail = rest.split(end)[1]
    with open(path, "w") as out:
        out.write(head + start + open(file).read().strip() + "\n" + end + tail)


if __name__ == "__main__":
    if sys.argv[1] == "print":
        importlib.import_module(sys.argv[2]).main()
    else:
        readme(*sys.argv[2:])

"""Part large: a portfolio that is ten times as large, in one statement."""
from common import ask, database, goals, machine, verdict
from portfolio import AS_OF, load


def main():
    database("large", lambda: load(accounts=100000, first=275))
    machine()
    plan = ask("SET work_mem = '64MB'; EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) " + ask(f"SELECT healthscore.score_query('core', as_of => {AS_OF})"))
    print(f"\n100,000 accounts, {ask('SELECT count(*) FROM healthscore.signals')} rows, `work_mem` 64 MB:\n\n```")
    print("\n".join(line for line in plan.splitlines() if "Aggregate" in line or "Batches" in line or "Execution" in line))
    print("```")
    goals(["100,000 accounts in one statement, `work_mem` 64 MB, in one batch", "see the plan", verdict("Batches: 1 " in plan)])

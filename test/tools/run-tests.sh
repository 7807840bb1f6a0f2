#!/bin/bash
# run-tests.sh MAKE [ARG ...]
#
# Build with warnings as errors, run every test in private servers, and close
# with one line that says how many passed.
set -uo pipefail
cd "$(dirname "$0")/../.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT

"$@" -s clean >/dev/null
"$@" -s -j2 WERROR=-Werror all || { echo "0 passed, 1 failed"; exit 1; }
status=0
"$@" -s -k check-temp WERROR=-Werror PROVE_FLAGS="${PROVE_FLAGS:-}" 2>&1 | tee "$log" || status=$?

passed=$(grep -cE '^(test .*\.\.\. ok |ok [0-9]|test/t/.*\.\. ok$)' "$log")
failed=$(grep -cE '^(test .*\.\.\. FAILED|not ok [0-9]|test/t/.*\.\. (Dubious|Failed))' "$log")
[ "$status" = 0 ] || [ "$failed" -gt 0 ] || failed=1
grep -E '^test/t/.*skipped' "$log" || true
echo "$passed passed, $failed failed"
exit "$status"

#!/bin/bash
# Runs the contract tests against a real server: public clients and validators, in Node.
#   tools/test-contract.sh [--all] [FOVEA]
# FOVEA is the program to test, by default the one of the build with sanitizers.  --all takes the
# minutes that the slow tests need (they see TEST_ALL=1).  Packages are installed when
# tests/contract/package-lock.json is newer than what is there.  The last line is "N passed,
# N failed, N skipped", as of a test binary; without Node there is nothing to run.
set -uo pipefail
if [ "${1:-}" = --all ]; then
    export TEST_ALL=1
    shift
fi
FOVEA=$(realpath -m "${1:-$(dirname "$0")/../build/dev/bin/fovea}")
export FOVEA
cd "$(dirname "$0")/../tests/contract" || exit 2

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "contract tests: skipped, there is no Node"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
if [ ! -x "$FOVEA" ]; then
    echo "contract tests: there is no program '$FOVEA'"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi

installed=node_modules/.package-lock.json
if [ ! -e $installed ] || [ package-lock.json -nt $installed ]; then
    if ! npm ci --loglevel=error; then
        echo "contract tests: skipped, their packages cannot be installed (no network?)"
        echo "0 passed, 0 failed, 1 skipped"
        exit 0
    fi
    touch $installed
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
node --test --test-reporter=tap ./*.test.mjs >"$log" 2>&1
status=$?
count() { sed -n "s/^# $1 //p" "$log" | tail -n 1; }
[ $status -eq 0 ] || sed -n '/^ *not ok/,/^ *\.\.\./p' "$log"
passed=$(count pass) failed=$(count fail) skipped=$(count skipped)
[ $status -eq 0 ] || [ "${failed:-0}" -gt 0 ] || failed=1
echo "${passed:-0} passed, ${failed:-1} failed, ${skipped:-0} skipped"
exit $status

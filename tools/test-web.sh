#!/bin/bash
# Tests of the web UI: types, lint, units (Vitest), and journeys in Chromium (Playwright) against a
# real server that has the UI in it.
#   tools/test-web.sh [FOVEA] [PLAYWRIGHT ARGUMENTS...]
# FOVEA is the program to test, by default the one of the build with sanitizers.  The last line is
# "N passed, N failed, N skipped", as of a test binary; without Node there is nothing to run.
set -uo pipefail
FOVEA=$(realpath -m "${1:-$(dirname "$0")/../build/dev/bin/fovea}")
export FOVEA CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
shift $(($# > 0))
cd "$(dirname "$0")/../web" || exit 2

skip() {
    echo "web tests: skipped, $1"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}
command -v node >/dev/null && command -v npm >/dev/null || skip "there is no Node"
installed=node_modules/.package-lock.json
if [ ! -e $installed ] || [ package-lock.json -nt $installed ]; then
    npm ci --loglevel=error || skip "their packages cannot be installed (no network?)"
    touch $installed
fi
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if [ ! -x "$FOVEA" ]; then
    echo "web tests: there is no program '$FOVEA'"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi

# check NAME COMMAND...: counts as one test.
check() {
    local name=$1
    shift
    if "$@" >"$log" 2>&1; then
        ((passed++))
    else
        echo "web tests: $name failed"
        tail -n 40 "$log"
        ((failed++))
    fi
}

# count NAME COMMAND...: adds what the tool says of "N passed" and "N failed".
count() {
    local name=$1 status
    shift
    NO_COLOR=1 FORCE_COLOR=0 "$@" >"$log" 2>&1
    status=$?
    local good bad left
    good=$(grep -oE '[0-9]+ passed' "$log" | tail -n 1 | cut -d' ' -f1)
    bad=$(grep -oE '[0-9]+ failed' "$log" | tail -n 1 | cut -d' ' -f1)
    left=$(grep -oE '[0-9]+ (skipped|did not run)' "$log" | tail -n 1 | cut -d' ' -f1)
    [ $status -eq 0 ] || echo "web tests: $name failed"
    [ $status -eq 0 ] || tail -n 80 "$log"
    [ $status -eq 0 ] || [ "${bad:-0}" -gt 0 ] || bad=1
    ((passed += ${good:-0}, failed += ${bad:-0}, skipped += ${left:-0}))
}

check types-of-the-api node tools/schema.mjs
check tsc npx --no-install tsc --noEmit
check lint npx --no-install eslint src e2e
check format npx --no-install prettier --log-level warn --check src e2e tools
count vitest npx --no-install vitest run
if [ -x "$CHROMIUM" ]; then
    count playwright npx --no-install playwright test "$@"
else
    echo "web tests: no Chromium at $CHROMIUM, its tests are skipped"
    ((skipped++))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]

#!/bin/bash
# Runs test binaries and check scripts, and sums up.
#   tools/run-tests.sh [--all] FILE...
# A test binary (test_*) prints "N passed, N failed, N skipped" as its last line; --all makes it
# run its slow tests too.  A script test-* counts in the same way, and is given --all too.  Any
# other program counts as one test: passed when it ends with 0.
# The last line here is "N passed, N failed"; the exit status is 1 when something failed.
set -uo pipefail

seconds_limit=${TEST_TIMEOUT:-1200} # of one file
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

options=()
if [ "${1:-}" = --all ]; then
    options=(--all)
    shift
fi

output=$(mktemp)
trap 'rm -f "$output"' EXIT
passed=0 failed=0 skipped=0

# Adds the counts of the binary's closing line.  Without one, or when it ended badly although no
# test failed (a crash, a leak, a data race), that is one failure more.
count_binary() {
    local file=$1 status=$2 counts
    counts=$(grep -aE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$output" | tail -n 1)
    if [[ $counts =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
        ((passed += BASH_REMATCH[1], failed += BASH_REMATCH[2], skipped += BASH_REMATCH[3]))
        [ "$status" -ne 0 ] && [ "${BASH_REMATCH[2]}" -eq 0 ] || return
    fi
    echo "$file: ended with status $status"
    ((failed++))
}

for file in "$@"; do
    echo "test: $file"
    case ${file##*/} in
    test-*) # a script that counts as the binaries do
        timeout "$seconds_limit" "$file" "${options[@]}" 2>&1 | tee "$output" | sed 's/^/    /'
        count_binary "$file" "${PIPESTATUS[0]}"
        ;;
    test_*)
        timeout "$seconds_limit" "$file" "${options[@]}" 2>&1 | tee "$output" | sed 's/^/    /'
        count_binary "$file" "${PIPESTATUS[0]}"
        ;;
    *)
        if timeout "$seconds_limit" "$file" 2>&1 | sed 's/^/    /'; then
            ((passed++))
        else
            echo "$file: failed"
            ((failed++))
        fi
        ;;
    esac
done

[ $skipped -eq 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]

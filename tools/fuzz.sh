#!/bin/bash
# Builds and runs the fuzz targets, tests/fuzz/<name>_fuzz.c.
#   tools/fuzz.sh [SECONDS [NAME...]]     10 seconds each when not told otherwise
# A target defines LLVMFuzzerTestOneInput() and names the folders of src/ it needs in a comment,
# "modules: formats base".  Seeds come from tests/fuzz/corpus/<name>, what the fuzzer finds
# interesting goes to build/fuzz/<name>.corpus, and an input that crashes to build/fuzz/.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

seconds=${1:-10}
shift $(($# > 0))
flags=(-std=gnu17 -g -O1 -fno-omit-frame-pointer -D_GNU_SOURCE -DFOVEA_VERSION='"fuzz"' -w
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Isrc -include base/banned.h)
# One link line for all: the linker leaves out what a target does not use.
libraries=(-Wl,--as-needed -ljansson -lcrypto -lturbojpeg -ljpeg -lspng -lwebp -lgif -ltiff -lz
    -lpthread -lm)

build=build/fuzz
mkdir -p "$build"
printf '#include <stddef.h>\n#include <stdint.h>\nint LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return data && size > 9; }\n' >"$build/probe.c"
if ! clang -fsanitize=fuzzer,address "$build/probe.c" -o "$build/probe" 2>/dev/null; then
    echo "fuzz: skipped, clang with libFuzzer is missing (tools/install-deps.sh extras)"
    exit 0
fi

# build_target NAME: all sources it needs in one compiler call.
build_target() {
    local source=tests/fuzz/$1_fuzz.c modules module sources=()
    [ -f "$source" ] || { echo "fuzz: there is no $source" >&2; return 1; }
    modules=$(sed -n 's/.*modules: *\([a-z ]*[a-z]\).*/\1/p' "$source" | head -n 1)
    [ -n "$modules" ] || { echo "fuzz: $source names no modules" >&2; return 1; }
    for module in $modules; do
        mapfile -t -O ${#sources[@]} sources < <(find "src/$module" -name '*.c')
    done
    clang "${flags[@]}" "$source" "${sources[@]}" "${libraries[@]}" -o "$build/$1_fuzz"
}

run_target() {
    local corpora=("$build/$1.corpus")
    mkdir -p "${corpora[0]}"
    [ ! -d "tests/fuzz/corpus/$1" ] || corpora+=("tests/fuzz/corpus/$1")
    "$build/$1_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$build/$1-" -print_final_stats=1 "${corpora[@]}" >"$build/$1.log" 2>&1
}

if [ $# -gt 0 ]; then
    names=("$@")
else
    mapfile -t names < <(find tests/fuzz -name '*_fuzz.c' -printf '%f\n' | sed 's/_fuzz\.c$//' | sort)
fi
passed=0 failed=0
for name in "${names[@]}"; do
    if ! build_target "$name"; then
        echo "fuzz: $name: does not build"
        ((failed++))
    elif ! run_target "$name"; then
        echo "fuzz: $name: failed, see $build/$name.log"
        grep -aE 'ERROR|SUMMARY|Test unit written|runtime error' "$build/$name.log" | sed 's/^/    /'
        ((failed++))
    else
        inputs=$(awk '/number_of_executed_units/ { print $2 }' "$build/$name.log")
        echo "fuzz: $name: $inputs inputs in $seconds s"
        ((passed++))
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]

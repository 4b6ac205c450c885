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
# FreeType's headers are in a folder of their own.
read -ra found < <(pkg-config --cflags freetype2 fontconfig)
flags+=("${found[@]}")
# One link line for all: the linker leaves out what a target does not use.
libraries=(-Wl,--as-needed -ljansson -lcrypto -lturbojpeg -ljpeg -lspng -lwebp -lgif -ltiff -lz -lyaml -lexpat
    -lfontconfig -lfreetype -lmicrohttpd -lwslay -lcurl -lsqlite3 -lzip -larchive -lsodium -lpthread -lm)

build=${FUZZ_BUILD:-build/fuzz}
mkdir -p "$build"
printf '%s\n' "${flags[@]//\"/\\\"}" >"$build/flags" # for the compilers that run side by side
printf '#include <stddef.h>\n#include <stdint.h>\nint LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return data && size > 9; }\n' >"$build/probe.c"
if ! clang -fsanitize=fuzzer,address "$build/probe.c" -o "$build/probe" 2>/dev/null; then
    echo "fuzz: skipped, clang with libFuzzer is missing (tools/install-deps.sh extras)"
    exit 0
fi

# compile SOURCE: its object, unless that is newer than the source and all headers.
compile() {
    local object=$build/objects/${1%.c}.o
    [ -n "$newest_header" ] && [ "$object" -nt "$1" ] && [ "$object" -nt "$newest_header" ] && return
    mkdir -p "${object%/*}"
    clang "@$build/flags" -Wa,-Isrc -c "$1" -o "$object"
}

# build_module NAME: an archive, of which a target takes what it needs.
build_module() {
    local sources objects
    mapfile -t sources < <(find "src/$1" -name '*.c')
    printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -I{} bash -c 'compile {}' || return
    objects=("${sources[@]/#/$build/objects/}")
    rm -f "$build/$1.a"
    ar rcs "$build/$1.a" "${objects[@]/%.c/.o}"
}

build_target() {
    local source=tests/fuzz/$1_fuzz.c modules module archives=()
    [ -f "$source" ] || { echo "fuzz: there is no $source" >&2; return 1; }
    modules=$(sed -n 's/.*modules: *\([a-z ]*[a-z]\).*/\1/p' "$source" | head -n 1)
    [ -n "$modules" ] || { echo "fuzz: $source names no modules" >&2; return 1; }
    for module in $modules; do
        [ -n "${built[$module]:-}" ] || build_module "$module" || return 1
        built[$module]=1
        archives+=("$build/$module.a")
    done
    clang "${flags[@]}" "$source" -Wl,--start-group "${archives[@]}" -Wl,--end-group \
        "${libraries[@]}" -o "$build/$1_fuzz"
}

run_target() {
    local corpora=("$build/$1.corpus")
    mkdir -p "${corpora[0]}"
    [ ! -d "tests/fuzz/corpus/$1" ] || corpora+=("tests/fuzz/corpus/$1")
    "$build/$1_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$build/$1-" -print_final_stats=1 "${corpora[@]}" >"$build/$1.log" 2>&1
}

declare -A built=()
newest_header=$(find src -name '*.[h]' -o -name '*.def' -o -name '*.html' | xargs ls -t | sed -n 1p)
export build newest_header
export -f compile
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

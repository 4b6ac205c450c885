#!/bin/bash
# Configures and builds one preset of CMakePresets.json in build/<preset>, quietly when all is well.
#   tools/build.sh PRESET [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."

# A copy of the project in another folder finds the same objects in the compiler cache.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

preset=${1:?usage: tools/build.sh PRESET [TARGET...]}
shift
mkdir -p "build/$preset"
log=build/$preset/configure.log

echo "build: build/$preset${*:+ ($*)}"
# Ninja configures again by itself when a CMake file changed.
if [ ! -f "build/$preset/build.ninja" ] && ! cmake --preset "$preset" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
NINJA_STATUS='[%f/%t] ' ninja -C "build/$preset" --quiet "$@"

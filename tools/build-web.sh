#!/bin/bash
# Builds the web UI into one file, for the build system (cmake/web.cmake).
#   tools/build-web.sh ON|OFF|REQUIRED FOLDER
# FOLDER has openapi.json and gets ui.pack.  Where it cannot be built (no Node, no network for the
# first `npm ci`) a line says why and the pack holds no pages but that reason; a UI that was built
# before stays.  REQUIRED makes this an error.
set -uo pipefail
mode=$1 folder=$(realpath -m "$2")
pack=$folder/ui.pack
mkdir -p "$folder"
[ "$mode" != OFF ] || { printf 'fovea-web 0 it was left out (FOVEA_WEB=OFF).\n' >"$pack"; exit 0; }
cd "$(dirname "$0")/../web" || exit 2

give_up() {
    echo "web UI: not built, $1" >&2
    [ "$mode" != REQUIRED ] || exit 1
    if [ "$mode" = ON ] && [ -e "$pack" ] && head -c 11 "$pack" | grep -q '^fovea-web 1'; then
        echo "web UI: the one that was built before stays" >&2
        touch "$pack"
    else
        printf 'fovea-web 0 %s.\n' "$1" >"$pack"
    fi
    exit 0
}

command -v node >/dev/null && command -v npm >/dev/null || give_up 'there was no Node'
[ "$(node -p 'parseInt(process.versions.node)')" -ge 18 ] || give_up 'Node is older than 18'

log=$folder/build.log
exec 9<package.json
flock 9 # several build folders share node_modules and the generated types
installed=node_modules/.package-lock.json
if [ ! -e $installed ] || [ package-lock.json -nt $installed ]; then
    npm ci --loglevel=error >"$log" 2>&1 || { tail -n 15 "$log" >&2; give_up 'its packages could not be installed (no network?)'; }
    touch $installed
fi
node tools/schema.mjs "$folder/openapi.json" >"$log" 2>&1 || { cat "$log" >&2; give_up 'its types could not be made'; }
# Types are checked by tools/test-web.sh; here they would make every build slower.
FOVEA_WEB_OUT=$folder/dist npx --no-install vite build --logLevel error >"$log" 2>&1 ||
    { tail -n 30 "$log" >&2; give_up 'vite failed'; }
node tools/licences.mjs "$folder/dist/licences.txt" || give_up 'the licences of its packages are missing'
node tools/pack.mjs "$folder/dist" "$pack.new" && mv "$pack.new" "$pack" || give_up 'it could not be packed'

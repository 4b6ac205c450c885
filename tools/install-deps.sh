#!/bin/bash
# Installs the Debian packages that the project needs and this system lacks.
#   tools/install-deps.sh           what the build and the tests need
#   tools/install-deps.sh extras    also what `make fuzz` and `make format` need
# When nothing is missing it only asks dpkg, which takes a few hundredths of a second.
set -euo pipefail

build_packages='
gcc                   the compiler, with OpenMP and the sanitizers
libc6-dev             headers of the C library
make                  the front: make build, make test
cmake                 describes the build (3.25 or newer)
ninja-build           carries it out
pkg-config            finds the libraries below
ccache                makes rebuilding quick
libdnnl-dev           oneDNN: convolution and matrix kernels
libjansson-dev        reads JSON
libssl-dev            SHA-256, random bytes, signatures of tokens
libmicrohttpd-dev     HTTP server
libwslay-dev          WebSocket frames
libsqlite3-dev        the database
libsodium-dev         password hashes
libcurl4-openssl-dev  HTTP client
libzip-dev            reads zip files
libarchive-dev        reads tar files
libturbojpeg0-dev     decodes JPEG
libjpeg62-turbo-dev   decodes the JPEGs that need the older interface
libspng-dev           decodes PNG
libwebp-dev           decodes WebP
libgif-dev            decodes GIF
libtiff-dev           decodes TIFF
libfontconfig-dev     finds a font for class names
libfreetype-dev       draws their letters
libyaml-dev           reads YAML
libexpat1-dev         reads XML
curl                  makes the sample project of `make run` through the API
sqlite3               looks at the database, in tests
zip                   makes zip files, in tests
nodejs                builds the web UI, runs the tests of it and of the HTTP interface
npm                   installs what they need
chromium              opens the web UI, in tests
fonts-noto-cjk        Korean letters, on drawn images and in Chromium
fonts-noto-color-emoji  the marks of states there
jq                    reads what the API answers there
zlib1g-dev            compression inside PNG, TIFF and zip files
'
extra_packages='
clang                 builds the fuzz targets
libclang-rt-dev       libFuzzer and the sanitizers of clang
clang-format          make format
'

table=$build_packages
if [ "${1:-}" = extras ]; then
    table+=$extra_packages
elif [ $# -gt 0 ]; then
    echo "usage: tools/install-deps.sh [extras]" >&2
    exit 2
fi
mapfile -t wanted < <(awk 'NF { print $1 }' <<<"$table")

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "install-deps: this is no Debian system; if the build fails, install the like of:" >&2
    awk 'NF' <<<"$table" >&2
    exit 0
fi

# Prints one line per package that dpkg knows; the others make it fail, which is no news here.
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null |
    awk '$2 == "installed" { print $1 }' || true)
missing=()
# A newer Node than Debian's may be there from elsewhere, with its own npm.
declare -A commands=([nodejs]=node [npm]=npm [chromium]=chromium)
for package in "${wanted[@]}"; do
    command=${commands[$package]:-}
    grep -qxF "$package" <<<"$installed" || { [ "$command" ] && command -v "$command" >/dev/null; } ||
        missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "install-deps: installing ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install-deps: run as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1
}
# The package lists may be absent or old: they are fetched when the first try fails.
if ! install; then
    "${as_root[@]}" apt-get update >"$log" 2>&1 || true
    if ! install; then
        tail -n 20 "$log" >&2
        echo "install-deps: apt-get could not install ${missing[*]}" >&2
        exit 1
    fi
fi

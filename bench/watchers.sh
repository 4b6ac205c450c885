#!/bin/bash
# How long an event takes to many watchers of one job, and what they cost the server in memory.
#   bench/watchers.sh [FOVEA [COUNT [EVENTS]]]
# By default build/release/bin/fovea, 2000 watchers and 50 events.  It starts a server of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

fovea=${1:-build/release/bin/fovea}
count=${2:-2000}
events=${3:-50}
ulimit -n 16384

folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; wait; rm -rf "$folder"' EXIT
${CC:-cc} -O2 -D_GNU_SOURCE -o "$folder/watchers" bench/watchers.c

export INTERNAL_SECRET=bench-$RANDOM$RANDOM DATASET_ROOTS=$folder/photos
: >"$folder/log"
"$fovea" serve --data "$folder/data" --port 0 --quiet >"$folder/log" 2>&1 &
server=$!
until port=$(sed -n 's/.* on http:[^ ]*:\([0-9]*\),.*/\1/p' "$folder/log") && [ -n "$port" ]; do
    kill -0 $server
    sleep 0.05
done

call() { curl -sf "http://127.0.0.1:$port/api/v1$1" -H 'Content-Type: application/json' "${@:2}"; }
field() { sed "s/.*\"$1\":\"*\([^\",}]*\).*/\1/"; }
account='{"email":"bench@example.com","password":"long enough 1"}'
call /auth/register -d "$account" >/dev/null
token=$(call /auth/login -d "$account" | field access_token)
auth="Authorization: Bearer $token"
project=$(call /projects -H "$auth" -d '{"name":"bench"}' | sed 's/^{"id":\([0-9]*\).*/\1/')
"$fovea" dataset sample "$folder/photos/two" --num_classes 2 --train 4 --val 2 >/dev/null
job=$(call /training/jobs -H "$auth" -d "{\"project_id\":$project,\"framework\":\"timm\",
    \"model_name\":\"resnet50\",\"task_type\":\"image_classification\",
    \"dataset_path\":\"$folder/photos/two\",\"epochs\":$events}" |
    sed 's/^{"id":\([0-9]*\).*/\1/')

"$folder/watchers" "$port" "$server" "$job" "$token" "$INTERNAL_SECRET" "$count" "$events"

#!/bin/bash
# Adds a model, an op and an augmentation to a copy of the project, each as one new file and one
# row, builds the copy and trains with them.  docs/ARCHITECTURE.md, "How to add ...", says the same.
set -euo pipefail
cd "$(dirname "$0")/../.."

project=$PWD
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r CMakeLists.txt CMakePresets.json cmake src tests tools "$copy"
rm -rf "$copy"/tests/contract/node_modules
cd "$copy"

cp "$project/tests/extending/op_softsign.c" src/nn/ops/softsign.c
echo 'OP(softsign) TRAINING_OP(softsign_grad)' >>src/nn/ops.def
cp "$project/tests/extending/model_pebble.c" src/models/pebble.c
echo 'MODEL(pebble)' >>src/models/models.def
cp "$project/tests/extending/augment_invert.c" src/data/augment/invert.c
echo 'AUGMENTATION_BY_CHANCE(invert, "Negative probability")' >>src/data/augment.def

tools/check-deps.sh
cmake --preset dev -DFOVEA_WEB=OFF >/dev/null
tools/build.sh dev fovea fovea-engine
fovea=build/dev/bin/fovea

expect() { # TEXT COMMAND...: the command succeeds and says the text
    local text=$1 output
    shift
    output=$("$@" 2>&1) || { echo "$output"; echo "failed: $*"; exit 1; }
    grep -qF -- "$text" <<<"$output" || { echo "$output"; echo "no '$text' in: $*"; exit 1; }
}

expect pebble "$fovea" models
expect augmentation.invert "$fovea" train --help
expect softsign_grad "$fovea" inspect --graph --model pebble
expect 'steps checked against the reference' "$fovea" bench --model pebble --batch 4 --verify
"$fovea" dataset sample data --classes 2 --train 16 --val 4 --image_size 40 >sample.log
expect '"status":"completed"' "$fovea" train --model pebble --data data --image_size 32 --batch 8 \
    --epochs 2 --augmentation.invert 0.5 --quiet --json --out run
# The checkpoint carries the new op by name.
expect '"predictions"' "$fovea" predict --json --checkpoint run/checkpoints/best.safetensors \
    "$(find data/val -name '*.jpg' | head -n 1)"

# A platform whose training service alone is exchanged shows the new model.
serve_and_list() { # TRAINER_PROGRAM MODEL: the platform's models, once this one is among them, or after 10 s
    "$1" trainer --framework timm --port "$trainer_port" --data data-trainer --quiet >trainer.log 2>&1 &
    local trainer=$! names=
    for _ in $(seq 100); do
        names=$(curl -sf "http://127.0.0.1:$platform_port/api/v1/models/list?framework=timm&refresh=1" | jq -r '.[].model_name')
        grep -qx "$2" <<<"$names" && break
        sleep 0.1
    done
    kill "$trainer"
    wait "$trainer" || true
    echo "$names"
}
plain=$project/build/dev/bin/fovea
if [ -x "$plain" ] && command -v jq >/dev/null && command -v curl >/dev/null; then
    export INTERNAL_SECRET=shared-by-both
    trainer_port=$((20000 + RANDOM % 20000)) platform_port=$((40000 + RANDOM % 20000))
    TIMM_SERVICE_URL=http://127.0.0.1:$trainer_port "$plain" serve --no_trainer --port "$platform_port" \
        --data data-platform --quiet >platform.log 2>&1 &
    platform=$!
    trap 'kill $platform 2>/dev/null; rm -rf "$copy"' EXIT
    before=$(serve_and_list "$plain" convnext_tiny)
    after=$(serve_and_list "$copy/$fovea" pebble)
    grep -q '^resnet18$' <<<"$before" || { echo "no resnet18 in: $before"; cat platform.log trainer.log; exit 1; }
    ! grep -q '^pebble$' <<<"$before" || { echo "pebble before its time"; exit 1; }
    grep -q '^pebble$' <<<"$after" || { echo "no pebble in: $after"; cat platform.log trainer.log; exit 1; }
fi
echo "a model, an op and an augmentation were added, built, trained and shown by the platform"

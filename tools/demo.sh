#!/bin/bash
# make run: makes a small data set, trains a classifier on it for about a minute, and predicts.
set -euo pipefail
cd "$(dirname "$0")/.."

fovea=build/release/bin/fovea
demo=build/demo
rm -rf "$demo"

say() {
    printf '\n$ %s\n' "$*"
    "$@"
}

say $fovea dataset sample $demo/data --task classification --train 400 --val 50
say $fovea train --model resnet18 --data $demo/data --out $demo/run --epochs 8 --image_size 64 --batch 16 --preset small_data --augmentation.random_crop false

# One image of each class, of those the model has not seen where there is a validation split.
mapfile -t images < <(
    for root in $demo/data/val $demo/data/valid $demo/data; do
        [ -d "$root" ] || continue
        find "$root" -type f \( -name '*.jpg' -o -name '*.png' \) | sort |
            awk -F / '{ folder = $0; sub("/[^/]*$", "", folder) } !(folder in seen) { seen[folder]; print }'
        break
    done
)
[ ${#images[@]} -gt 0 ] || { echo "demo: there are no images in $demo/data" >&2; exit 1; }
say $fovea predict --checkpoint_path $demo/run/checkpoints/best.safetensors "${images[@]:0:6}"
printf '\nThe run is in %s: results.csv, events.jsonl, config.json, checkpoints/\n' "$demo/run"

#!/bin/sh
# Images a second of our loader and of torchvision's DataLoader, in alternating rounds, as a table.
#
#   bench/loader.sh FOVEA_ENGINE BASELINES FOLDER [ROUNDS]
#
# BASELINES is the folder with load_bench.py; FOLDER an image folder with train/ and val/.
# Both sides crop at random to 224 x 224, flip and normalize, with two threads or workers.
set -eu
engine=$1 baselines=$2 folder=$3 rounds=${4:-3}

ours() {
    "$engine" bench --mode load --threads 2 --batch 32 --seconds 5 --data "$folder" "$@" |
        sed -n 's/.*"images_per_second":\([0-9]*\).*/\1/p'
}

theirs() {
    /usr/bin/python3 "$baselines/load_bench.py" --root "$folder/train" --what dataset --workers 2 \
        --reps 2 | sed -n 's/.*"img_s_med": \([0-9.]*\).*/\1/p'
}

echo "| round | scaled and cropped decoding | full decoding | torchvision | ratios | load |"
echo "|---|---|---|---|---|---|"
for round in $(seq "$rounds"); do
    scaled=$(ours) full=$(ours --full_decoding) peer=$(theirs)
    load=$(cut -d' ' -f1 /proc/loadavg)
    echo "$scaled $full $peer" | awk -v round="$round" -v load="$load" '{
        printf "| %d | %d | %d | %.0f | %.1f, %.1f | %s |\n", round, $1, $2, $3, $1/$3, $2/$3, load }'
done

#!/usr/bin/python3
"""What the loader costs the steps while resnet18 trains, in alternating rounds.

    python3 bench/loader_cost.py --fovea build/release/bin/fovea-engine --data FOLDER [--rounds 4]

A round is the same plan on synthetic data (`fovea bench`) and then on the images of FOLDER
(`fovea train`, two epochs, the first two steps left out).  Only the standard library is needed.
"""
import argparse
import datetime
import json
import os
import statistics
import subprocess
import tempfile

COMMON = '--model resnet18 --image_size 224 --batch 16 --optimizer adamw --threads 2'.split()
FIRST_STEP = 3


def without_loader(args):
    command = [args.fovea, 'bench', '--mode', 'train', '--seconds', '15'] + COMMON
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(printed)['images_per_second']


def seconds_of(event):
    return datetime.datetime.fromisoformat(event['time'].replace('Z', '+00:00')).timestamp()


def with_loader(args):
    """Images a second of each epoch, by the times of its step events."""
    with tempfile.TemporaryDirectory() as out:
        command = [args.fovea, 'train', '--preset', 'none', '--data', args.data, '--out', out,
                   '--epochs', '2', '--validation.val_interval', '2', '--quiet'] + COMMON
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(out, 'events.jsonl')) as file:
            events = [json.loads(line) for line in file]
    speeds = []
    for epoch in (1, 2):
        steps = [e for e in events if e['event'] == 'step' and e['data']['epoch'] == epoch and
                 e['data']['step'] >= FIRST_STEP]
        images = 16 * (steps[-1]['data']['step'] - steps[0]['data']['step'])
        speeds.append(images / (seconds_of(steps[-1]) - seconds_of(steps[0])))
    return speeds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--fovea', required=True)
    parser.add_argument('--data', required=True)
    parser.add_argument('--rounds', type=int, default=4)
    args = parser.parse_args()
    costs = []
    for _ in range(args.rounds):
        alone, epochs = without_loader(args), with_loader(args)
        costs += [100 * (alone / speed - 1) for speed in epochs]
        print(f'| {alone:.1f} | {epochs[0]:.1f} | {epochs[1]:.1f} | '
              f'{costs[-2]:.1f} | {costs[-1]:.1f} |', flush=True)
    print(f'median {statistics.median(costs):.1f} %')


if __name__ == '__main__':
    main()

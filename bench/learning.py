#!/usr/bin/python3
"""Our side of the learning comparison, the table and the picture.

    python3 bench/learning.py --fovea build/release/bin/fovea \\
        --data DOGS_CATS:128 --data CIFAR10_4K:64 --out bench/results/learning_fovea.json
    python3 bench/learning.py --compare          # learning.md and learning.svg of both sides

The recipe is that of learning_torch.py, which states it.  Only the standard library is needed.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import tempfile

EPOCHS = 20
RECIPE = ('--augmentation.crop_scale 0.35,1 --ema false --scheduler.warmup_epochs 1 '
          f'--epochs {EPOCHS} --batch 32 --optimizer adamw --lr 0.001 --optimizer.weight_decay 0.05 '
          '--scheduler.type cosine --scheduler.eta_min 1e-6 --checkpoint_interval 0').split()
WANTED = {'dogs_cats': 3.0, 'cifar10_4k': 1.5}  # points below PyTorch's mean that are allowed
COLORS = {'fovea': '#1f6feb', 'torch': '#d1242f'}


def train(args, folder, size, seed):
    with tempfile.TemporaryDirectory() as out:
        command = [args.fovea, 'train', '--model', 'resnet18', '--preset', 'none', '--data', folder,
                   '--image_size', size, '--seed', str(seed), '--threads', str(args.threads),
                   '--out', out, '--quiet']
        subprocess.run(command + RECIPE + args.extra.split(), check=True, stderr=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
        with open(os.path.join(out, 'results.csv'), newline='') as file:
            rows = list(csv.DictReader(file))
    return [dict(train_loss=float(r['loss']), val_loss=float(r['val_loss']),
                 val_accuracy=float(r['accuracy'])) for r in rows]


def measure(args):
    document = dict(runs=[])
    if os.path.exists(args.out):
        with open(args.out) as file:
            document = json.load(file)
    for seed in map(int, args.seeds.split(',')):
        for entry in args.data:
            folder, size = entry.rsplit(':', 1)
            name = os.path.basename(folder.rstrip('/'))
            if any(r['data'] == name and r['seed'] == seed for r in document['runs']):
                continue
            epochs = train(args, folder, size, seed)
            document['runs'].append(dict(data=name, seed=seed, size=int(size), epochs=epochs))
            print(f"{name} seed {seed}: {epochs[-1]}", flush=True)
            with open(args.out, 'w') as file:
                json.dump(document, file, indent=1)
                file.write('\n')


def polyline(values, left, top, width, height, low, high, color):
    step = width / (EPOCHS - 1)
    points = ' '.join(f'{left + i * step:.1f},{top + height * (high - v) / (high - low):.1f}'
                      for i, v in enumerate(values))
    return f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.2"/>'


def panel(title, sides, key, left, top):
    """One chart: every run of both sides."""
    width, height = 330, 180
    values = [e[key] for runs in sides.values() for r in runs for e in r['epochs']]
    low, high = min(values), max(values)
    lines = [f'<text x="{left}" y="{top - 8}">{title}</text>',
             f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" '
             'stroke="#888"/>',
             f'<text x="{left - 6}" y="{top + 10}" text-anchor="end">{high:.2f}</text>',
             f'<text x="{left - 6}" y="{top + height}" text-anchor="end">{low:.2f}</text>']
    for side, runs in sides.items():
        for run in runs:
            lines.append(polyline([e[key] for e in run['epochs']], left, top, width, height, low,
                                  high, COLORS[side]))
    return lines


def last_accuracies(runs):
    """Mean of the last three epochs: one epoch of 200 images jumps by several points."""
    return [100 * statistics.mean(e['val_accuracy'] for e in r['epochs'][-3:]) for r in runs]


def compare(args):
    sides = {}
    for side in ('fovea', 'torch'):
        with open(os.path.join(args.results, f'learning_{side}.json')) as file:
            sides[side] = [r for r in json.load(file)['runs'] if len(r['epochs']) == EPOCHS]
    names = [n for n in WANTED if all(any(r['data'] == n for r in sides[s]) for s in sides)]
    lines = ['# Learning: resnet18 from scratch, 20 epochs, the same recipe', '',
             'Validation accuracy in %, mean of the last three epochs, one figure per seed.', '',
             '| data | Fovea | mean | PyTorch | mean | difference | allowed |',
             '|---|---|---|---|---|---|---|']
    svg = ['<svg xmlns="http://www.w3.org/2000/svg" width="820" height="%d" font-family="sans-serif" '
           'font-size="11">' % (60 + 240 * len(names)),
           '<rect width="100%" height="100%" fill="white"/>']
    for row, name in enumerate(names):
        of = {s: [r for r in runs if r['data'] == name] for s, runs in sides.items()}
        own, peer = last_accuracies(of['fovea']), last_accuracies(of['torch'])
        lines.append('| {} | {} | {:.1f} | {} | {:.1f} | {:+.1f} | {:+.1f} |'.format(
            name, ' '.join(f'{a:.1f}' for a in own), statistics.mean(own),
            ' '.join(f'{a:.1f}' for a in peer), statistics.mean(peer),
            statistics.mean(own) - statistics.mean(peer), -WANTED[name]))
        top = 40 + 240 * row
        svg += panel(f'{name}: training loss', of, 'train_loss', 60, top)
        svg += panel(f'{name}: validation accuracy', of, 'val_accuracy', 470, top)
    for i, side in enumerate(COLORS):
        svg.append(f'<text x="{60 + 90 * i}" y="{30 + 240 * len(names)}" '
                   f'fill="{COLORS[side]}">{dict(fovea="Fovea", torch="PyTorch")[side]}</text>')
    with open(os.path.join(args.results, 'learning.md'), 'w') as file:
        file.write('\n'.join(lines) + '\n')
    with open(os.path.join(args.results, 'learning.svg'), 'w') as file:
        file.write('\n'.join(svg + ['</svg>']) + '\n')
    print('\n'.join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--fovea')
    parser.add_argument('--data', action='append', default=[], metavar='FOLDER:SIZE')
    parser.add_argument('--seeds', default='1,2,3')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--extra', default='', help='more options for fovea train')
    parser.add_argument('--out', default='bench/results/learning_fovea.json')
    parser.add_argument('--results', default='bench/results')
    parser.add_argument('--compare', action='store_true')
    args = parser.parse_args()
    if args.fovea:
        measure(args)
    if args.compare:
        compare(args)


if __name__ == '__main__':
    main()

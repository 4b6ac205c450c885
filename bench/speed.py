#!/usr/bin/python3
"""Training speed and memory side by side: fovea, PyTorch and the yardstick, in alternating rounds.

    python3 bench/speed.py --fovea build/release/bin/fovea \\
        --baselines FOLDER/WITH/peer_bench.py --yardstick FOLDER/eng --rounds 3 --seconds 8

Any of the three may be left out.  Only the standard library is needed here; PyTorch runs in its
own process with --python and the environment that is set (PYTHONPATH for timm).  PyTorch is
measured in both memory formats, each out of the box and with a malloc that keeps its memory
("tuned").  Every column is run once a round, every other round in reverse order, so that a drift of
the machine hits all alike; what counts is the median over the rounds of each run's median.

--out FILE.json gets every raw result and the machine; FILE.md beside it the tables.  Models that
the file already holds are kept unless measured again, so that a long series can be cut in pieces.

--suite detectors trains the YOLO11 family with its real loss, --suite inference answers with it, one
image at a time; there PyTorch is also measured with its graph compiled ahead ("jit").
"""
import argparse
import itertools
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time

TUNED_MALLOC = ('glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967295:'
                'glibc.malloc.trim_threshold=4294967295')
AVX2_ENVIRONMENT = dict(ONEDNN_MAX_CPU_ISA='AVX2', DNNL_MAX_CPU_ISA='AVX2', FOVEA_MAX_ISA='avx2',
                        ATEN_CPU_CAPABILITY='avx2', OPENBLAS_CORETYPE='Haswell')

# Wanted: speed over the fastest PyTorch, peak memory over the leanest PyTorch.  The yardstick's
# name and best settings; its rate is a guess that only sets how many steps it is given.
MODELS = {
    'resnet50': dict(batch=16, speed=1.3, memory=0.8, eng=('resnet50', 'thp=1 wino=1', 9)),
    'resnet18': dict(batch=16, speed=1.4, memory=0.6, eng=('resnet18', 'thp=1 wino=1', 28)),
    'mobilenetv2_100': dict(batch=16, speed=1.7, memory=0.6, eng=('mbv2', 'thp=1 dwf=1', 65)),
    'efficientnet_b0': dict(batch=16, speed=1.8, memory=0.6, eng=('effb0', 'thp=1 dwf=1', 48)),
    'efficientnetv2_s': dict(batch=8, speed=1.3, memory=0.6),
    'mobilenetv3_small_100': dict(batch=16, speed=1.5, memory=0.6),
    'vit_tiny_patch16_224': dict(batch=16, speed=2.0, memory=0.6, eng=('vit', 'thp=1', 20)),
}


TORCH_DETECTORS = os.path.join(os.path.dirname(__file__), 'torch_detectors.py')

# At 640 pixels.  Both sides keep a moving average and clip, as their recipe does.
DETECTORS = {
    'yolo11n': dict(batch=4, image_size=640, speed=1.7, memory=0.6, options='--ema --clip'),
    'yolo11n-seg': dict(batch=4, image_size=640, speed=1.8, memory=0.6, options='--ema --clip'),
    'yolo11n-pose': dict(batch=4, image_size=640, speed=1.7, memory=0.6, options='--ema --clip'),
}
INFERENCE = {
    name: dict(batch=1, image_size=640, speed=1.5, memory=0.6, peer_modes=('infer', 'jit'))
    for name in DETECTORS
}
SUITES = dict(classifiers=MODELS, detectors=DETECTORS, inference=INFERENCE)


class Column:
    """One way to train a model: its name, its command and how its output is read."""

    def __init__(self, name, command, read, environment=None):
        self.name, self.command, self.read = name, command, read
        self.environment = environment or {}

    def run(self, args):
        environment = dict(os.environ, OMP_NUM_THREADS=str(args.threads), **self.environment)
        if args.isa == 'avx2':
            environment.update(AVX2_ENVIRONMENT)
        done = subprocess.run(self.command, env=environment, capture_output=True, text=True)
        if done.returncode:
            return dict(error=(done.stderr or done.stdout)[-400:])
        return self.read(done.stdout)


def last_json(text):
    lines = [line for line in text.splitlines() if line.startswith('{')]
    return json.loads(lines[-1])


def read_fovea(text):
    raw = last_json(text)
    return dict(images_per_second=raw['images_per_second'], best=raw.get('images_per_second_best'),
                peak_rss_mb=raw['peak_rss_mb'], first_step_seconds=raw['first_step_seconds'],
                predicted_peak_mb=raw['predicted_peak_mb'], raw=raw)


def read_torch(text):
    raw = last_json(text)
    return dict(images_per_second=raw['img_s_all_med'], best=raw['img_s_best'],
                peak_rss_mb=raw['peak_rss_mb'], first_step_seconds=raw['first_step_s'], raw=raw)


def read_yardstick(text):
    found = re.search(r'img/s min ([\d.]+) med ([\d.]+) max ([\d.]+) .* peakRSS (\d+)', text)
    first = re.search(r'first step ([\d.]+)s', text)
    return dict(images_per_second=float(found[2]), best=float(found[3]),
                peak_rss_mb=int(found[4]), first_step_seconds=float(first[1]), raw=found[0])


def fovea_columns(name, model, args):
    if not args.fovea:
        return []
    # As PyTorch's side does: transformers with AdamW, the others with SGD and momentum.
    optimizer = 'adamw' if name.startswith('vit') else 'sgd'
    command = [args.fovea, 'bench', '--model', name, '--mode',
               'infer' if args.suite == 'inference' else 'train', '--batch', str(model['batch']),
               '--image_size', str(model.get('image_size', args.size)), '--threads',
               str(args.threads), '--seconds', str(args.seconds), '--optimizer', optimizer]
    command += model.get('options', '').split()
    columns = [Column('fovea', command, read_fovea)]
    for variant in args.fovea_variant:
        label, _, extra = variant.partition('=')
        columns.append(Column('fovea ' + label, command + extra.split(), read_fovea))
    return columns


def torch_columns(name, model, args):
    if not args.baselines:
        return []
    columns = []
    for mode, layout in itertools.product(model.get('peer_modes', ('train',)),
                                          args.layouts.split(',')):
        for tuned in (False, True):
            if args.suite == 'classifiers':
                script = [os.path.join(args.baselines, 'peer_bench.py')]
            else:
                script = [TORCH_DETECTORS, '--baselines', args.baselines]
            command = [args.python, *script, '--model', name, '--mode', mode, '--layout', layout,
                       '--batch', str(model['batch']), '--size',
                       str(model.get('image_size', args.size)), '--threads', str(args.threads),
                       '--seconds', str(args.seconds)]
            label = f"torch {'jit ' if mode == 'jit' else ''}{layout}{' tuned' if tuned else ''}"
            columns.append(Column(label, command, read_torch,
                                  dict(GLIBC_TUNABLES=TUNED_MALLOC) if tuned else None))
    return columns


def yardstick_columns(name, model, args):
    # The yardstick is compiled for AVX-512 alone.
    if not args.yardstick or 'eng' not in model or args.isa != 'best':
        return []
    short, settings, rate = model['eng']
    settings = args.settings.get(name, settings)
    steps = max(3, round(args.seconds * rate / model['batch']))
    command = [args.yardstick, f'm={short}', f"b={model['batch']}", f'it={steps}']
    return [Column('yardstick', command + settings.split(), read_yardstick)]


def measure(name, args):
    """-> {column: [result of each round]}"""
    model = SUITES[args.suite][name]
    columns = (fovea_columns(name, model, args) + yardstick_columns(name, model, args) +
               torch_columns(name, model, args))
    results = {column.name: [] for column in columns}
    for number in range(args.rounds):
        for column in columns if number % 2 == 0 else reversed(columns):
            result = column.run(args)
            results[column.name].append(result)
            shown = result.get('error') or (f"{result['images_per_second']:.2f} images/s, "
                                            f"{result['peak_rss_mb']} MB")
            print(f'{name} round {number + 1} {column.name}: {shown}', file=sys.stderr, flush=True)
    return results


def summary(rounds):
    """Median speed, best speed, highest memory of one column; None if any round failed."""
    if not rounds or any('error' in r for r in rounds):
        return None
    kept = dict(speed=statistics.median(r['images_per_second'] for r in rounds),
                best=max(r['best'] or 0 for r in rounds),
                memory=max(r['peak_rss_mb'] for r in rounds),
                first=statistics.median(r['first_step_seconds'] for r in rounds))
    if 'predicted_peak_mb' in rounds[0]:
        kept['predicted'] = rounds[0]['predicted_peak_mb']
    return kept


def compare(results):
    """What the columns of one model say about the first of fovea and yardstick that is there."""
    columns = {name: s for name, s in ((n, summary(r)) for n, r in results.items()) if s}
    subject = next((n for n in ('fovea', 'yardstick') if n in columns), None)
    torch = {n: s for n, s in columns.items() if n.startswith('torch')}
    plain = [s['speed'] for n, s in torch.items() if not n.endswith('tuned')]
    ratios = {}
    if subject and torch:
        speed, memory = columns[subject]['speed'], columns[subject]['memory']
        ratios['fastest torch'] = speed / max(s['speed'] for s in torch.values())
        ratios['torch out of the box'] = speed / max(plain)
        ratios['memory'] = memory / min(s['memory'] for s in torch.values())
    if subject == 'fovea' and 'yardstick' in columns:
        ratios['yardstick'] = columns['fovea']['speed'] / columns['yardstick']['speed']
    return columns, subject, ratios


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def cell(value, form):
    return form.format(value) if value is not None else ''


def raw_table(models, suite):
    names = []
    for results in models.values():
        names += [n for n in results if n not in names]
    lines = ['| model | ' + ' | '.join(names) + ' |', '|---' * (len(names) + 1) + '|']
    for model, results in models.items():
        columns = compare(results)[0]
        cells = []
        for name in names:
            s = columns.get(name)
            cells.append(f"{s['speed']:.1f} ({s['best']:.1f}), {s['memory']} MB" if s else '')
        lines.append(f"| {model} b{suite[model]['batch']} | " + ' | '.join(cells) + ' |')
    return lines


def ratio_table(models, suite):
    heads = ['yardstick', 'fastest torch', 'torch out of the box', 'memory']
    lines = ['| model | speed / yardstick | speed / fastest PyTorch | wanted | speed / PyTorch out of '
             'the box | memory / leanest PyTorch | wanted | predicted / measured memory |',
             '|---|---|---|---|---|---|---|---|']
    gathered = {head: [] for head in heads}
    for model, results in models.items():
        columns, subject, ratios = compare(results)
        for head, value in ratios.items():
            gathered[head].append(value)
        own = columns.get('fovea') or {}
        predicted = own['predicted'] / own['memory'] if 'predicted' in own else None
        lines.append('| {} ({}) | {} | {} | {} | {} | {} | {} | {} |'.format(
            model, subject, *(cell(ratios.get(h), '{:.2f}') for h in heads[:2]),
            suite[model]['speed'], cell(ratios.get(heads[2]), '{:.2f}'),
            cell(ratios.get(heads[3]), '{:.2f}'), suite[model]['memory'],
            cell(predicted, '{:.3f}')))
    means = {h: geometric_mean(v) if v else None for h, v in gathered.items()}
    lines.append('| geometric mean | {} | {} | {} | {} | {} | | |'.format(
        *(cell(means[h], '{:.2f}') for h in heads[:2]), '1.7' if suite is MODELS else '',
        *(cell(means[h], '{:.2f}') for h in heads[2:])))
    return lines


def markdown(document):
    machine, suite = document['machine'], SUITES[document.get('suite', 'classifiers')]
    size = next(iter(suite.values())).get('image_size', document['size'])
    lines = ['# Speed of inference' if suite is INFERENCE else '# Training speed', '',
             f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['memory_gb']} GB, "
             f"{machine['system']}; {document['threads']} threads, {size} px, single "
             f"precision, instruction set: {document['isa']}.", '',
             'Images per second: median over rounds (best step), then peak memory.', '']
    lines += raw_table(document['models'], suite) + ['', 'Ratios; the model in brackets is measured:', '']
    lines += ratio_table(document['models'], suite)
    loads = [load for pair in document['loads'].values() for load in pair]
    if loads and max(loads) > document['threads'] + 1.5:
        lines += ['', f'**The machine was busy** (load up to {max(loads):.1f}): not to be quoted.']
    return '\n'.join(lines) + '\n'


def machine():
    with open('/proc/cpuinfo') as file:
        cpu = re.search(r'model name\s*:\s*(.*)', file.read())
    with open('/proc/meminfo') as file:
        memory = int(re.search(r'MemTotal:\s*(\d+)', file.read())[1])
    with open('/etc/os-release') as file:
        system = re.search(r'PRETTY_NAME="(.*)"', file.read())
    return dict(cpu=cpu[1] if cpu else platform.machine(), cpus=os.cpu_count(),
                memory_gb=round(memory / 2 ** 20), kernel=platform.release(),
                system=system[1] if system else platform.system())


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--fovea', help='our program')
    parser.add_argument('--fovea-variant', action='append', default=[], metavar='NAME=OPTIONS',
                        help='one more column, e.g. "lean=--memory lean" or "ema=--ema --clip"')
    parser.add_argument('--baselines', help='folder of peer_bench.py')
    parser.add_argument('--yardstick', help='the built yardstick')
    parser.add_argument('--setting', action='append', default=[], metavar='MODEL=SETTINGS',
                        help='other settings of the yardstick for one model')
    parser.add_argument('--python', default='/usr/bin/python3')
    parser.add_argument('--layouts', default='nchw,nhwc')
    parser.add_argument('--suite', choices=SUITES, default='classifiers')
    parser.add_argument('--models', help='of the suite, separated by commas')
    parser.add_argument('--isa', choices=('best', 'avx2'), default='best')
    parser.add_argument('--size', type=int, default=224)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--seconds', type=float, default=8)
    parser.add_argument('--out', help='default: bench/results/speed.json, or that of the suite')
    args = parser.parse_args()
    if not args.out:
        suffix = '' if args.suite == 'classifiers' else '_' + args.suite
        args.out = f'bench/results/speed{suffix}.json'
    if not args.models:
        args.models = ','.join(SUITES[args.suite])
    args.settings = dict(entry.split('=', 1) for entry in args.setting)
    unknown = [m for m in args.models.split(',') if m not in SUITES[args.suite]]
    if unknown:
        parser.error('unknown models: ' + ', '.join(unknown))
    if not (args.fovea or args.baselines or args.yardstick):
        parser.error('nothing to measure: give --fovea, --baselines or --yardstick')
    return args


def main():
    args = arguments()
    document = dict(models={}, loads={})
    if os.path.exists(args.out):
        with open(args.out) as file:
            document = json.load(file)
    document.update(machine=machine(), suite=args.suite, threads=args.threads, size=args.size, isa=args.isa,
                    rounds=args.rounds, seconds=args.seconds)
    for name in args.models.split(','):
        before = os.getloadavg()[0]
        document['models'][name] = measure(name, args)
        document['loads'][name] = [before, os.getloadavg()[0]]
        document['date'] = time.strftime('%Y-%m-%d')
        with open(args.out, 'w') as file:
            json.dump(document, file, indent=1)
            file.write('\n')
        with open(os.path.splitext(args.out)[0] + '.md', 'w') as file:
            file.write(markdown(document))
    print(markdown(document))
    return 0


if __name__ == '__main__':
    sys.exit(main())

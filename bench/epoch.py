#!/usr/bin/python3
"""One epoch of yolo11n on 64 images of 640 pixels, from exec to exit, on both sides.

    python3 bench/epoch.py --fovea build/release/bin/fovea-engine --yolo 'python3 yolo.py' --rounds 2

The images are drawn by `dataset sample`; both sides train from scratch with batches of 4 and their
usual recipe, validate on 8 images and write their checkpoints.  Rounds alternate.  --yolo starts the
peer's console program, with the malloc settings that are its fastest.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

TUNED_MALLOC = ('glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967295:'
                'glibc.malloc.trim_threshold=4294967295')


def timed(command, environment=None):
    """Seconds from exec to exit, and the peak memory of the process in MB."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                               env=dict(os.environ, **(environment or {})))
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed: {said[-800:]}")
    return dict(seconds=time.monotonic() - begin, peak_rss_mb=usage.ru_maxrss // 1024)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--fovea', default='build/release/bin/fovea-engine')
    parser.add_argument('--yolo', required=True, help='command of the peer')
    parser.add_argument('--model', default='yolo11n')
    parser.add_argument('--task', default='object_detection')
    parser.add_argument('--rounds', type=int, default=2)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--out', default='bench/results/epoch.json')
    args = parser.parse_args()
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, 'data')
        subprocess.run([args.fovea, 'dataset', 'sample', data, '--task', args.task, '--train', '64',
                        '--val', '8', '--image_size', '640'], check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(data, 'data.yaml')) as file:
            lines = [line for line in file if not line.startswith('path:')]
        with open(os.path.join(data, 'data.yaml'), 'w') as file:
            file.write(f'path: {data}\n' + ''.join(lines))
        kind = {'object_detection': 'detect', 'instance_segmentation': 'segment',
                'pose_estimation': 'pose'}[args.task]
        for number in range(args.rounds):
            ours = timed([args.fovea, 'train', '--model', args.model, '--data', data, '--preset',
                          'standard', '--epochs', '1', '--imgsz', '640', '--batch', '4',
                          '--threads', str(args.threads), '--quiet', '--out',
                          os.path.join(folder, f'ours{number}')])
            theirs = timed(args.yolo.split() + [
                kind, 'train', f'model={args.model}.yaml', f'data={data}/data.yaml', 'epochs=1',
                'imgsz=640', 'batch=4', 'pretrained=False', 'device=cpu', 'workers=2', 'plots=False',
                f'project={folder}', f'name=theirs{number}'],
                dict(GLIBC_TUNABLES=TUNED_MALLOC, THREADS=str(args.threads),
                     OMP_NUM_THREADS=str(args.threads)))
            rounds.append(dict(fovea=ours, peer=theirs))
            print(f'round {number + 1}: {rounds[-1]}', flush=True)
    middle = {side: statistics.median(r[side]['seconds'] for r in rounds) for side in rounds[0]}
    memory = {side: max(r[side]['peak_rss_mb'] for r in rounds) for side in rounds[0]}
    print(f"{args.model}: fovea {middle['fovea']:.1f} s, {memory['fovea']} MB; peer "
          f"{middle['peer']:.1f} s, {memory['peer']} MB: {middle['peer'] / middle['fovea']:.2f} x as "
          f"fast, {memory['fovea'] / memory['peer']:.2f} of the memory")
    document = {}
    if os.path.exists(args.out):
        with open(args.out) as file:
            document = json.load(file)
    document[args.model] = dict(rounds=rounds, threads=args.threads)
    with open(args.out, 'w') as file:
        json.dump(document, file, indent=1)
        file.write('\n')


if __name__ == '__main__':
    main()

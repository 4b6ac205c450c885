#!/usr/bin/python3
"""Time from starting a program to the end of its first optimizer step, and memory with the loader.

    PYTHONPATH=TIMM python3 bench/start.py --fovea build/release/bin/fovea --data FOLDER --rounds 3

Both sides train resnet18 from scratch on FOLDER/train/CLASS/*.jpg with batches of 16 at 224 pixels,
random resized crop and flip; PyTorch through timm and torchvision's DataLoader with two workers
(or what --workers says), in channels_last with a malloc that keeps its memory.  Rounds alternate.
Fovea also tells the peak memory that it predicted; its run is stopped after --seconds more.
"""
import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TUNED_MALLOC = ('glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967295:'
                'glibc.malloc.trim_threshold=4294967295')
BATCH, SIZE = 16, 224


def torch_side(data, workers, threads):
    """What runs in PyTorch's process: one step, then a line."""
    import timm
    import torch
    from torchvision import datasets, transforms
    torch.set_num_threads(threads)
    transform = transforms.Compose([
        transforms.RandomResizedCrop(SIZE), transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
    folder = datasets.ImageFolder(os.path.join(data, 'train'), transform)
    loader = torch.utils.data.DataLoader(folder, BATCH, shuffle=True, num_workers=workers,
                                         drop_last=True)
    model = timm.create_model('resnet18', num_classes=len(folder.classes))
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, nesterov=True)
    loss_function = torch.nn.CrossEntropyLoss()
    for images, labels in loader:
        images = images.contiguous(memory_format=torch.channels_last)
        loss_function(model(images), labels).backward()
        optimizer.step()
        print('first step done', flush=True)
        os._exit(0)


def time_torch(args):
    environment = dict(os.environ, OMP_NUM_THREADS=str(args.threads), GLIBC_TUNABLES=TUNED_MALLOC)
    command = [args.python, __file__, '--torch-side', '--data', args.data,
               '--workers', str(args.workers), '--threads', str(args.threads)]
    begin = time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        seconds = time.monotonic() - begin
    if 'first step done' not in line:
        raise SystemExit('PyTorch failed')
    return dict(seconds=seconds)


def wait_for_step(path, process):
    while process.poll() is None:
        if os.path.exists(path):
            with open(path) as file:
                if '"event":"step"' in file.read():
                    return
        time.sleep(0.002)
    raise SystemExit('fovea failed')


def time_fovea(args):
    with tempfile.TemporaryDirectory() as folder:
        command = [args.fovea, 'train', '--model', 'resnet18', '--data', args.data, '--batch',
                   str(BATCH), '--image_size', str(SIZE), '--preset', 'none', '--optimizer', 'sgd',
                   '--epochs', '50',
                   '--threads', str(args.threads), '--out', os.path.join(folder, 'run')]
        begin = time.monotonic()
        with open(os.path.join(folder, 'log'), 'w+') as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
            wait_for_step(os.path.join(folder, 'run', 'events.jsonl'), process)
            seconds = time.monotonic() - begin
            time.sleep(args.seconds)
            process.send_signal(signal.SIGTERM)
            _, _, usage = os.wait4(process.pid, 0)
            log.seek(0)
            predicted = re.search(r'peak memory[^:]*: (\d+) MB', log.read())
    return dict(seconds=seconds, peak_rss_mb=usage.ru_maxrss // 1024,
                predicted_mb=int(predicted[1]) if predicted else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--fovea')
    parser.add_argument('--data', required=True)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--seconds', type=float, default=15)
    parser.add_argument('--python', default=sys.executable)
    parser.add_argument('--out', default='bench/results/start.json')
    parser.add_argument('--torch-side', action='store_true', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.torch_side:
        torch_side(args.data, args.workers, args.threads)
    rounds = []
    for number in range(args.rounds):
        rounds.append(dict(fovea=time_fovea(args), torch=time_torch(args)))
        print(f'round {number + 1}: {rounds[-1]}', flush=True)
    own = statistics.median(r['fovea']['seconds'] for r in rounds)
    peer = statistics.median(r['torch']['seconds'] for r in rounds)
    print(f'fovea {own:.2f} s, PyTorch {peer:.2f} s: {own / peer:.2f} of its time')
    with open(args.out, 'w') as file:
        json.dump(dict(rounds=rounds, threads=args.threads, workers=args.workers,
                       fovea_seconds=own, torch_seconds=peer), file, indent=1)
        file.write('\n')


if __name__ == '__main__':
    main()

#!/usr/bin/python3
"""One measurement of Ultralytics' networks on PyTorch; one JSON line on stdout.

    python3 bench/torch_detectors.py --baselines FOLDER --model yolo11n --mode train --layout nhwc

train: the real loss on eight drawn objects an image, and what its trainer does with every step's
gradients: clipping of the global norm at 10, Nesterov SGD, a moving average of the weights.
infer: one forward, batch norms folded, as its predictor does; jit: the same, traced and frozen.
The networks and objects come from peer_models.py in FOLDER.  speed.py starts this, with and without
its malloc settings, in both memory formats.
"""
import argparse
import json
import logging
import resource
import statistics
import sys
import time
import warnings


def training_step(torch, model, x, targets):
    from ultralytics.utils.torch_utils import ModelEMA
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9, nesterov=True,
                                weight_decay=5e-4)
    average = ModelEMA(model)
    batch = dict(targets, img=x)

    def step():
        loss, _ = model.loss(batch)
        loss.sum().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=10.0)
        optimizer.step()
        optimizer.zero_grad()
        average.update(model)
    return step


def inference_step(torch, model, x, layout, is_compiled):
    model = model.eval().fuse(verbose=False).to(memory_format=layout)
    for parameter in model.parameters():
        parameter.detach_()
    if is_compiled:
        with torch.no_grad():
            model = torch.jit.freeze(torch.jit.trace(model, x, strict=False, check_trace=False))
            model = torch.jit.optimize_for_inference(model)

    def step():
        with torch.no_grad():
            model(x)
    return step


def timed(step, seconds):
    """Seconds of the first step, and of each one after two more."""
    begin = time.perf_counter()
    step()
    first = time.perf_counter() - begin
    step()
    step()
    times, begin = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < seconds:
        at = time.perf_counter()
        step()
        times.append(time.perf_counter() - at)
    return first, times


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--baselines', required=True, help='folder of peer_models.py')
    parser.add_argument('--model', default='yolo11n')
    parser.add_argument('--mode', choices=('train', 'infer', 'jit'), default='train')
    parser.add_argument('--layout', choices=('nchw', 'nhwc'), default='nchw')
    parser.add_argument('--batch', type=int, default=4)
    parser.add_argument('--size', type=int, default=640)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--seconds', type=float, default=8)
    args = parser.parse_args()
    warnings.filterwarnings('ignore')
    sys.path.insert(0, args.baselines)
    import torch
    import peer_models
    logging.disable(logging.ERROR)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    layout = torch.channels_last if args.layout == 'nhwc' else torch.contiguous_format
    model, kind = peer_models.build(args.model)
    x = torch.rand(args.batch, 3, args.size, args.size).contiguous(memory_format=layout)
    if args.mode == 'train':
        targets = peer_models.yolo_targets(kind, args.batch, args.size)
        step = training_step(torch, model.to(memory_format=layout), x, targets)
    else:
        step = inference_step(torch, model, x, layout, args.mode == 'jit')
    first, times = timed(step, args.seconds)
    print(json.dumps(dict(
        img_s_all_med=args.batch / statistics.median(times), img_s_best=args.batch / min(times),
        first_step_s=first, steps=len(times), mode=args.mode, layout=args.layout,
        peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)))


if __name__ == '__main__':
    main()

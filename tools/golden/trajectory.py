#!/usr/bin/python3
"""How PyTorch's loss moves over 100 steps of real training, from weights and batches by formula.

    PYTHONPATH=TIMM python3 tools/golden/trajectory.py resnet18 efficientnet_b0 vit_tiny_patch16_224
                                                   -> tests/golden/trajectory/MODEL.json

Every formula is repeated in the file itself, in "about".
"""
import argparse
import copy
import json
import math
import os
import sys
import warnings

import numpy as np
import timm
import torch
import torch.nn.functional as F

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tests', 'golden',
                   'trajectory')
STEPS, WARMUP, CLASSES, SMOOTHING, DECAY = 100, 10, 10, 0.1, 0.99
SGD = dict(optimizer='sgd', learning_rate=3e-4, momentum=0.9, nesterov=True, weight_decay=5e-4)
ADAMW = dict(optimizer='adamw', learning_rate=5e-4, betas=[0.9, 0.999], eps=1e-8,
             weight_decay=0.05)
# From these weights resnet18 is chaotic at larger rates and smaller batches: at 0.01 and 8 images
# of 64 pixels PyTorch's own float run is 15 % off its double run after 20 steps.
RUNS = {'resnet18': dict(batch=16, size=96, **SGD),
        'efficientnet_b0': dict(batch=8, size=64, **ADAMW),
        'vit_tiny_patch16_224': dict(batch=4, size=224, **ADAMW)}
ABOUT = [
    'U(i,t,s), the weights (seed s = 1, t = position among the parameters) and the input x with '
    'seed s are those of tests/golden/README.md.  No drop-out, no drop path.',
    'Step s = 1..100 uses the input with seed s and the class (b*37+11+s*5) % 10 of image b.  '
    'losses[s-1] is its mean cross entropy with label smoothing 0.1, before its update.',
    'Rate of step s, with i = s-1 and peak R: i < 10: R*(i+1)/10, else '
    'R*(1+cos(pi*(i-10)/90))/2.',
    'No weight decay on parameters of one dimension, biases, pos_embed and cls_token.',
    'Average: starts as a copy of weights and batch-norm statistics; after update n = 0..99 '
    'a = d*a + (1-d)*w with d = min(0.99, (1+n)/(10+n)).',
    'eval_loss and average_eval_loss: mean cross entropy without smoothing, evaluation mode, on '
    'the batch s = 101 after all steps, with the last weights and with the average.',
    'f32 and f64: the whole run in that precision.  worst_of_20 is the largest relative distance '
    'of the two losses in the first 20 steps, mean_of_100 that of the means of all losses.',
]


def uniform(index, t, s):
    with np.errstate(over='ignore'):
        h = index.astype(np.uint32) * np.uint32(2654435761)
        h += np.uint32(((t + 1) * 0x9E3779B9 + s * 0x85EBCA6B) & 0xffffffff)
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
    return (h >> np.uint32(8)).astype(np.float64) / 8388608.0 - 1.0


def fill(model):
    for t, (name, p) in enumerate(model.named_parameters()):
        u = uniform(np.arange(p.numel()), t, 1)
        if name.endswith('weight') and p.dim() >= 2:
            u *= math.sqrt(6.0 / (p.numel() // p.shape[0]))
        elif name.endswith('weight'):
            u = 1 + 0.1 * u
        elif name.endswith('bias'):
            u *= 0.1
        else:
            u *= 0.02
        with torch.no_grad():
            p.copy_(torch.from_numpy(u.astype(np.float32)).view(p.shape))


def batch_of(step, batch, size):
    """-> (input, classes) of step STEP."""
    b, c = np.arange(batch)[:, None, None, None], np.arange(3)[None, :, None, None]
    y, x = np.arange(size)[None, None, :, None], np.arange(size)[None, None, None, :]
    cells, plane = -(-size // 8), b * 3 + c
    image = 0.75 * uniform((plane * cells + y // 8) * cells + x // 8, 900001, step)
    image = image + 0.25 * uniform((plane * size + y) * size + x, 900002, step)
    classes = [(i * 37 + 11 + step * 5) % CLASSES for i in range(batch)]
    return torch.from_numpy(image.astype(np.float32)), torch.tensor(classes)


def rate_of(step, peak):
    i = step - 1
    if i < WARMUP:
        return peak * (i + 1) / WARMUP
    return peak * (1 + math.cos(math.pi * (i - WARMUP) / (STEPS - WARMUP))) / 2


def is_spared(name, p):
    return p.dim() <= 1 or name.endswith('bias') or name in ('pos_embed', 'cls_token')


def make_optimizer(model, options):
    named = list(model.named_parameters())
    groups = [dict(params=[p for n, p in named if not is_spared(n, p)],
                   weight_decay=options['weight_decay']),
              dict(params=[p for n, p in named if is_spared(n, p)], weight_decay=0.0)]
    rate = options['learning_rate']
    if options['optimizer'] == 'sgd':
        return torch.optim.SGD(groups, rate, momentum=options['momentum'], nesterov=True)
    return torch.optim.AdamW(groups, rate, betas=tuple(options['betas']), eps=options['eps'])


def average_in(average, model, updates):
    decay = min(DECAY, (1 + updates) / (10 + updates))
    state = model.state_dict()
    for name, value in average.state_dict().items():
        if value.is_floating_point():
            value.mul_(decay).add_(state[name], alpha=1 - decay)


def evaluate(model, options, dtype):
    model.eval()
    image, classes = batch_of(STEPS + 1, options['batch'], options['size'])
    with torch.no_grad():
        return F.cross_entropy(model(image.to(dtype)), classes).item()


def norms(model):
    return [float('%.7g' % p.detach().double().norm().item()) for p in model.parameters()]


def run(name, options, dtype):
    model = timm.create_model(name, num_classes=CLASSES, drop_rate=0.0, drop_path_rate=0.0)
    fill(model)
    model = model.to(dtype)
    average = copy.deepcopy(model)
    optimizer = make_optimizer(model, options)
    losses = []
    for step in range(1, STEPS + 1):
        model.train()
        image, classes = batch_of(step, options['batch'], options['size'])
        for group in optimizer.param_groups:
            group['lr'] = rate_of(step, options['learning_rate'])
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(image.to(dtype)), classes, label_smoothing=SMOOTHING)
        loss.backward()
        optimizer.step()
        average_in(average, model, step - 1)
        losses.append(float('%.9g' % loss.item()))
        if step % 10 == 0:
            print(name, dtype, step, losses[-1], file=sys.stderr, flush=True)
    return dict(losses=losses, eval_loss=evaluate(model, options, dtype),
                average_eval_loss=evaluate(average, options, dtype),
                weight_l2=norms(model), average_weight_l2=norms(average))


def distance(f32, f64):
    pairs = list(zip(f32['losses'], f64['losses']))
    mean = lambda k: sum(pair[k] for pair in pairs) / STEPS
    return dict(worst_of_20=max(abs(a - b) / b for a, b in pairs[:20]),
                worst_of_100=max(abs(a - b) / b for a, b in pairs),
                mean_of_100=abs(mean(0) - mean(1)) / mean(1),
                average_eval_loss=abs(f32['average_eval_loss'] / f64['average_eval_loss'] - 1))


def text_of(document):
    line = lambda value: json.dumps(value, separators=(',', ':'))
    parts = []
    for key, value in document.items():
        if key == 'about':
            parts.append('"about":[\n' + ',\n'.join(line(v) for v in value) + '\n]')
        elif isinstance(value, dict) and 'losses' in value:
            inner = ',\n'.join(f'"{k}":{line(v)}' for k, v in value.items())
            parts.append(f'"{key}":{{{inner}}}')
        else:
            parts.append(f'"{key}":{line(value)}')
    return '{' + ',\n'.join(parts) + '}\n'


def main():
    warnings.filterwarnings('ignore')
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('models', nargs='+', choices=sorted(RUNS))
    parser.add_argument('--no-f64', action='store_true')
    parser.add_argument('--threads', type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    os.makedirs(OUT, exist_ok=True)
    for name in args.models:
        options = RUNS[name]
        model = timm.create_model(name, num_classes=CLASSES)
        document = dict(about=ABOUT, model=name, torch=torch.__version__, seed=1, classes=CLASSES,
                        steps=STEPS, warmup_steps=WARMUP, label_smoothing=SMOOTHING,
                        average_decay=DECAY, **options,
                        params=[n for n, _ in model.named_parameters()])
        document['f32'] = run(name, options, torch.float32)
        if not args.no_f64:
            document['f64'] = run(name, options, torch.float64)
            document['f32_to_f64'] = distance(document['f32'], document['f64'])
            print(name, document['f32_to_f64'])
        with open(os.path.join(OUT, name + '.json'), 'w') as file:
            file.write(text_of(document))


if __name__ == '__main__':
    main()

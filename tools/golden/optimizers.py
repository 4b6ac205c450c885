#!/usr/bin/python3
"""PyTorch's and timm's numbers for optimizers, schedules, weight average, loss and clipping.

    PYTHONPATH=TIMM python3 tools/golden/optimizers.py      -> tests/golden/optimizers.json

Everything is computed in double precision from the formulas that the file itself repeats in
"about", so that a test in another language can make the same inputs.
"""
import json
import math
import os
import warnings

import torch
import torch.nn.functional as F
from torch.optim import lr_scheduler
from timm.data.mixup import mixup_target
from timm.loss import SoftTargetCrossEntropy
from timm.scheduler import CosineLRScheduler

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tests', 'golden',
                   'optimizers.json')
COUNT, STEPS, KEPT = 24, 10, (1, 2, 10)
RATE, EPOCHS, PER_EPOCH = 0.02, 5, 7
TOTAL = EPOCHS * PER_EPOCH
BATCH, CLASSES = 5, 7

ABOUT = [
    'Integers are exact, % is the remainder of non-negative numbers, / is real division.',
    'optimizers: 24 weights w[i] = ((i*7+3)%16-8)/8 + 1/32 at the start.  At step s = 1..10 the '
    'gradient is g[i] = ((i*5+s*3)%11-5)/8 + w[i]/2 with w as before that step.  clip, where not '
    '0, is the global norm to which all 24 gradients together are clipped before the update.  '
    '"weights" holds w after steps 1, 2 and 10.  kind, learning_rate and so on are PyTorch\'s: '
    'sgd SGD, adam Adam (decay is part of the gradient), adamw AdamW, rmsprop RMSprop.',
    'schedules: 5 epochs of 7 steps; rates[i] is the learning rate used by step i, from 0.  '
    'step and exponential change at the begin of an epoch.  cosine runs over all steps, or over '
    'T_max epochs after which it stays at eta_min.  warm_restarts has periods of T_0, T_0*T_mult, '
    '... epochs and moves with every step.  warmup_steps = w > 0: step i < w has rate*(i+1)/w; '
    'cosine and warm_restarts then count the steps after the warm-up (cosine over what is left), '
    'step and exponential still count epochs from the start of training.',
    'plateau: rates[e] is the rate of epoch e; metrics[e] is known at its end.  threshold is '
    'relative, cooldown 0, eta_min the lowest rate.',
    'average: w(k)[i] = ((i*7+k*3)%16-8)/8, i = 0..7.  The average starts as w(0); update n = 0, '
    '1, ... mixes in w(n+1): a = d*a + (1-d)*w with d = min(decay, (1+n)/(10+n)).  "values" are '
    'after 1, 2 and 10 updates.',
    'cross_entropy: logits x[b][c] = ((b*31+c*17)%23-11)/4, b = 0..4, c = 0..6; the class of b is '
    '(b*3+1)%7.  Mean over the batch; gradient is that of the loss by x, row after row.  '
    'mixup = m: the target is m times that of b and 1-m times that of image 4-b, each smoothed.',
    'clip: tensors a[i] = (i*7%13-6)/4, i = 0..14 and b[i] = (i*5%9-4)/2, i = 0..5; norm is over '
    'both, "clipped" holds a then b after clip_grad_norm_(max_norm).',
]


def start():
    return torch.tensor([((i * 7 + 3) % 16 - 8) / 8 + 1 / 32 for i in range(COUNT)],
                        dtype=torch.float64)


def drift(step):
    return torch.tensor([((i * 5 + step * 3) % 11 - 5) / 8 for i in range(COUNT)],
                        dtype=torch.float64)


def optimizer_row(kind, make, clip=0.0, **options):
    weight = torch.nn.Parameter(start())
    optimizer = make([weight], **options)
    kept = []
    for step in range(1, STEPS + 1):
        weight.grad = drift(step) + weight.detach() / 2
        if clip:
            torch.nn.utils.clip_grad_norm_([weight], clip)
        optimizer.step()
        if step in KEPT:
            kept.append(weight.tolist())
    options['learning_rate'] = options.pop('lr')
    return dict(kind=kind, clip=clip, **options, weights=kept)


def optimizers():
    optim = torch.optim
    sgd = dict(lr=0.05, weight_decay=0.01)
    adam = dict(lr=0.01, betas=(0.9, 0.999), eps=1e-8)
    rmsprop = dict(lr=0.01, alpha=0.99, eps=1e-8, weight_decay=0.1)
    return [
        optimizer_row('sgd', optim.SGD, momentum=0.9, nesterov=True, **sgd),
        optimizer_row('sgd', optim.SGD, momentum=0.9, nesterov=False, **sgd),
        optimizer_row('sgd', optim.SGD, momentum=0.0, nesterov=False, **sgd),
        optimizer_row('sgd', optim.SGD, momentum=0.9, nesterov=True, clip=0.5, **sgd),
        optimizer_row('adam', optim.Adam, weight_decay=0.0, **adam),
        optimizer_row('adam', optim.Adam, weight_decay=0.1, **adam),
        optimizer_row('adamw', optim.AdamW, weight_decay=0.0, **adam),
        optimizer_row('adamw', optim.AdamW, weight_decay=0.5, **adam),
        optimizer_row('adamw', optim.AdamW, lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.05,
                      clip=0.5),
        optimizer_row('rmsprop', optim.RMSprop, momentum=0.0, **rmsprop),
        optimizer_row('rmsprop', optim.RMSprop, momentum=0.9, **rmsprop),
    ]


def sgd_at(rate):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], rate)


def rates_of(make, each):
    """Rates of all steps; EACH(scheduler, step) is called after every step."""
    optimizer = sgd_at(RATE)
    scheduler = make(optimizer)
    rates = []
    for step in range(TOTAL):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        each(scheduler, step + 1)
    return rates


def each_epoch(scheduler, step):
    if step % PER_EPOCH == 0:
        scheduler.step()


def each_step(scheduler, step):
    scheduler.step()


def warmed_cosine(warmup, eta_min):
    """PyTorch's linear warm-up followed by its cosine over the steps that are left."""
    def make(optimizer):
        linear = lr_scheduler.LinearLR(optimizer, 1 / warmup, 1.0, warmup - 1)
        cosine = lr_scheduler.CosineAnnealingLR(optimizer, TOTAL - warmup, eta_min)
        return lr_scheduler.SequentialLR(optimizer, [linear, cosine], [warmup])
    return rates_of(make, each_step)


def with_warmup(rates, warmup, shift):
    """A warm-up in front of RATES, which start over behind it if SHIFT."""
    after = rates[:TOTAL - warmup] if shift else rates[warmup:]
    return [RATE * (i + 1) / warmup for i in range(warmup)] + after


def schedules():
    step = rates_of(lambda o: lr_scheduler.StepLR(o, 2, 0.3), each_epoch)
    exponential = rates_of(lambda o: lr_scheduler.ExponentialLR(o, 0.7), each_epoch)
    cosine = rates_of(lambda o: lr_scheduler.CosineAnnealingLR(o, TOTAL, 1e-5), each_step)
    short = rates_of(lambda o: CosineLRScheduler(o, t_initial=3 * PER_EPOCH, lr_min=1e-5,
                                                 cycle_limit=1, t_in_epochs=False),
                     lambda s, step: s.step_update(step))
    restarts = rates_of(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 1, 2, 1e-5),
                        lambda s, step: s.step(step / PER_EPOCH))
    equal = rates_of(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 2, 1, 0.0),
                     lambda s, step: s.step(step / PER_EPOCH))
    row = lambda kind, rates, **options: dict(kind=kind, learning_rate=RATE, **options, rates=rates)
    return [
        row('none', [RATE] * TOTAL, warmup_steps=0),
        row('step', step, warmup_steps=0, step_size=2, gamma=0.3),
        row('step', with_warmup(step, 3, False), warmup_steps=3, step_size=2, gamma=0.3),
        row('exponential', exponential, warmup_steps=0, gamma=0.7),
        row('cosine', cosine, warmup_steps=0, T_max=0, eta_min=1e-5),
        row('cosine', short, warmup_steps=0, T_max=3, eta_min=1e-5),
        row('cosine', warmed_cosine(3, 1e-5), warmup_steps=3, T_max=0, eta_min=1e-5),
        row('warm_restarts', restarts, warmup_steps=0, T_0=1, T_mult=2, eta_min=1e-5),
        row('warm_restarts', equal, warmup_steps=0, T_0=2, T_mult=1, eta_min=0.0),
        row('warm_restarts', with_warmup(restarts, 3, True), warmup_steps=3, T_0=1, T_mult=2,
            eta_min=1e-5),
    ]


def plateau_row(mode, metrics, **options):
    optimizer = sgd_at(RATE)
    scheduler = lr_scheduler.ReduceLROnPlateau(
        optimizer, mode, options['factor'], options['patience'], options['threshold'],
        min_lr=options['eta_min'])
    rates = []
    for metric in metrics:
        rates.append(optimizer.param_groups[0]['lr'])
        scheduler.step(metric)
    return dict(mode=mode, learning_rate=RATE, **options, metrics=metrics, rates=rates)


def plateaus():
    losses = [2.0, 1.5, 1.5, 1.4999, 1.51, 1.2, 1.3, 1.3, 1.25, 1.1999, 1.3, 1.3, 1.3, 1.3, 1.3]
    accuracies = [0.1, 0.3, 0.3, 0.29, 0.31, 0.31, 0.31, 0.4, 0.4, 0.4, 0.4, 0.4]
    return [plateau_row('min', losses, factor=0.5, patience=1, threshold=1e-4, eta_min=1e-3),
            plateau_row('max', accuracies, factor=0.1, patience=0, threshold=1e-4, eta_min=0.0),
            plateau_row('max', accuracies, factor=0.3, patience=2, threshold=0.05, eta_min=1e-4)]


def averages():
    at = lambda k: [((i * 7 + k * 3) % 16 - 8) / 8 for i in range(8)]
    rows = []
    for decay in (0.99, 0.4):
        average, kept = at(0), []
        for n in range(10):
            d = min(decay, (1 + n) / (10 + n))
            average = [d * a + (1 - d) * w for a, w in zip(average, at(n + 1))]
            if n + 1 in KEPT:
                kept.append(average)
        rows.append(dict(decay=decay, values=kept))
    return rows


def logits():
    return torch.tensor([[((b * 31 + c * 17) % 23 - 11) / 4 for c in range(CLASSES)]
                         for b in range(BATCH)], dtype=torch.float64, requires_grad=True)


def cross_entropy_row(smoothing, mixup):
    x, target = logits(), torch.tensor([(b * 3 + 1) % CLASSES for b in range(BATCH)])
    if mixup == 1:
        loss = F.cross_entropy(x, target, label_smoothing=smoothing)
    else:
        soft = mixup_target(target, CLASSES, 1.0, smoothing).double() * mixup
        soft = soft + mixup_target(target.flip(0), CLASSES, 1.0, smoothing).double() * (1 - mixup)
        loss = SoftTargetCrossEntropy()(x, soft)
    loss.backward()
    return dict(smoothing=smoothing, mixup=mixup, loss=loss.item(),
                gradient=x.grad.flatten().tolist())


def clip_row(max_norm):
    a = torch.nn.Parameter(torch.zeros(15, dtype=torch.float64))
    b = torch.nn.Parameter(torch.zeros(6, dtype=torch.float64))
    a.grad = torch.tensor([(i * 7 % 13 - 6) / 4 for i in range(15)], dtype=torch.float64)
    b.grad = torch.tensor([(i * 5 % 9 - 4) / 2 for i in range(6)], dtype=torch.float64)
    norm = torch.nn.utils.clip_grad_norm_([a, b], max_norm).item()
    return dict(max_norm=max_norm, norm=norm, clipped=a.grad.tolist() + b.grad.tolist())


def rounded(value):
    if isinstance(value, float):
        return float('%.12g' % value)
    if isinstance(value, (list, tuple)):
        return [rounded(v) for v in value]
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return value


def main():
    warnings.filterwarnings('ignore')
    sections = dict(
        about=ABOUT, optimizers=optimizers(), schedules=schedules(), plateau=plateaus(),
        average=averages(),
        cross_entropy=[cross_entropy_row(s, m) for s in (0.0, 0.1) for m in (1, 0.7)],
        clip=[clip_row(m) for m in (1.0, 100.0)])
    parts = ['"torch":"%s"' % torch.__version__]
    for name, rows in sections.items():
        lines = ',\n'.join(json.dumps(rounded(row), separators=(',', ':')) for row in rows)
        parts.append(f'"{name}":[\n{lines}\n]')
    with open(OUT, 'w') as file:
        file.write('{' + ',\n'.join(parts) + '}\n')


if __name__ == '__main__':
    main()

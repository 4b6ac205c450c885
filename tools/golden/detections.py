#!/usr/bin/python3
"""What Ultralytics' networks answer in evaluation mode -> tests/golden/answers/MODEL.json.

    PYTHONPATH=ULTRALYTICS python3 tools/golden/detections.py

Weights and images are filled by the formulas of tests/golden/README.md (seed 1, two images of 128
pixels).  One pass in training mode moves the running statistics, then the network answers in
evaluation mode, in double: per output its shape, l2 and values at a stride, row-major.
"""
import json
import math
import os
import re

import numpy
import torch
from ultralytics.nn.tasks import DetectionModel, PoseModel, SegmentationModel

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tests', 'golden',
                   'answers')
KINDS = {'': (DetectionModel, 80), 'seg': (SegmentationModel, 80), 'pose': (PoseModel, 1)}
SEED, BATCH, SIZE, MOST_VALUES = 1, 2, 128, 1500


def uniform(index, t):
    with numpy.errstate(over='ignore'):
        start = ((t + 1) * 0x9E3779B9 + SEED * 0x85EBCA6B) & 0xffffffff
        h = index.astype(numpy.uint32) * numpy.uint32(2654435761) + numpy.uint32(start)
        h ^= h >> numpy.uint32(16)
        h *= numpy.uint32(0x85EBCA6B)
        h ^= h >> numpy.uint32(13)
        h *= numpy.uint32(0xC2B2AE35)
        h ^= h >> numpy.uint32(16)
    return (h >> numpy.uint32(8)).astype(numpy.float64) / 8388608.0 - 1.0


def bias_centre(name):
    return 1.0 if re.search(r'cv2\.\d\.2\.bias$', name) else \
        -4.0 if re.search(r'cv3\.\d\.2\.bias$', name) else 0.0


def fill(model):
    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    for t, (name, parameter) in enumerate(trained):
        u = uniform(numpy.arange(parameter.numel()), t)
        if name.endswith('bias'):
            value = bias_centre(name) + 0.1 * u
        elif parameter.dim() < 2:
            value = 1 + 0.1 * u
        else:
            value = u * math.sqrt(6.0 / (parameter.numel() // parameter.shape[0]))
        with torch.no_grad():
            value = torch.from_numpy(value.astype(numpy.float32)).view(parameter.shape)
            parameter.copy_(value)


def images():
    plane, y, x = numpy.meshgrid(numpy.arange(BATCH * 3), numpy.arange(SIZE), numpy.arange(SIZE),
                                 indexing='ij')
    coarse = -(-SIZE // 8)
    value = 0.75 * uniform((plane * coarse + y // 8) * coarse + x // 8, 900001) + \
        0.25 * uniform((plane * SIZE + y) * SIZE + x, 900002)
    value = (0.5 + 0.5 * value).astype(numpy.float32)
    return torch.from_numpy(value.reshape(BATCH, 3, SIZE, SIZE)).double()


def described(tensor):
    values = tensor.double().contiguous().flatten()
    stride = max(1, values.numel() // MOST_VALUES)
    return dict(shape=list(tensor.shape), l2=float('%.9g' % values.norm()), stride=stride,
                strided=[float('%.9g' % v) for v in values[::stride][:MOST_VALUES].tolist()])


def main():
    os.makedirs(OUT, exist_ok=True)
    for name in ('yolo11n', 'yolo11n-seg', 'yolo11n-pose'):
        kind, classes = KINDS[name.partition('-')[2]]
        model = kind(name + '.yaml', ch=3, nc=classes, verbose=False)
        fill(model)
        model = model.double().train()
        with torch.no_grad():
            model(images())
            answers = model.eval()(images())
        outputs = [answers[0]]
        if name.endswith('-seg'):
            outputs.append(answers[1][2])
        text = json.dumps(dict(model=name, seed=SEED, batch=BATCH, size=SIZE, classes=classes,
                               outputs=[described(o) for o in outputs]), separators=(',', ':'))
        with open(os.path.join(OUT, name + '.json'), 'w') as file:
            file.write(text.replace('"outputs"', '\n"outputs"') + '\n')
        print(name, [list(o.shape) for o in outputs])


if __name__ == '__main__':
    main()

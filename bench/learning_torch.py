#!/usr/bin/python3
"""PyTorch's side of the learning comparison: resnet18 from scratch on two small folders of photos.

    PYTHONPATH=TIMM GLIBC_TUNABLES=... python3 bench/learning_torch.py \\
        --data DOGS_CATS:128 --data CIFAR10_4K:64 --out bench/results/learning_torch.json

The recipe, which the product follows with the same figures:

    model            timm's resnet18, its own initialisation, no pretrained weights
    epochs, batch    20, 32; the last incomplete batch of an epoch is dropped
    optimizer        AdamW, betas 0.9 / 0.999, eps 1e-8, weight decay 0.05 but none on parameters
                     of one dimension (norms) and biases
    learning rate    peak 1e-3.  With W = steps of one epoch and N = all steps, step i (from 0) has
                     i < W:  1e-3 * (i + 1) / W
                     else    1e-6 + (1e-3 - 1e-6) * (1 + cos(pi * (i - W) / (N - W))) / 2
    training images  random resized crop (area 0.35 .. 1 of the photo, ratio 3/4 .. 4/3 drawn
                     log-uniformly, ten tries), bilinear with antialias; horizontal flip with
                     probability 0.5
    validation       resized to exactly S x S, bilinear with antialias, the aspect is not kept
    normalisation    mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225 of values in 0 .. 1
    loss             cross entropy, no smoothing; no weight average, no clipping, no mixup
    seeds            1, 2, 3: each drives initialisation, order and augmentation

A run that the output file already holds complete is not repeated, so that an interrupted series
goes on where it stopped.  Only the name of a data folder is stored, never its place.
"""
import argparse
import json
import math
import os
import random
import sys
import time

import numpy as np
import timm
import torch
import torch.nn.functional as F
from PIL import Image

EPOCHS, BATCH = 20, 32
PEAK_RATE, LAST_RATE, WEIGHT_DECAY = 1e-3, 1e-6, 0.05
CROP_AREA, CROP_RATIO, CROP_TRIES = (0.35, 1.0), (3 / 4, 4 / 3), 10
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
RECIPE = dict(model='resnet18', epochs=EPOCHS, batch_size=BATCH, drop_last=True, optimizer='adamw',
              learning_rate=PEAK_RATE, eta_min=LAST_RATE, weight_decay=WEIGHT_DECAY,
              scheduler='cosine per step', warmup_epochs=1, crop_area=CROP_AREA,
              crop_ratio=CROP_RATIO, flip=0.5, validation='resize to SxS')


def load_folder(folder):
    """All photos of FOLDER/CLASS/*, decoded, with the index of their class in sorted order."""
    images, labels = [], []
    for label, name in enumerate(sorted(os.listdir(folder))):
        for file in sorted(os.listdir(os.path.join(folder, name))):
            with Image.open(os.path.join(folder, name, file)) as image:
                images.append(image.convert('RGB'))
            labels.append(label)
    return images, labels


def random_crop(image, rng):
    """The rectangle (left, top, right, bottom) that torchvision's RandomResizedCrop would draw."""
    width, height = image.size
    for _ in range(CROP_TRIES):
        area = width * height * rng.uniform(*CROP_AREA)
        ratio = math.exp(rng.uniform(math.log(CROP_RATIO[0]), math.log(CROP_RATIO[1])))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            left, top = rng.randint(0, width - w), rng.randint(0, height - h)
            return left, top, left + w, top + h
    w, h = width, height
    if width / height < CROP_RATIO[0]:
        h = round(width / CROP_RATIO[0])
    elif width / height > CROP_RATIO[1]:
        w = round(height * CROP_RATIO[1])
    left, top = (width - w) // 2, (height - h) // 2
    return left, top, left + w, top + h


def training_image(image, size, rng):
    image = image.crop(random_crop(image, rng)).resize((size, size), Image.BILINEAR)
    return image.transpose(Image.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image


def to_batch(images):
    pixels = np.stack([np.asarray(image) for image in images]).astype(np.float32) / 255
    batch = torch.from_numpy((pixels - MEAN) / DEVIATION).permute(0, 3, 1, 2)
    return batch.contiguous(memory_format=torch.channels_last)


def rate_of(step, warmup, total):
    if step < warmup:
        return PEAK_RATE * (step + 1) / warmup
    progress = (step - warmup) / (total - warmup)
    return LAST_RATE + (PEAK_RATE - LAST_RATE) * (1 + math.cos(math.pi * progress)) / 2


def make_optimizer(model):
    decayed = [p for n, p in model.named_parameters() if p.dim() > 1 and not n.endswith('bias')]
    spared = [p for n, p in model.named_parameters() if p.dim() <= 1 or n.endswith('bias')]
    groups = [dict(params=decayed, weight_decay=WEIGHT_DECAY), dict(params=spared, weight_decay=0)]
    return torch.optim.AdamW(groups, PEAK_RATE)


def validate(model, batches, labels):
    """-> (mean loss, accuracy) over all images."""
    model.eval()
    loss, right, done = 0.0, 0, 0
    with torch.no_grad():
        for batch in batches:
            truth = torch.tensor(labels[done:done + len(batch)])
            output = model(batch)
            loss += F.cross_entropy(output, truth, reduction='sum').item()
            right += (output.argmax(1) == truth).sum().item()
            done += len(batch)
    return loss / done, right / done


def train_epoch(model, optimizer, data, size, epoch, rng):
    """-> mean loss of the epoch's batches, each taken before its update."""
    images, labels = data
    order = list(range(len(images)))
    rng.shuffle(order)
    steps = len(order) // BATCH
    model.train()
    total = 0.0
    for step in range(steps):
        chosen = order[step * BATCH:(step + 1) * BATCH]
        batch = to_batch([training_image(images[i], size, rng) for i in chosen])
        rate = rate_of(epoch * steps + step, steps, EPOCHS * steps)
        for group in optimizer.param_groups:
            group['lr'] = rate
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(batch), torch.tensor([labels[i] for i in chosen]))
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / steps


def run(result, train, val, size, save):
    seed = result['seed']
    torch.manual_seed(seed)
    rng = random.Random(seed)
    model = timm.create_model('resnet18', num_classes=len(set(train[1])))
    model = model.to(memory_format=torch.channels_last)
    optimizer = make_optimizer(model)
    resized = [image.resize((size, size), Image.BILINEAR) for image in val[0]]
    batches = [to_batch(resized[i:i + 100]) for i in range(0, len(resized), 100)]
    begin = time.time()
    for epoch in range(EPOCHS):
        train_loss = train_epoch(model, optimizer, train, size, epoch, rng)
        val_loss, accuracy = validate(model, batches, val[1])
        result['epochs'].append(dict(train_loss=round(train_loss, 5), val_loss=round(val_loss, 5),
                                     val_accuracy=round(accuracy, 5)))
        result['seconds'] = round(time.time() - begin, 1)
        print(result['data'], 'seed', seed, 'epoch', epoch + 1, result['epochs'][-1],
              f"{result['seconds']} s", flush=True)
        save()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--data', action='append', required=True, metavar='FOLDER:SIZE')
    parser.add_argument('--seeds', default='1,2,3')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--out', required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    document = dict(recipe=RECIPE, torch=torch.__version__, timm=timm.__version__, runs=[])
    if os.path.exists(args.out):
        with open(args.out) as file:
            document['runs'] = [r for r in json.load(file)['runs'] if len(r['epochs']) == EPOCHS]

    def save():
        with open(args.out + '.new', 'w') as file:
            json.dump(document, file, indent=1)
            file.write('\n')
        os.replace(args.out + '.new', args.out)

    for seed in map(int, args.seeds.split(',')):
        for entry in args.data:
            folder, _, size = entry.rpartition(':')
            name, size = os.path.basename(os.path.normpath(folder)), int(size)
            if any(r['data'] == name and r['seed'] == seed for r in document['runs']):
                continue
            result = dict(data=name, image_size=size, seed=seed, seconds=0, epochs=[])
            document['runs'].append(result)
            run(result, load_folder(os.path.join(folder, 'train')),
                load_folder(os.path.join(folder, 'val')), size, save)
    return 0


if __name__ == '__main__':
    sys.exit(main())

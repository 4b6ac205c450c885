#!/usr/bin/python3
"""What detectors learn from scratch, beside Ultralytics' own trainer.

    python3 bench/detectors.py --fovea build/release/bin/fovea-engine --data SHARED_DATA \\
        --runs RUNS bccd:1 bccd:2 raccoon:1 nuclei mirror_mouse seg-coco8
    python3 bench/detectors.py --peer ULTRALYTICS ... bccd:1        # the other side, same recipe

results/detectors_learning.json gets each run's scores, results/detectors_learning.md the table.
NAME:SEED names a run; its folder below RUNS is kept, and a run that was interrupted goes on where
it stopped.  Both sides answer with what they find above a confidence of 0.001 (NMS at 0.7, at most
300 boxes an image), and `fovea score` judges both.  The peer's side needs its packages; ours needs
the standard library, and numpy to count nuclei.
"""
import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import time

RESULTS = os.path.join(os.path.dirname(__file__), 'results', 'detectors_learning.json')
TABLE = os.path.join(os.path.dirname(__file__), 'results', 'detectors_learning.md')
ANSWER = '--conf 0.001 --iou 0.7 --max_detections 300'.split()

# The usual recipe of both sides, so many epochs at so many pixels, so many images a batch.
RECIPE = dict(epochs=100, imgsz=320, batch=16, options='--preset standard')
RUNS = {
    'bccd': dict(model='yolo11n', data='detection/bccd', judge='boxes', **RECIPE),
    'raccoon': dict(model='yolo11n', data='detection/raccoon', judge='boxes', **RECIPE),
    'bccd_small_data': dict(model='yolo11n', data='detection/bccd', judge='boxes', epochs=200,
                            imgsz=320, batch=16, options='--preset small_data'),
    # Most of them are less than 20 pixels wide: images are doubled, and what is learned are the exact
    # masks: outlines through the centres of pixels lose one pixel of six.
    'nuclei': dict(model='yolo11n-seg', data='instance_seg/nuclei', judge='nuclei', epochs=150,
                   imgsz=640, batch=8, exact=True,
                   options='--preset small_data --nbs 8 --flipud 0.5'),
    # The animal is seen twice, through a mirror: images must not be flipped.  50 frames of one
    # video, always the same place: a mosaic shows what never comes.
    'mirror_mouse': dict(model='yolo11n-pose', data='pose/mirror_mouse', judge='mouse', epochs=1000,
                         imgsz=320, batch=8, options='--nbs 8 --mosaic 0 --fliplr 0 --scale 0.2 '
                         '--degrees 5 --hsv_s 0 --hsv_h 0 --pose 24 '
                         '--validation.val_interval 20'),
    # Four images by heart: nothing is to change them.
    'seg-coco8': dict(model='yolo11n-seg', data='instance_seg/coco8_seg_origin', judge='masks',
                      epochs=300, imgsz=640, batch=4, split='train',
                      options='--nbs 4 --optimizer_type adamw --lr0 0.002 --warmup_epochs 0 '
                      '--mosaic 0 --fliplr 0 --scale 0 --translate 0 --hsv_h 0 --hsv_s 0 --hsv_v 0 '
                      '--validation.val_interval 50'),
}


def truth_of(args, run, out):
    """The COCO file of the split that is judged, and the folder of its images; converted once where
    the set has none."""
    split = run.get('split', 'val')
    for kind in ('instances', 'person_keypoints'):
        path = os.path.join(args.data, run['data'], 'annotations', f'{kind}_{split}.json')
        if os.path.exists(path):
            return path, os.path.join(args.data, run['data'], 'images', split)
    folder = os.path.join(out, 'truth')
    if not os.path.isdir(folder):
        subprocess.run([args.fovea, 'dataset', 'convert', os.path.join(args.data, run['data']),
                        folder, '--to', 'coco'], check=True, stdout=subprocess.DEVNULL)
    return (os.path.join(folder, 'annotations', f'instances_{split}.json'),
            os.path.join(folder, 'images', split))


# --- our side -------------------------------------------------------------------------------------

def with_exact_masks(source, folder):
    """The same images beside the run-length masks."""
    annotations = os.path.join(folder, 'annotations')
    if not os.path.isdir(annotations):
        shutil.copytree(os.path.join(source, 'images'), os.path.join(folder, 'images'))
        os.makedirs(annotations)
        for split in ('train', 'val'):
            shutil.copyfile(os.path.join(source, 'annotations', f'instances_{split}_rle.json'),
                            os.path.join(annotations, f'instances_{split}.json'))
    return folder


def train_fovea(args, name, seed, out):
    run = RUNS[name]
    data = os.path.join(args.data, run['data'])
    if run.get('exact'):
        data = with_exact_masks(data, os.path.join(out, 'data'))
    command = [args.fovea, 'train', '--model', run['model'], '--data', data, '--out', out,
               '--seed', str(seed), '--quiet', '--threads', str(args.threads)]
    for key in ('epochs', 'imgsz', 'batch'):
        command += [f'--{key}', str(run[key])]
    command += run.get('options', '').split() + args.extra.split()
    if os.path.exists(os.path.join(out, 'checkpoints')):
        command.append('--resume')
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(out, 'results.csv')) as file:
        done = file.readlines()[-1].split(',')[0]
    if done != str(run['epochs']):  # a signal ends a run in peace
        sys.exit(f"{name}: stopped after epoch {done}; the same command goes on")


def predict_fovea(args, out, images, which):
    """Rows of COCO's result format, and each image's answer as the program printed it."""
    command = [args.fovea, 'predict', '--json', '--checkpoint',
               os.path.join(out, 'checkpoints', f'{which}.safetensors')] + ANSWER
    printed = subprocess.run(command + [path for path, _ in images], check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    ids = dict(images)
    rows = []
    for line in printed.splitlines():
        answer = json.loads(line)
        image = ids[answer['image_path']]
        masks = answer.get('predicted_masks', [])
        points = answer.get('predicted_keypoints', [])
        for i, box in enumerate(answer['predicted_boxes']):
            row = dict(image_id=image, category=box['label'], score=box['confidence'],
                       bbox=[box['x1'], box['y1'], box['x2'] - box['x1'], box['y2'] - box['y1']])
            if masks:
                row['segmentation'] = masks[i]['rle']
            if points:
                row['keypoints'] = [v for p in points[i]['keypoints']
                                    for v in (p['x'], p['y'], p['confidence'])]
            rows.append(row)
    return rows


# --- the peer's -----------------------------------------------------------------------------------

PEER = """
import json, sys, ultralytics
from ultralytics import YOLO
import ultralytics.utils as u, ultralytics.utils.torch_utils as t
u.NUM_THREADS = t.NUM_THREADS = {threads}
import torch; torch.set_num_threads({threads})
{train}
net = YOLO({weights!r})
rows = []
for path, image in {images!r}:
    result = net.predict(path, imgsz={imgsz}, conf=0.001, iou=0.7, max_det=300, device='cpu',
                         verbose=False)[0]
    for i, box in enumerate(result.boxes):
        x, y, x2, y2 = box.xyxy[0].tolist()
        row = dict(image_id=image, category=result.names[int(box.cls)], score=float(box.conf),
                   bbox=[x, y, x2 - x, y2 - y])
        if result.keypoints is not None:
            row['keypoints'] = [float(v) for v in result.keypoints.data[i].flatten()]
        rows.append(row)
json.dump(rows, open({answers!r}, 'w'))
"""


def rows_of_peer(args, name, seed, out, images):
    run = RUNS[name]
    weights, answers = os.path.join(out, 'weights', 'best.pt'), os.path.join(out, 'answers.json')
    data = os.path.join(out, 'data.yaml')
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(args.data, run['data'], 'data.yaml')) as file:
        lines = [line for line in file if not line.startswith('path:')]
    with open(data, 'w') as file:
        file.write(f"path: {os.path.join(args.data, run['data'])}\n" + ''.join(lines))
    settings = dict(data=data, epochs=run['epochs'], imgsz=run['imgsz'], batch=run['batch'],
                    pretrained=False, device='cpu', workers=2, seed=seed, plots=False, cos_lr=True,
                    project=os.path.dirname(out), name=os.path.basename(out), exist_ok=True)
    train = '' if os.path.exists(weights) else f"YOLO('{run['model']}.yaml').train(**{settings!r})"
    script = PEER.format(threads=args.threads, train=train, weights=weights, images=images,
                         imgsz=run['imgsz'], answers=answers)
    paths = args.peer + ':' + os.environ.get('PYTHONPATH', '')
    subprocess.run([sys.executable, '-c', script], check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, PYTHONPATH=paths))
    with open(answers) as file:
        return json.load(file)


# --- judging --------------------------------------------------------------------------------------

def score(args, truth_path, rows, out, task):
    with open(truth_path) as file:
        ids = {c['name']: c['id'] for c in json.load(file)['categories']}
    path = os.path.join(out, 'answers_coco.json')
    with open(path, 'w') as file:
        json.dump([dict(row, category_id=ids[row['category']]) for row in rows], file)
    command = [args.fovea, 'score', '--truth', truth_path, '--predictions', path, '--task', task]
    printed = subprocess.run(command + ['--json'], check=True, stdout=subprocess.PIPE, text=True)
    said = json.loads(printed.stdout)
    return {k: v for k, v in said.items() if k.startswith(('mAP', 'precision', 'recall'))}


def judge_boxes(args, truth_path, rows, out):
    return score(args, truth_path, rows, out, 'object_detection')


def judge_masks(args, truth_path, rows, out):
    return score(args, truth_path, rows, out, 'instance_segmentation')


def mean_pose(args, run):
    """Of each point, where it is in the training images on average."""
    folder = os.path.join(args.data, run['data'], 'annotations')
    with open(os.path.join(folder, 'person_keypoints_train.json')) as file:
        rows = [a['keypoints'] for a in json.load(file)['annotations']]
    means = []
    for p in range(len(rows[0]) // 3):
        seen = [(r[3 * p], r[3 * p + 1]) for r in rows if r[3 * p + 2] > 0]
        means.append([sum(x for x, _ in seen) / len(seen), sum(y for _, y in seen) / len(seen)])
    return means


def judge_mouse(args, truth_path, rows, out):
    """Mean distance in pixels over all labelled points; a missed animal counts as the mean pose."""
    means = mean_pose(args, RUNS['mirror_mouse'])
    with open(truth_path) as file:
        annotations = json.load(file)['annotations']
    distances, floor, missed = [], [], 0
    for a in annotations:
        found = max((r for r in rows if r['image_id'] == a['image_id'] and r['score'] >= 0.25),
                    key=lambda r: r['score'], default=None)
        missed += found is None
        for p, mean in enumerate(means):
            x, y, visible = a['keypoints'][3 * p:3 * p + 3]
            if visible:
                at = found['keypoints'][3 * p:3 * p + 2] if found else mean
                distances.append(math.hypot(at[0] - x, at[1] - y))
                floor.append(math.hypot(mean[0] - x, mean[1] - y))
    return dict(mean_pixel_error=sum(distances) / len(distances), missed=missed,
                mean_pose_error=sum(floor) / len(floor),
                median=sorted(distances)[len(distances) // 2])


def decode(rle, numpy):
    """A mask of COCO's run lengths, as bits in column order; counts as numbers or as text."""
    counts = rle['counts']
    if isinstance(counts, str):
        counts = text_counts(counts)
    bits = numpy.zeros(rle['size'][0] * rle['size'][1], bool)
    at = 0
    for i, count in enumerate(counts):
        if i % 2:
            bits[at:at + count] = True
        at += count
    return bits


def text_counts(text):
    counts, at = [], 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            code = ord(text[at]) - 48
            value |= (code & 31) << shift
            more, shift, at = code & 32, shift + 5, at + 1
        if code & 16:
            value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    return counts


def judge_nuclei(args, truth_path, rows, out):
    """TP / (TP + FP + FN) of masks at an IoU of 0.5, at one confidence: over all nuclei, and as the
    mean of the images, as the 2018 Data Science Bowl counted.  The exact masks are the truth."""
    import numpy
    exact = truth_path.replace('.json', '_rle.json')
    with open(exact if os.path.exists(exact) else truth_path) as file:
        annotations = json.load(file)['annotations']
    by_image = {}
    for a in annotations:
        by_image.setdefault(a['image_id'], []).append(decode(a['segmentation'], numpy))
    over_all, mean = {}, {}
    for confidence in (0.2, 0.3, 0.4, 0.5):
        counts = []
        for image, masks in by_image.items():
            truth, free = numpy.stack(masks), numpy.ones(len(masks), bool)
            found = [r for r in rows if r['image_id'] == image and r['score'] >= confidence]
            extra = 0
            for row in sorted(found, key=lambda r: -r['score']):
                mask = decode(row['segmentation'], numpy)
                shared = (truth & mask).sum(1)
                overlap = numpy.where(free, shared / numpy.maximum((truth | mask).sum(1), 1), 0)
                if overlap.max() > 0.5:
                    free[overlap.argmax()] = False
                else:
                    extra += 1
            counts.append((int((~free).sum()), len(masks) + extra))
        over_all[str(confidence)] = sum(hit for hit, _ in counts) / sum(n for _, n in counts)
        mean[str(confidence)] = sum(hit / n for hit, n in counts) / len(counts)
    return dict(ap50_over_all=over_all, ap50_of_images=mean,
                **judge_masks(args, truth_path, rows, out))


JUDGES = dict(boxes=judge_boxes, masks=judge_masks, nuclei=judge_nuclei, mouse=judge_mouse)


def measure(args):
    for entry in args.names:
        name, _, seed = entry.partition(':')
        run, seed = RUNS[name], int(seed or 1)
        side = 'peer' if args.peer else 'fovea'
        out = os.path.join(os.path.abspath(args.runs), f'{side}-{name}-{seed}')
        os.makedirs(out, exist_ok=True)
        truth_path, folder = truth_of(args, run, out)
        with open(truth_path) as file:
            images = [(os.path.join(folder, os.path.basename(i['file_name'])), i['id'])
                      for i in json.load(file)['images']]
        begin, scores = time.time(), {}
        if args.peer:
            rows = rows_of_peer(args, name, seed, out, images)
            scores['best'] = JUDGES[run['judge']](args, truth_path, rows, out)
        else:
            if not args.judge_only:
                train_fovea(args, name, seed, out)
            for which in ('best', 'latest'):
                rows = predict_fovea(args, out, images, which)
                scores[which] = JUDGES[run['judge']](args, truth_path, rows, out)
        minutes = None if args.judge_only else round((time.time() - begin) / 60, 1)
        row = dict(side=side, name=name, seed=seed, minutes=minutes,
                   recipe={k: v for k, v in run.items() if k not in ('judge', 'data')},
                   scores=scores)
        print(json.dumps(row), flush=True)
        keep(row)


def keep(row):
    document = []
    if os.path.exists(RESULTS):
        with open(RESULTS) as file:
            document = json.load(file)
    key = ('name', 'side', 'seed')
    document = [r for r in document if any(r[k] != row[k] for k in key)] + [row]
    document.sort(key=lambda r: [str(r[k]) for k in key])
    with open(RESULTS, 'w') as file:
        json.dump(document, file, indent=1)
        file.write('\n')
    with open(TABLE, 'w') as file:
        file.write('\n'.join(table(document)) + '\n')


def flat(scores):
    out = {}
    for key, value in scores.items():
        inner = value if isinstance(value, dict) else None
        out.update({f'{key} {k}': v for k, v in inner.items()} if inner else {key: value})
    return out


def table(document):
    lines = ['# What detectors learn from scratch', '',
             'Made by `bench/detectors.py`, which states the recipes. "best" is the checkpoint that '
             'did best on the', 'images that are judged, "latest" that of the last epoch. nuclei: TP / (TP + FP + FN) by '
             'least confidence.', '',
             '| data | side | seed | epochs, pixels, batch | checkpoint | scores |',
             '|---|---|---|---|---|---|']
    for row in document:
        recipe = row['recipe']
        for which, scores in row['scores'].items():
            shown = ', '.join(f'{k} {v:.3f}' for k, v in flat(scores).items())
            lines.append(f"| {row['name']} | {row['side']} | {row['seed']} | {recipe['epochs']}, "
                         f"{recipe['imgsz']}, {recipe['batch']} | {which} | {shown} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--fovea', default='build/release/bin/fovea-engine')
    parser.add_argument('--peer', help='folder of an Ultralytics check-out: measure that side')
    parser.add_argument('--data', help='folder with detection/, instance_seg/ and pose/')
    parser.add_argument('--runs', default='build/detector-runs')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--extra', default='', help='more options for `train`')
    parser.add_argument('--judge-only', action='store_true', help='of a run that is there')
    parser.add_argument('names', nargs='*', metavar='NAME:SEED')
    measure(parser.parse_args())


if __name__ == '__main__':
    main()

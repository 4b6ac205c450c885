#!/usr/bin/python3
"""COCO's numbers for awkward detections, masks and key points.

    python3 tools/golden/detection.py COCOAPI      -> tests/golden/detection/*.json

COCOAPI is a check-out of github.com/cocodataset/cocoapi: its cocoeval.py computes the numbers, over
its maskApi.c, which is compiled here (cc) and called through ctypes.
"""
import copy
import ctypes
import json
import os
import random
import subprocess
import sys
import tempfile
import types

import numpy as np

np.float = float  # the evaluation was written for an older numpy
HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "..", "..", "tests", "golden", "detection")


class Rle(ctypes.Structure):
    _fields_ = [("h", ctypes.c_ulong), ("w", ctypes.c_ulong), ("m", ctypes.c_ulong),
                ("cnts", ctypes.POINTER(ctypes.c_uint))]


def load(folder):
    """pycocotools with its compiled part replaced by calls of the same C functions."""
    library = os.path.join(tempfile.mkdtemp(), "mask.so")
    subprocess.check_call(["cc", "-O1", "-w", "-shared", "-fPIC", "-o", library,
                           os.path.join(folder, "common", "maskApi.c"), "-lm"])
    c = ctypes.CDLL(library)
    c.rleToString.restype = ctypes.c_void_p
    size = ctypes.c_ulong

    def rles(objects):
        array = (Rle * max(len(objects), 1))()
        for r, o in zip(array, objects):
            text = o["counts"] if isinstance(o["counts"], bytes) else o["counts"].encode()
            c.rleFrString(ctypes.byref(r), ctypes.c_char_p(text), size(o["size"][0]),
                          size(o["size"][1]))
        return array

    def texts(array, count):
        return [{"size": [array[i].h, array[i].w],
                 "counts": ctypes.string_at(c.rleToString(ctypes.byref(array[i])))}
                for i in range(count)]

    def from_one(o, h, w):
        r = (Rle * 1)()
        if isinstance(o, dict):
            counts = (ctypes.c_uint * len(o["counts"]))(*o["counts"])
            c.rleInit(r, size(o["size"][0]), size(o["size"][1]), size(len(counts)), counts)
        else:
            xy = (ctypes.c_double * len(o))(*o)
            c.rleFrPoly(r, xy, size(len(o) // 2), size(h), size(w))
        return texts(r, 1)[0]

    def from_objects(o, h, w):
        return from_one(o, h, w) if isinstance(o, dict) else [from_one(p, h, w) for p in o]

    def merge(objects, intersect=0):
        r = (Rle * 1)()
        c.rleMerge(rles(objects), r, size(len(objects)), ctypes.c_int(intersect))
        return texts(r, 1)[0]

    def area(objects):
        a = (ctypes.c_uint * max(len(objects), 1))()
        c.rleArea(rles(objects), size(len(objects)), a)
        return np.array(list(a)[:len(objects)])

    def to_bbox(objects):
        a = (ctypes.c_double * (4 * max(len(objects), 1)))()
        c.rleToBbox(rles(objects), a, size(len(objects)))
        return np.array(list(a)).reshape(-1, 4)[:len(objects)]

    def iou(found, truth, crowd):
        if not len(found) or not len(truth):
            return []
        out = (ctypes.c_double * (len(found) * len(truth)))()
        flags = (ctypes.c_ubyte * len(crowd))(*crowd)
        if isinstance(found[0], dict):
            c.rleIou(rles(found), rles(truth), size(len(found)), size(len(truth)), flags, out)
        else:
            def flat(boxes):
                return (ctypes.c_double * (4 * len(boxes)))(*[v for b in boxes for v in b])
            c.bbIou(flat(found), flat(truth), size(len(found)), size(len(truth)), flags, out)
        return np.array(list(out)).reshape(len(truth), len(found)).T

    stand_in = types.ModuleType("pycocotools._mask")
    stand_in.iou, stand_in.merge, stand_in.area = iou, merge, area
    stand_in.toBbox, stand_in.frPyObjects = to_bbox, from_objects
    stand_in.encode = stand_in.decode = None
    sys.path.insert(0, os.path.join(folder, "PythonAPI"))
    import pycocotools
    pycocotools._mask = sys.modules["pycocotools._mask"] = stand_in
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
    return COCO, COCOeval, from_one


def evaluate(coco_class, eval_class, truth, results, kind):
    reference, found = coco_class(), coco_class()
    reference.dataset = copy.deepcopy(truth)
    reference.createIndex()
    if results:
        found = reference.loadRes(copy.deepcopy(results))
    else:  # loadRes() cannot read an empty list
        found.dataset = {**copy.deepcopy(truth), "annotations": []}
        found.createIndex()
    expected = {}
    for limits in ([1, 10, 100], [1, 10, 300]) if kind != "keypoints" else ([20],):
        e = eval_class(reference, found, kind)
        e.params.maxDets = limits
        e.evaluate()
        e.accumulate()
        if limits[-1] == 300:
            expected["limit300"] = compact(summary(e, 300))
            expected["classes300"] = [compact(class_summary(e, k))
                                      for k in range(len(e.params.catIds))]
            expected["curve300"] = compact(list(e.eval["precision"][0, ::10, 0, 0, -1]))
        else:
            e.summarize()
            expected["stats"] = compact(list(e.stats))
            if kind == "keypoints":
                expected["curve"] = compact(list(e.eval["precision"][0, ::10, 0, 0, -1]))
    return expected


def known(values):
    values = values[values > -1]
    return float(np.mean(values)) if len(values) else -1.0


def summary(e, limit):
    p, r = e.eval["precision"], e.eval["recall"]
    return [known(p[:, :, :, 0, -1]), known(p[0, :, :, 0, -1]), known(p[5, :, :, 0, -1]),
            known(r[:, :, 0, -1])] + [known(p[:, :, :, a, -1]) for a in (1, 2, 3)]


def class_summary(e, k):
    p = e.eval["precision"]
    return [known(p[0, :, k, 0, -1]), known(p[:, :, k, 0, -1])]


def compact(values):
    return [round(float(v), 9) for v in values]


# --- cases ----------------------------------------------------------------------------------------

def box_near(rng, box, spread):
    x, y, w, h = box
    return [round(max(0, x + rng.gauss(0, spread) * w), 1),
            round(max(0, y + rng.gauss(0, spread) * h), 1),
            round(max(0, w * (1 + rng.gauss(0, spread))), 1),
            round(max(0, h * (1 + rng.gauss(0, spread))), 1)]


def random_box(rng, width, height):
    side = rng.choice([12, 30, 33, 60, 95, 97, 180])
    w, h = side * rng.uniform(0.6, 1.4), side * rng.uniform(0.6, 1.4)
    return [round(rng.uniform(0, width - w / 2), 1), round(rng.uniform(0, height - h / 2), 1),
            round(w, 1), round(h, 1)]


def boxes_case(seed, images=24, digits=1, crowds=0.12, most=9):
    """Random boxes; scores of few digits make ties; ids have gaps and come in no order."""
    rng = random.Random(seed)
    ids = rng.sample(range(1, 900), images)
    categories = [3, 1, 90, 18, 7, 44]  # 44 has no truths, 7 is never found
    truth = {"images": [{"id": i, "width": 320, "height": 240} for i in ids],
             "categories": [{"id": c, "name": "c%d" % c} for c in categories], "annotations": []}
    results = []
    for n, image in enumerate(ids):
        for _ in range(0 if n % 7 == 3 else rng.randint(0, most)):
            category, box = rng.choice([3, 3, 1, 90, 18, 7]), random_box(rng, 320, 240)
            truth["annotations"].append({
                "id": len(truth["annotations"]) + 1, "image_id": image, "category_id": category,
                "bbox": box, "area": round(box[2] * box[3] * rng.uniform(0.5, 1), 1),
                "iscrowd": int(rng.random() < crowds)})
            for _ in range(rng.choice([0, 1, 1, 2, 3])):
                guess = category if rng.random() < 0.85 else rng.choice([3, 1, 90, 44])
                if guess != 7:
                    results.append({"image_id": image, "category_id": guess,
                                    "bbox": box_near(rng, box, rng.choice([0.02, 0.08, 0.2])),
                                    "score": round(rng.random(), digits)})
        for _ in range(0 if n % 7 == 5 else rng.randint(0, 3)):
            results.append({"image_id": image, "category_id": rng.choice([3, 1, 90, 44]),
                            "bbox": random_box(rng, 320, 240),
                            "score": round(rng.random() * 0.6, digits)})
    rng.shuffle(results)
    return truth, results


def awkward_boxes():
    """Overlaps of exactly 0.5 and 0.6, no area, doubles, one class more often than the limits."""
    truth, results = boxes_case(5, images=4, most=2)
    image = truth["images"][0]["id"]

    def add(category, box, **more):
        truth["annotations"].append({"id": len(truth["annotations"]) + 1, "image_id": image,
                                     "category_id": category, "bbox": box,
                                     "area": box[2] * box[3], "iscrowd": 0, **more})

    def find(category, box, score):
        results.append({"image_id": image, "category_id": category, "bbox": box, "score": score})

    add(1, [10, 10, 20, 10])
    find(1, [10, 10, 10, 10], 0.9)      # exactly one half
    add(1, [100, 10, 10, 10])
    find(1, [100, 10, 10, 6], 0.9)      # exactly 0.6
    add(1, [100.3, 100.7, 30, 10])
    find(1, [100.3, 100.7, 19.5, 10], 0.8)  # exactly 0.65 but for rounding
    add(3, [50, 50, 0, 10])
    find(3, [50, 50, 0, 10], 0.7)       # nothing overlaps nothing
    add(3, [60, 60, 32, 32])            # on the border of two ranges
    find(3, [60, 60, 32, 32], 0.7)
    find(3, [60, 60, 32, 32], 0.7)      # twice the same
    add(90, [0, 0, 200, 200], iscrowd=1)
    for i in range(130):                # beyond 100; in a crowd and beside it
        find(90, [i % 13 * 24, i // 13 * 22, 20, 20], 0.5 - i // 4 * 0.01)
    for i in range(0, 130, 5):
        add(90, [i % 13 * 24 + 1, i // 13 * 22, 20, 20])
    add(18, [0, 0, 300, 200])
    add(18, [1, 0, 300, 200])           # two truths, equally near
    find(18, [0.5, 0, 300, 200], 0.4)
    find(18, [0.5, 0, 300, 200], 0.3)
    return truth, results


def polygon(rng, cx, cy, radius, corners):
    out = []
    for i in range(corners):
        r, a = radius * rng.uniform(0.7, 1.2), 2 * np.pi * i / corners
        out += [round(min(159, max(0, cx + r * np.cos(a))), 1),
                round(min(119, max(0, cy + r * np.sin(a))), 1)]
    return out


def masks_case(from_one, seed):
    rng = random.Random(seed)
    truth = {"images": [{"id": i, "width": 160, "height": 120} for i in range(1, 13)],
             "categories": [{"id": c, "name": "c%d" % c} for c in (1, 2)], "annotations": []}
    results = []
    for image in range(1, 13):
        for _ in range(rng.randint(0, 4)):
            cx, cy, radius = rng.uniform(10, 150), rng.uniform(10, 110), rng.choice([9, 20, 45])
            category = rng.randint(1, 2)
            shapes = [polygon(rng, cx, cy, radius, rng.randint(3, 9))]
            if rng.random() < 0.3:
                shapes.append(polygon(rng, cx + radius, cy, radius / 2, 4))
            crowd = rng.random() < 0.15
            item = {"id": len(truth["annotations"]) + 1, "image_id": image,
                    "category_id": category, "bbox": [0, 0, 1, 1], "iscrowd": int(crowd),
                    "area": round(radius * radius * 2.4, 1), "segmentation": shapes}
            if crowd:
                item["segmentation"] = {"size": [120, 160], "counts": runs_of(shapes[0])}
            truth["annotations"].append(item)
            for _ in range(rng.choice([0, 1, 2])):
                spread = radius * rng.choice([0.03, 0.1, 0.2])
                moved = [round(max(0, v + rng.gauss(0, spread)), 1) for v in shapes[0]]
                rle = from_one(moved, 120, 160)
                results.append({"image_id": image, "category_id": category,
                                "segmentation": {"size": [120, 160],
                                                 "counts": rle["counts"].decode()},
                                "score": round(rng.random(), 2)})
        results.append({"image_id": image, "category_id": 1, "score": 0.2, "segmentation":
                        {"size": [120, 160], "counts": from_one([1, 1, 1, 1, 1, 1], 120, 160)
                         ["counts"].decode()}})
    return truth, results


def runs_of(shape):
    """A block of columns, as runs: what crowds look like."""
    left, right = int(min(shape[0::2])), int(max(shape[0::2])) + 1
    top, bottom = int(min(shape[1::2])), int(max(shape[1::2])) + 1
    runs, gap = [], left * 120 + top
    for _ in range(left, right):
        runs += [gap, bottom - top]
        gap = 120 - (bottom - top)
    return runs + [120 * 160 - sum(runs)]


def keypoints_case(seed, points=17):
    rng = random.Random(seed)
    truth = {"images": [{"id": i, "width": 320, "height": 240} for i in range(1, 15)],
             "categories": [{"id": 1, "name": "person"}], "annotations": []}
    results = []
    for image in range(1, 15):
        for _ in range(rng.randint(0, 4)):
            box = random_box(rng, 320, 240)
            labelled = rng.random() < 0.85
            known_points, values = 0, []
            for _ in range(points):
                v = rng.choice([0, 1, 2, 2]) if labelled else 0
                known_points += v > 0
                values += [round(box[0] + rng.random() * box[2], 1) if v else 0,
                           round(box[1] + rng.random() * box[3], 1) if v else 0, v]
            truth["annotations"].append({
                "id": len(truth["annotations"]) + 1, "image_id": image, "category_id": 1,
                "bbox": box, "area": round(box[2] * box[3] * 0.6, 1), "keypoints": values,
                "num_keypoints": known_points, "iscrowd": int(rng.random() < 0.1)})
            for _ in range(rng.choice([0, 1, 1, 2])):
                spread = rng.choice([0.01, 0.03, 0.1]) * max(box[2:])
                guess = []
                for p in range(points):
                    guess += [round((values[3 * p] or box[0]) + rng.gauss(0, spread), 1),
                              round((values[3 * p + 1] or box[1]) + rng.gauss(0, spread), 1), 1]
                results.append({"image_id": image, "category_id": 1, "keypoints": guess,
                                "score": round(rng.random(), 2)})
    return truth, results


def main():
    coco_class, eval_class, from_one = load(sys.argv[1])
    truth, results = boxes_case(1)
    cases = {
        "boxes": ("bbox", truth, results),
        "boxes_fine": ("bbox",) + boxes_case(2, images=30, digits=4, crowds=0),
        "boxes_awkward": ("bbox",) + awkward_boxes(),
        "nothing_found": ("bbox", boxes_case(3, images=3)[0], []),
        "nothing_true": ("bbox", {**truth, "annotations": []}, results[:20]),
        "masks": ("segm",) + masks_case(from_one, 1),
        "keypoints": ("keypoints",) + keypoints_case(1),
    }
    os.makedirs(OUT, exist_ok=True)
    for name, (kind, truth, results) in cases.items():
        expected = evaluate(coco_class, eval_class, truth, results, kind)
        with open(os.path.join(OUT, name + ".json"), "w") as file:
            json.dump({"kind": kind, "expected": expected, "truth": truth, "results": results},
                      file, separators=(",", ":"))
            file.write("\n")


if __name__ == "__main__":
    main()

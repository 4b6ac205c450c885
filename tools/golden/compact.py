#!/usr/bin/python3
"""Makes the small golden files in tests/golden from the long ones that PyTorch's side writes.

    python3 tools/golden/compact.py golden  FOLDER/*.json        -> tests/golden/MODEL.json
    python3 tools/golden/compact.py init    FOLDER/init/*.json   -> tests/golden/init/MODEL.json
    PYTHONPATH=TIMM python3 tools/golden/compact.py names        -> tests/golden/names/MODEL.txt
    PYTHONPATH=ULTRALYTICS python3 tools/golden/compact.py yolo-names    -> the same, of detectors

golden keeps, per parameter: name, shape, l2 of its initial value ("init_l2") and of its gradient
sum, l2, four dot products, at most 16 values spread over the whole tensor ("strided"[i] is element
i * "stride" in row-major order) and how far PyTorch's own float32 is ("f32_rel_l2").  A file of
more than 150 kB gets 8 values instead of 16.  tests/golden/README.md states the formulas.

names lists "name shape" (sizes joined by x, "scalar" for none) of parameters and buffers in the
order of timm's state_dict with 1000 classes, without num_batches_tracked; the first line is
"parameters COUNT" and counts what is trained, running statistics not included.

Detectors also keep their targets, the loss parts and all outputs; yolo-names has 80 classes (1 with
key points) and counts the frozen projection too, as Ultralytics does.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, '..', '..', 'tests', 'golden')
MODELS = ['resnet18', 'resnet34', 'resnet50', 'resnet101', 'mobilenetv2_100',
          'mobilenetv3_small_100', 'mobilenetv3_large_100', 'efficientnet_b0', 'efficientnet_b1',
          'efficientnet_b2', 'efficientnet_b3', 'efficientnetv2_s', 'vit_tiny_patch16_224',
          'vit_small_patch16_224', 'vit_base_patch16_224', 'convnext_tiny']
DETECTORS = ['yolo11' + size + task for size in 'nsmlx' for task in ('', '-seg', '-pose')]
SHORT = {'mobilenetv2': 'mobilenetv2_100', 'mobilenetv3_small': 'mobilenetv3_small_100',
         'vit_tiny': 'vit_tiny_patch16_224'}
MOST_BYTES = 150000


def rounded(value):
    """VALUE with at most nine significant digits in every float."""
    if isinstance(value, float):
        return float('%.9g' % value)
    if isinstance(value, list):
        return [rounded(v) for v in value]
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return value


def spread(stats, most):
    """-> (stride, values): at most MOST of the strided values, evenly over the tensor."""
    every = -(-len(stats['strided']) // most)
    return stats['stride'] * every, stats['strided'][::every]


def parameter(entry, most):
    stride, values = spread(entry['grad'], most)
    grad = entry['grad']
    return dict(name=entry['name'], shape=entry['shape'], init_l2=entry['init']['l2'],
                l2=grad['l2'], sum=grad['sum'], f32_rel_l2=float('%.3g' % grad['f32_rel_l2']),
                dots=grad['dots'], stride=stride, strided=values)


def norm_buffer(name, entry):
    part = {k: dict(l2=entry[k]['l2'], first=entry[k]['first'][:4]) for k in ('mean', 'var')}
    return dict(name=name, **part)


def output(entry):
    kept = dict(shape=entry['shape'], l2=entry['l2'], first=entry['first'])
    if 'f32_rel_l2' in entry:
        kept['f32_rel_l2'] = float('%.3g' % entry['f32_rel_l2'])
    return kept


def compact(long, name, most):
    """-> (head, parameters, norm buffers), rounded."""
    batch_norm = long['bn_eps_momentum']
    head = dict(model=name, seed=long['seed'], batch=long['batch'], size=long['size'],
                classes=long['nc'], reference=long['reference'], torch=long['torch'])
    if batch_norm:
        head['batch_norm'] = dict(eps=batch_norm[0][0], momentum=batch_norm[0][1])
    head.update(input={k: long['input'][k] for k in ('n', 'sum', 'l2', 'first')},
                loss=long['loss'], loss_f32=long['loss_f32'],
                sgd=dict(learning_rate=long['sgd']['lr'], momentum=long['sgd']['momentum'],
                         weight_decay=long['sgd']['weight_decay']),
                sgd_losses_f32=long['sgd_losses_f32'], output=output(long['outputs'][0]),
                eval_output_after_sgd_f32=output(long['eval_outputs_after_sgd_f32'][0]),
                grad_global_l2=long['grad_global_l2'], zero_grads=long['zero_grads'],
                f32_vs_f64=long['f32_vs_f64'])
    if name in DETECTORS:
        head.update(targets=long['targets'], loss_items=long['loss_items'],
                    outputs=[output(o) for o in long['outputs']],
                    eval_outputs_after_sgd_f32=[
                        output(o) for o in long['eval_outputs_after_sgd_f32']])
        del head['output'], head['eval_output_after_sgd_f32']
    norms = [norm_buffer(n, e) for n, e in long['norm_buffers'].items()]
    return rounded(head), rounded([parameter(p, most) for p in long['params']]), rounded(norms)


def line(value):
    return json.dumps(value, separators=(',', ':'))


def rows(name, items):
    return f'"{name}":[\n' + ',\n'.join(line(item) for item in items) + '\n]'


def text_of(head, parameters, norms):
    lines = ',\n'.join(f'"{k}":{line(v)}' for k, v in head.items())
    return '{' + lines + ',\n' + rows('params', parameters) + ',\n' + rows('norms', norms) + '}\n'


def stem(path):
    name = os.path.splitext(os.path.basename(path))[0]
    return SHORT.get(name, name)


def write(folder, name, text):
    folder = os.path.join(OUT, folder)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), 'w') as file:
        file.write(text)
    print(name, len(text))


def make_golden(paths):
    for path in paths:
        if stem(path) not in MODELS + DETECTORS:
            continue
        with open(path) as file:
            long = json.load(file)
        text = text_of(*compact(long, stem(path), 16))
        if len(text) > MOST_BYTES:
            text = text_of(*compact(long, stem(path), 8))
        write('', stem(path) + '.json', text)


def make_init(paths):
    for path in paths:
        if stem(path) not in MODELS + DETECTORS:
            continue
        with open(path) as file:
            long = json.load(file)
        text = '{"model":"%s",\n' % stem(path) + rows('params', long['params']) + '}\n'
        write('init', stem(path) + '.json', text)


def make_yolo_names():
    from ultralytics.nn.tasks import DetectionModel, PoseModel, SegmentationModel
    kinds = {'': (DetectionModel, 80), 'seg': (SegmentationModel, 80), 'pose': (PoseModel, 1)}
    for name in DETECTORS:
        kind, classes = kinds[name.partition('-')[2]]
        write_names(name, kind(name + '.yaml', ch=3, nc=classes, verbose=False))


def make_names():
    import timm
    for name in MODELS:
        write_names(name, timm.create_model(name, num_classes=1000))


def write_names(name, model):
    lines = ['parameters %d' % sum(p.numel() for p in model.parameters())]
    for key, value in model.state_dict().items():
        if not key.endswith('num_batches_tracked'):
            lines.append(f"{key} {'x'.join(map(str, value.shape)) or 'scalar'}")
    write('names', name + '.txt', '\n'.join(lines) + '\n')


def main():
    makers = dict(golden=make_golden, init=make_init, names=lambda paths: make_names())
    makers['yolo-names'] = lambda paths: make_yolo_names()
    if len(sys.argv) < 2 or sys.argv[1] not in makers:
        sys.exit(__doc__)
    makers[sys.argv[1]](sys.argv[2:])


if __name__ == '__main__':
    main()

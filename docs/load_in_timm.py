"""Loads a Fovea checkpoint into timm and says what is on some images.

    python3 docs/load_in_timm.py best.safetensors photo.jpg ...

Parameters have timm's names and shapes, so that load_state_dict() takes them as they are.  The file is read here by
hand, to show that nothing is hidden in it; safetensors.torch.load_file() gives the same tensors.
"""
import json
import struct
import sys

import timm
import torch
from PIL import Image


def read(path):
    """The file's tensors and its metadata: https://github.com/huggingface/safetensors describes the format."""
    with open(path, 'rb') as file:
        header = json.loads(file.read(struct.unpack('<Q', file.read(8))[0]))
        data = bytearray(file.read())
    types = {'F32': torch.float32, 'I64': torch.int64}
    tensors = {}
    for name, entry in header.items():
        if name == '__metadata__':
            continue
        begin, end = entry['data_offsets']
        dtype = types[entry['dtype']]
        count = (end - begin) // torch.empty(0, dtype=dtype).element_size()
        flat = torch.frombuffer(data, dtype=dtype, count=count, offset=begin)
        tensors[name] = flat.reshape(entry['shape'])
    return tensors, header['__metadata__']


def main(path, images):
    tensors, metadata = read(path)
    classes, transform = json.loads(metadata['classes']), json.loads(metadata['transform'])
    model = timm.create_model(metadata['model_name'], num_classes=len(classes))
    wanted = model.state_dict()
    model.load_state_dict({name: tensors.get(name, wanted[name]) for name in wanted})
    missing = [name for name in wanted if name not in tensors and not name.endswith('num_batches_tracked')]
    if missing:
        sys.exit(f'not in the file: {missing}')
    model.eval()
    size = transform['image_size']
    mean, std = (torch.tensor(transform[key]).view(3, 1, 1) for key in ('mean', 'std'))
    for name in images:
        image = Image.open(name).convert('RGB').resize((size, size), Image.BILINEAR)  # transform: "stretch"
        pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).reshape(size, size, 3)
        values = (pixels.permute(2, 0, 1).float() / 255 - mean) / std
        with torch.no_grad():
            probability = torch.softmax(model(values[None])[0], 0)
        best = int(probability.argmax())
        print(json.dumps({'image_path': name, 'label': classes[best], 'confidence': float(probability[best])}))


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2:])

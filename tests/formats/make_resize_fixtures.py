"""Writes resize_fixtures.h: what Pillow makes of images given by a formula (formula_level() in image_support.c).
Run with a Python that has Pillow and numpy; Pillow 9.4 made the file in the repository."""
import os

import numpy as np
from PIL import Image

FILTERS = {'BILINEAR': Image.BILINEAR, 'BICUBIC': Image.BICUBIC}
CASES = [
    # width, height, box or None, crop first, out width, out height
    (64, 48, None, False, 16, 12),
    (64, 48, None, False, 23, 17),
    (31, 45, None, False, 40, 50),
    (100, 80, None, False, 7, 5),
    (97, 61, (10.5, 3.25, 80.25, 50.75), False, 20, 16),
    (97, 61, (11, 7, 60, 58), True, 20, 16),
    (97, 61, (0, 20, 97, 40), True, 24, 24),
    (5, 300, None, False, 5, 30),
    (300, 5, None, False, 30, 5),
    (1, 1, None, False, 4, 4),
]


def formula(width, height):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing='ij')
    wave = (x * (c + 2) * 5 + y * 3 + (x * y) // 7) % 256
    wave = np.where(wave < 128, wave * 2, (255 - wave) * 2)
    checks = np.where((x // 3 + y // 2 + c) % 2, 255, 0)
    return Image.fromarray(np.where(x % 32 >= 20, checks, wave).astype(np.uint8))


def main():
    rows, data = [], b''
    for name, kind in FILTERS.items():
        for width, height, box, crop, out_width, out_height in CASES:
            image = formula(width, height)
            if crop:
                result = image.crop(box).resize((out_width, out_height), kind)
            else:
                result = image.resize((out_width, out_height), kind, box=box)
            edges = ', '.join('%g' % edge for edge in box) if box else '0, 0, 0, 0'
            rows.append('    { %d, %d, { RESIZE_%s, { %s }, %s }, %d, %d, %d },\n' % (
                width, height, name, edges, 'true' if crop else 'false', out_width, out_height, len(data)))
            data += result.tobytes()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'resize_fixtures.h')
    with open(path, 'w') as out:
        out.write('/* resize_fixtures.h - made by make_resize_fixtures.py with Pillow %s. */\n' % Image.__version__)
        out.write('#ifndef FORMATS_RESIZE_FIXTURES_H\n#define FORMATS_RESIZE_FIXTURES_H\n\n#include "formats/resize.h"\n\n')
        out.write('/* clang-format off */\nstatic const struct resize_fixture {\n    int width, height;\n'
                  '    struct resize_options options;\n    int out_width, out_height, at;\n} resize_fixtures[] = {\n')
        out.write(''.join(rows))
        out.write('};\n\n/* the pixels of all, in hexadecimal digits */\nstatic const char resize_pixels[] =\n')
        for at in range(0, len(data), 45):
            out.write('    "%s"\n' % data[at:at + 45].hex())
        out.write('    ;\n\n#endif\n')


main()

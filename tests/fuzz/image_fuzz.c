/* image_fuzz.c - any bytes as an image: probing and decoding, whole and in part, must agree and
 * stay in bounds.  modules: formats base */

#include "base/error.h"
#include "formats/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct image_options options = { .limits = { .max_pixels = 1 << 20 } };
    struct image image = IMAGE_INIT;
    struct image_info info;
    struct error err;

    if (!image_decode(&image, data, size_bytes, &options, &err)) {
        uint8_t sum = 0;

        for (int i = 0; i < image.width * image.height * 3; i++)
            sum ^= image.pixels[i]; /* every byte is there to be read */
        if (image_probe(data, size_bytes, &info, &err) || info.width != image.width ||
            info.height != image.height || sum > 255)
            abort();
        options.crop =
            (struct image_rectangle){ info.width / 3, info.height / 4, info.width - info.width / 2,
                                      info.height - info.height / 2 };
        options.wanted_width = options.wanted_height = 4;
        if (!image_decode(&image, data, size_bytes, &options, &err) && image.pixels) {
            struct image_box box = image_box_of(&image, options.crop);

            if (!(box.right > box.left && box.bottom > box.top))
                abort();
        }
    }
    image_release(&image);
    return 0;
}

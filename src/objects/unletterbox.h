/* unletterbox.h - from the pixels of a network's input back to those of the original image.
 *
 * The input shows the image scaled, with bars around it: x in the input is
 * x * scale_x + left in the image.  Results are cut at the image's edges. */
#ifndef OBJECTS_UNLETTERBOX_H
#define OBJECTS_UNLETTERBOX_H

#include "objects/image_object.h"

#include <stdint.h>

struct error;

struct letterbox_view {
    int width, height;       /* of the image */
    double scale_x, scale_y; /* input pixels per pixel of the image */
    double left, top;        /* of the image in the input, in input pixels */
};

/* Edges in the input to a box in the image. */
struct object_box unletterbox_box(const struct letterbox_view *view, double left, double top,
                                  double right, double bottom);

/* x, y, v each; v stays.  May work in place. */
void unletterbox_keypoints(const struct letterbox_view *view, const float *keypoints, int count,
                           float *out);

/* --- masks ------------------------------------------------------------------------------------ */

/* What a segmentation head says of a whole input: (count, height, width), spread over the input. */
struct mask_prototypes {
    const float *values;
    int count, height, width;
    int input_width, input_height;
};

/* Memory that is kept from one call to the next.  All zero to begin with. */
struct mask_decoder {
    float *_window, *_column;
    struct mask_row *_rows;
    uint32_t *_runs;
    int64_t _window_capacity, _column_capacity, _row_capacity;
    int _run_capacity;
};

void mask_decoder_release(struct mask_decoder *decoder);

/* The mask of one thing at the image's size: where the prototypes, weighted by its coefficients
 * and interpolated linearly between the middles of their pixels, are above 0, and the middle of
 * the pixel is inside the box. */
int mask_decoder_draw(struct mask_decoder *decoder, const struct letterbox_view *view,
                      const struct mask_prototypes *prototypes, const float *coefficients,
                      const struct object_box *box, struct mask *mask, struct error *err);

#endif

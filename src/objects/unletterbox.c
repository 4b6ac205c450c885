/* unletterbox.c - boxes and key points; see unletterbox.h. */

#include "objects/unletterbox.h"

#include <math.h>

static double back(double at, double start, double scale, double most)
{
    return fmin(fmax((at - start) / scale, 0), most);
}

struct object_box unletterbox_box(const struct letterbox_view *view, double left, double top,
                                  double right, double bottom)
{
    double x1 = back(left, view->left, view->scale_x, view->width);
    double y1 = back(top, view->top, view->scale_y, view->height);
    double x2 = back(right, view->left, view->scale_x, view->width);
    double y2 = back(bottom, view->top, view->scale_y, view->height);

    return (struct object_box){ x1, y1, fmax(x2 - x1, 0), fmax(y2 - y1, 0) };
}

void unletterbox_keypoints(const struct letterbox_view *view, const float *keypoints, int count,
                           float *out)
{
    for (int i = 0; i < count; i++, keypoints += 3, out += 3) {
        out[0] = (float)back(keypoints[0], view->left, view->scale_x, view->width);
        out[1] = (float)back(keypoints[1], view->top, view->scale_y, view->height);
        out[2] = keypoints[2];
    }
}

/* yolo11.c - YOLO11: one trunk for finding, outlining and posing objects, in five sizes.
 *
 * Parameters carry the names and shapes of Ultralytics' checkpoints ("model.N." is the N-th layer
 * of a list), so that those load.  The parts: cross-stage partial blocks (Wang et al. 2020) around
 * bottlenecks, pyramid pooling (He et al. 2014), self-attention on the coarsest grid, a top-down
 * and bottom-up neck (Liu et al. 2018), heads that give each side of a box as a distribution (Li
 * et al. 2020), masks from prototypes (Bolya et al. 2019). */

#include "models/detector.h"

#include <math.h>

struct yolo11 {
    double depth, width; /* of the largest network's blocks and channels */
    int most_channels;   /* before the width is applied */
    bool deep;           /* all blocks are made of smaller blocks */
};

/* --- parts ------------------------------------------------------------------------------------ */

static int scaled(const struct yolo11 *y, int channel_count)
{
    int limited = channel_count < y->most_channels ? channel_count : y->most_channels;

    return (int)ceil(limited * y->width / 8) * 8;
}

static struct init uniform_for(const struct value *x, int kernel, int groups)
{
    double fan_in = (double)channels(x) / groups * kernel * kernel;

    return (struct init){ INIT_UNIFORM, 1 / sqrt(fan_in > 0 ? fan_in : 1) };
}

/* Convolution, batch norm and, unless it is to stay linear, SiLU. */
struct unit {
    int out, kernel, stride, groups;
    bool linear;
};

static struct value *unit_with(struct graph *g, const char *name, struct value *x,
                               const struct unit *u)
{
    int kernel = u->kernel ? u->kernel : 1;

    graph_enter(g, "%s", name);
    x = nn_conv(g, "conv", x, .out = u->out, .kernel = kernel, .stride = u->stride,
                .groups = u->groups,
                .init = uniform_for(x, kernel, u->groups == DEPTHWISE ? channels(x) : 1));
    x = nn_batchnorm(g, "bn", x, .eps = 1e-3, .momentum = 0.03);
    graph_leave(g);
    return u->linear ? x : nn_activation(g, x, ACTIVATION_SILU);
}
#define unit(g, name, x, ...) unit_with(g, name, x, &(struct unit){ __VA_ARGS__ })

static struct value *bottleneck(struct graph *g, struct value *x, int hidden)
{
    struct value *y = unit(g, "cv1", x, .out = hidden, .kernel = 3);

    return nn_add(g, unit(g, "cv2", y, .out = channels(x), .kernel = 3), x);
}

/* Two bottlenecks beside a short way. */
static struct value *small_block(struct graph *g, struct value *x)
{
    int out = channels(x), hidden = out / 2;
    struct value *way = unit(g, "cv1", x, .out = hidden), *rest = unit(g, "cv2", x, .out = hidden);

    for (int i = 0; i < 2; i++) {
        graph_enter(g, "m.%d", i);
        way = bottleneck(g, way, hidden);
        graph_leave(g);
    }
    return unit(g, "cv3", nn_concat(g, 1, (struct value *[]){ way, rest }, 2), .out = out);
}

/* Half of the channels goes through one part after the other, and all that is made on the way is
 * kept. */
static struct value *block(struct graph *g, const struct yolo11 *y, int layer, struct value *x,
                           int out, double share, bool deep)
{
    int hidden = (int)(out * share), count = (int)fmax(round(2 * y->depth), 1);
    struct value *made[3], *way;

    graph_enter(g, "model.%d", layer);
    made[0] = unit(g, "cv1", x, .out = 2 * hidden);
    way = nn_slice(g, made[0], 1, hidden, 2 * hidden);
    for (int i = 0; i < count; i++) {
        graph_enter(g, "m.%d", i);
        way = deep || y->deep ? small_block(g, way) : bottleneck(g, way, hidden / 2);
        made[1 + i] = way;
        graph_leave(g);
    }
    x = unit(g, "cv2", nn_concat(g, 1, made, 1 + count), .out = out);
    graph_leave(g);
    return x;
}

static struct value *down(struct graph *g, int layer, struct value *x, int out)
{
    return unit(g, arena_printf(&g->arena, "model.%d", layer), x, .out = out, .kernel = 3,
                .stride = 2);
}

static struct value *pyramid_pool(struct graph *g, int layer, struct value *x)
{
    struct value *seen[4];
    int out = channels(x);

    graph_enter(g, "model.%d", layer);
    seen[0] = unit(g, "cv1", x, .out = out / 2);
    for (int i = 1; i < 4; i++)
        seen[i] = nn_maxpool(g, seen[i - 1], .kernel = 5, .stride = 1, .pad = 2);
    x = unit(g, "cv2", nn_concat(g, 1, seen, 4), .out = out);
    graph_leave(g);
    return x;
}

/* --- attention -------------------------------------------------------------------------------- */

/* Every pixel looks at every other (Vaswani et al. 2017); a depthwise convolution of the values
 * says where things are. */
static struct value *attend(struct graph *g, struct value *x)
{
    int width = channels(x), heads = width / 64 ? width / 64 : 1, size = width / heads;
    int key = size / 2;
    int64_t batch = x ? x->shape.dim[0] : 1, high = x ? x->shape.dim[2] : 1;
    int64_t wide = x ? x->shape.dim[3] : 1;
    struct value *qkv, *q, *k, *v, *weights, *out;

    graph_enter(g, "attn");
    qkv = unit(g, "qkv", x, .out = heads * (2 * key + size), .linear = true);
    qkv = nn_reshape(g, qkv, SHAPE(batch, heads, 2 * key + size, high * wide));
    q = nn_slice(g, qkv, 2, 0, key);
    k = nn_slice(g, qkv, 2, key, 2 * key);
    v = nn_slice(g, qkv, 2, 2 * key, 2 * key + size);
    weights = nn_softmax(g, nn_matmul(g, q, k, true, false, 1 / sqrt((double)key)));
    out = nn_reshape(g, nn_matmul(g, v, weights, false, true, 1), SHAPE(batch, width, high, wide));
    v = nn_reshape(g, v, SHAPE(batch, width, high, wide));
    v = unit(g, "pe", v, .out = width, .kernel = 3, .groups = DEPTHWISE, .linear = true);
    out = unit(g, "proj", nn_add(g, v, out), .out = width, .linear = true);
    graph_leave(g);
    return out;
}

static struct value *attention_block(struct graph *g, const struct yolo11 *y, int layer,
                                     struct value *x)
{
    int out = channels(x), hidden = out / 2, count = (int)fmax(round(2 * y->depth), 1);
    struct value *way, *rest;

    graph_enter(g, "model.%d", layer);
    x = unit(g, "cv1", x, .out = 2 * hidden);
    rest = nn_slice(g, x, 1, 0, hidden);
    way = nn_slice(g, x, 1, hidden, 2 * hidden);
    for (int i = 0; i < count; i++) {
        struct value *f;

        graph_enter(g, "m.%d", i);
        way = nn_add(g, attend(g, way), way);
        f = unit(g, "ffn.0", way, .out = 2 * hidden);
        way = nn_add(g, unit(g, "ffn.1", f, .out = hidden, .linear = true), way);
        graph_leave(g);
    }
    x = unit(g, "cv2", nn_concat(g, 1, (struct value *[]){ rest, way }, 2), .out = out);
    graph_leave(g);
    return x;
}

/* --- trunk: three grids, each knowing what the others saw ------------------------------------- */

static struct value *joined(struct graph *g, struct value *a, struct value *b)
{
    return nn_concat(g, 1, (struct value *[]){ a, b }, 2);
}

static void trunk(struct graph *g, const struct yolo11 *y, struct value *image,
                  struct value *levels[ANCHOR_LEVELS])
{
    struct value *x = down(g, 0, image, scaled(y, 64)), *fine, *middle, *coarse;

    x = block(g, y, 2, down(g, 1, x, scaled(y, 128)), scaled(y, 256), 0.25, false);
    fine = block(g, y, 4, down(g, 3, x, scaled(y, 256)), scaled(y, 512), 0.25, false);
    middle = block(g, y, 6, down(g, 5, fine, scaled(y, 512)), scaled(y, 512), 0.5, true);
    x = block(g, y, 8, down(g, 7, middle, scaled(y, 1024)), scaled(y, 1024), 0.5, true);
    coarse = attention_block(g, y, 10, pyramid_pool(g, 9, x));
    middle = block(g, y, 13, joined(g, nn_upsample(g, coarse, 2), middle), scaled(y, 512), 0.5,
                   false);
    fine = block(g, y, 16, joined(g, nn_upsample(g, middle, 2), fine), scaled(y, 256), 0.5, false);
    middle = block(g, y, 19, joined(g, down(g, 17, fine, scaled(y, 256)), middle), scaled(y, 512),
                   0.5, false);
    coarse = block(g, y, 22, joined(g, down(g, 20, middle, scaled(y, 512)), coarse),
                   scaled(y, 1024), 0.5, true);
    levels[0] = fine;
    levels[1] = middle;
    levels[2] = coarse;
}

/* --- heads ------------------------------------------------------------------------------------ */

static int larger_of(int a, int b)
{
    return a > b ? a : b;
}

/* The last layer of a branch: plain numbers, one column per cell. */
static struct value *columns(struct graph *g, const char *name, struct value *x, int out,
                             const struct init *bias_start)
{
    struct value *bias;

    x = nn_conv(g, name, x, .out = out, .bias = true, .bias_bound = BIAS_DEFAULT,
                .init = uniform_for(x, 1, 1));
    bias = x ? x->producer->inputs[2] : NULL;
    if (bias && bias_start)
        bias->init = *bias_start;
    return x ? nn_reshape(g, x, SHAPE(x->shape.dim[0], out, -1)) : NULL;
}

typedef struct value *branch_fn(struct graph *g, struct value *x, int level, int hidden, int out);

static struct value *box_branch(struct graph *g, struct value *x, int level, int hidden, int out)
{
    const struct init one = { INIT_CONSTANT, 1 };

    (void)level;
    x = unit(g, "0", x, .out = hidden, .kernel = 3);
    x = unit(g, "1", x, .out = hidden, .kernel = 3);
    return columns(g, "2", x, out, &one);
}

static struct value *extra_branch(struct graph *g, struct value *x, int level, int hidden, int out)
{
    (void)level;
    x = unit(g, "0", x, .out = hidden, .kernel = 3);
    x = unit(g, "1", x, .out = hidden, .kernel = 3);
    return columns(g, "2", x, out, NULL);
}

/* Before anything is learned, five objects are expected on an image of 640 pixels. */
static struct value *class_branch(struct graph *g, struct value *x, int level, int hidden, int out)
{
    double cells = 640.0 / detector_strides[level] * (640.0 / detector_strides[level]);
    const struct init rare = { INIT_CONSTANT, log(5 / (out * cells)) };

    x = unit(g, "0.0", x, .out = channels(x), .kernel = 3, .groups = DEPTHWISE);
    x = unit(g, "0.1", x, .out = hidden);
    x = unit(g, "1.0", x, .out = hidden, .kernel = 3, .groups = DEPTHWISE);
    x = unit(g, "1.1", x, .out = hidden);
    return columns(g, "2", x, out, &rare);
}

/* The same branch on every grid, side by side. */
static struct value *branches(struct graph *g, const char *name, branch_fn *branch,
                              struct value *const levels[ANCHOR_LEVELS], int hidden, int out)
{
    struct value *parts[ANCHOR_LEVELS];

    for (int i = 0; i < ANCHOR_LEVELS; i++) {
        graph_enter(g, "%s.%d", name, i);
        parts[i] = branch(g, levels[i], i, hidden, out);
        graph_leave(g);
    }
    return nn_concat(g, 2, parts, ANCHOR_LEVELS);
}

static struct value *prototypes(struct graph *g, const struct yolo11 *y, struct value *x)
{
    int hidden = scaled(y, 256);

    graph_enter(g, "proto");
    x = unit(g, "cv1", x, .out = hidden, .kernel = 3);
    x = nn_conv_transpose(g, "upsample", x, .out = hidden, .kernel = 2, .stride = 2, .bias = true,
                          .bias_bound = BIAS_DEFAULT);
    x = unit(g, "cv2", x, .out = hidden, .kernel = 3);
    x = unit(g, "cv3", x, .out = DETECTOR_MASKS);
    graph_leave(g);
    return x;
}

static void build(struct graph *g, struct value *image, const struct model_options *options,
                  const void *config, struct detector_head *head)
{
    const struct yolo11 *y = config;
    struct value *levels[ANCHOR_LEVELS];
    int box, classes, points = head->key_points * head->key_point_size;

    (void)options;
    trunk(g, y, image, levels);
    box = larger_of(larger_of(16, channels(levels[0]) / 4), 4 * DETECTOR_BINS);
    classes = larger_of(channels(levels[0]), head->classes < 100 ? head->classes : 100);
    graph_enter(g, "model.23");
    head->distribution = branches(g, "cv2", box_branch, levels, box, 4 * DETECTOR_BINS);
    head->logits = branches(g, "cv3", class_branch, levels, classes, head->classes);
    head->projection = graph_parameter(g, "dfl.conv.weight", SHAPE(1, DETECTOR_BINS, 1, 1),
                                       (struct init){ INIT_COUNT, 1 });
    if (head->projection) {
        head->projection->frozen = true;
        head->projection->decay = false;
    }
    if (head->task == TASK_SEGMENT) {
        head->prototypes = prototypes(g, y, levels[0]);
        head->coefficients = branches(g, "cv4", extra_branch, levels,
                                      larger_of(channels(levels[0]) / 4, DETECTOR_MASKS),
                                      DETECTOR_MASKS);
    } else if (head->task == TASK_POSE) {
        head->points = branches(g, "cv4", extra_branch, levels,
                                larger_of(channels(levels[0]) / 4, points), points);
    }
    graph_leave(g);
}

static const struct yolo11 sizes[] = {
    { 0.5, 0.25, 1024, false }, { 0.5, 0.5, 1024, false }, { 0.5, 1, 512, true },
    { 1, 1, 512, true },        { 1, 1.5, 512, true },
};
enum { NANO, SMALL, MEDIUM, LARGE, EXTRA_LARGE };

/* clang-format off */
#define YOLO11(id, name_, size, task_, count, batch_, says, shown, tags_)                        \
    const struct model model_##id = {                                                            \
        .name = name_, .display_name = "YOLOv11 " shown, .description = says,                    \
        .paper = "Jocher and Qiu 2024, Ultralytics YOLO11", .task = task_, .parameters = count,  \
        .image_size = 640, .size_multiple = 32, .smallest_size = 32,                             \
        .recommended_batch = batch_, .recommended_learning_rate = 0.01, .head = "model.23",      \
        .stem = "model.0.conv.weight", .tags = tags_, .build_detector = build,                   \
        .config = &sizes[size],                                                                  \
    }

YOLO11(yolo11n, "yolo11n", NANO, TASK_DETECT, 2624080, 16,
       "Ultra-fast YOLO model for real-time object detection", "Nano (Detection)",
       "p0 fast realtime");
YOLO11(yolo11s, "yolo11s", SMALL, TASK_DETECT, 9458752, 16,
       "Small YOLO model for object detection", "Small (Detection)", "fast");
YOLO11(yolo11m, "yolo11m", MEDIUM, TASK_DETECT, 20114688, 8,
       "Balanced YOLO model for object detection", "Medium (Detection)", "balanced");
YOLO11(yolo11l, "yolo11l", LARGE, TASK_DETECT, 25372160, 8,
       "High-accuracy YOLO model", "Large", "accurate");
YOLO11(yolo11x, "yolo11x", EXTRA_LARGE, TASK_DETECT, 56966176, 4,
       "Largest YOLO model for object detection", "Extra Large (Detection)", "accurate");
YOLO11(yolo11n_seg, "yolo11n-seg", NANO, TASK_SEGMENT, 2876848, 16,
       "Ultra-fast instance segmentation model", "Nano (Segmentation)", "p0 fast realtime");
YOLO11(yolo11s_seg, "yolo11s-seg", SMALL, TASK_SEGMENT, 10113248, 16,
       "Small instance segmentation model", "Small (Segmentation)", "fast");
YOLO11(yolo11m_seg, "yolo11m-seg", MEDIUM, TASK_SEGMENT, 22420896, 8,
       "Balanced instance segmentation model", "Medium (Segmentation)", "balanced");
YOLO11(yolo11l_seg, "yolo11l-seg", LARGE, TASK_SEGMENT, 27678368, 8,
       "High-accuracy instance segmentation model", "Large (Segmentation)", "accurate");
YOLO11(yolo11x_seg, "yolo11x-seg", EXTRA_LARGE, TASK_SEGMENT, 62142656, 4,
       "Largest instance segmentation model", "Extra Large (Segmentation)", "accurate");
YOLO11(yolo11n_pose, "yolo11n-pose", NANO, TASK_POSE, 2874462, 16,
       "Ultra-fast keypoint detection model", "Nano (Pose)", "p0 fast realtime");
YOLO11(yolo11s_pose, "yolo11s-pose", SMALL, TASK_POSE, 9918238, 16,
       "Small keypoint detection model", "Small (Pose)", "fast");
YOLO11(yolo11m_pose, "yolo11m-pose", MEDIUM, TASK_POSE, 20912364, 8,
       "Balanced keypoint detection model", "Medium (Pose)", "balanced");
YOLO11(yolo11l_pose, "yolo11l-pose", LARGE, TASK_POSE, 26169836, 8,
       "High-accuracy keypoint detection model", "Large (Pose)", "accurate");
YOLO11(yolo11x_pose, "yolo11x-pose", EXTRA_LARGE, TASK_POSE, 58798636, 4,
       "Largest keypoint detection model", "Extra Large (Pose)", "accurate");

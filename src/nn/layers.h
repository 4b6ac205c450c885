/* layers.h - describe a network; the model files are written with this.
 *
 * Each nn_*() call appends one op, with its parameters, to the graph and returns its output.
 * Options left out are 0, and 0 always means the usual choice.  Errors stick (graph.h), so model
 * files contain no error checks.  Parameters are called "<scope>.<name>.weight" and so on.
 *
 *     x = nn_conv(g, "conv1", x, .out = 64, .kernel = 7, .stride = 2);
 */
#ifndef NN_LAYERS_H
#define NN_LAYERS_H

#include "nn/graph.h"
#include "nn/ops.h"

struct conv {
    int out;      /* output channels, required */
    int kernel;   /* 0: 1 */
    int stride;   /* 0: 1 */
    int pad;      /* 0: (kernel - 1) / 2 * dilation;  NO_PAD: none */
    int dilation; /* 0: 1 */
    int groups;   /* 0: 1;  DEPTHWISE: as many as channels */
    bool bias;
    double bias_bound; /* bias uniform in +-bias_bound; 0: zeros.  BIAS_DEFAULT: 1 / sqrt(fan_in) */
    struct init init; /* of the weight; all zero: normal, deviation sqrt(2 / (out k k / groups)) */
};
#define NO_PAD (-1)
#define DEPTHWISE (-1)
#define BIAS_DEFAULT (-1.0)

struct batchnorm {
    double eps;      /* 0: 1e-5 */
    double momentum; /* 0: 0.1 */
    bool zero_gamma; /* gamma starts at 0, not 1 */
};

struct linear {
    int out; /* required */
    bool no_bias;
    struct init init; /* of the weight; all zero: uniform, +-1 / sqrt(K) as PyTorch's nn.Linear */
    double bias_bound; /* bias uniform in +-bias_bound; 0: zeros.  BIAS_DEFAULT: 1 / sqrt(K) */
    bool as_conv; /* the checkpoint has it as a 1x1 convolution: weight (O,K,1,1) */
};

struct pool {
    int kernel; /* required */
    int stride; /* 0: kernel */
    int pad;
};

/* Layers with parameters. */
struct value *nn_conv_with(struct graph *g, const char *name, struct value *x,
                           const struct conv *opt);
/* Transposed: the stride enlarges.  It uses .out, .kernel, .stride, .bias, .init, .bias_bound. */
struct value *nn_conv_transpose_with(struct graph *g, const char *name, struct value *x,
                                     const struct conv *opt);
struct value *nn_batchnorm_with(struct graph *g, const char *name, struct value *x,
                                const struct batchnorm *opt);
struct value *nn_linear_with(struct graph *g, const char *name, struct value *x,
                             const struct linear *opt);
struct value *nn_layernorm(struct graph *g, const char *name, struct value *x, double eps);
struct value *nn_groupnorm(struct graph *g, const char *name, struct value *x, int groups,
                           double eps);
/* x * gamma over the last dimension; the parameter is called exactly "<scope>.<name>". */
struct value *nn_layer_scale(struct graph *g, const char *name, struct value *x, double start);

#define nn_conv(g, name, x, ...) nn_conv_with(g, name, x, &(struct conv){ __VA_ARGS__ })
#define nn_conv_transpose(g, name, x, ...)                                                         \
    nn_conv_transpose_with(g, name, x, &(struct conv){ __VA_ARGS__ })
#define nn_batchnorm(g, name, x, ...)                                                              \
    nn_batchnorm_with(g, name, x, &(struct batchnorm){ __VA_ARGS__ })
#define nn_linear(g, name, x, ...) nn_linear_with(g, name, x, &(struct linear){ __VA_ARGS__ })

/* Layers without. */
struct value *nn_activation(struct graph *g, struct value *x, enum activation kind);
struct value *nn_add(struct graph *g, struct value *a, struct value *b);
struct value *nn_mul(struct graph *g, struct value *a, struct value *b);
struct value *nn_concat(struct graph *g, int axis, struct value *const *xs, int count);
struct value *nn_slice(struct graph *g, struct value *x, int axis, int begin, int end);
struct value *nn_reshape(struct graph *g, struct value *x,
                         struct shape shape); /* one dim may be -1 */
struct value *nn_transpose(struct graph *g, struct value *x, const int *order);
struct value *nn_softmax(struct graph *g, struct value *x);
struct value *nn_matmul(struct graph *g, struct value *a, struct value *b, bool transpose_a,
                        bool transpose_b, double scale);
struct value *nn_attention(struct graph *g, struct value *qkv, int heads);
struct value *nn_maxpool_with(struct graph *g, struct value *x, const struct pool *opt);
struct value *nn_avgpool_with(struct graph *g, struct value *x, const struct pool *opt);
#define nn_maxpool(g, x, ...) nn_maxpool_with(g, x, &(struct pool){ __VA_ARGS__ })
#define nn_avgpool(g, x, ...) nn_avgpool_with(g, x, &(struct pool){ __VA_ARGS__ })
struct value *nn_global_avgpool(struct graph *g, struct value *x); /* (N,C,H,W) -> (N,C) */
struct value *nn_scale_channels(struct graph *g, struct value *x, struct value *s);
struct value *nn_upsample(struct graph *g, struct value *x, int factor);
struct value *nn_dropout(struct graph *g, struct value *x, double rate);   /* rate 0: x itself */
struct value *nn_drop_path(struct graph *g, struct value *x, double rate); /* stochastic depth */
struct value *nn_to_tokens(struct graph *g, struct value *x);
struct value *nn_from_tokens(struct graph *g, struct value *x, int height, int width);
struct value *nn_prepend_token(struct graph *g, struct value *x, struct value *token);
struct value *nn_add_samples(struct graph *g, struct value *x, struct value *b);

/* Mean over the batch of the cross entropy with soft targets; see ops.h.  *per_sample and
 * *probability may be NULL. */
struct value *nn_softmax_cross_entropy(struct graph *g, struct value *logits, struct value *target,
                                       struct value **per_sample, struct value **probability);

/* channels of (N,C,H,W), features of (...,K); 0 after a failure */
static inline int channels(const struct value *x)
{
    return !x ? 0 : (int)x->shape.dim[x->shape.rank == 4 ? 1 : x->shape.rank - 1];
}

#endif

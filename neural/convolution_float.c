/*
  Convolutions in float through oneDNN: primitives, blocked weights and memory objects are made once.
  Where minimal filtering pays (winograd_private.h) it takes all three passes; adjoints of 1x1 convolutions are products
  of matrices.

  bfloat16 operands: on processors whose products of bfloat16 are faster than those of floats, oneDNN
  is given such arrays ("native"). With AVX-512 alone Intel's take twice the time of floats (Sapphire
  Rapids: 75 against 140 GFLOP/s), so there rounded floats are multiplied.
*/
#include "neural/bfloat16_private.h"
#include "neural/winograd_private.h"
#include <dnnl.h>
#include <stdlib.h>
#include <string.h>

#define DNNL(call)                                                                                                     \
  do {                                                                                                                 \
    const dnnl_status_t status_ = (call);                                                                              \
    PetscCheck(status_ == dnnl_success, PETSC_COMM_SELF, PETSC_ERR_LIB, "oneDNN error %d in %s", (int)status_, #call); \
  } while (0)

struct _p_ConvolutionEngine {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  void *scratch; /* for one convolution at a time; training: with its weights, blocked or transformed, at the end */
  size_t scratch_bytes;
  NeuralPool weights; /* blocked or transformed, unless training */
  PetscBool native;   /* bfloat16 by the processor's own instructions */
};

/* An array of which the address comes with each call, or (weights) one of the engine's. */
typedef struct {
  dnnl_memory_t memory;
  size_t bytes;
  void *owned;
} Array;

typedef struct {
  dnnl_primitive_t run, reorder; /* reorder: between the caller's weights and the blocked ones */
  Array x, weight, bias, y;
  Array plain; /* the caller's weights: a slice of [out][channels][k][k] */
} Pass;

struct _p_Convolution {
  ConvolutionShape s;
  ConvolutionEngine engine;
  Pass forward, data, weights;
  Winograd winograd;  /* instead of `forward` (and of `weights`), or NULL */
  Winograd adjoint;   /* instead of `data`, or NULL */
  float *transformed; /* weights for `winograd`, unless training */
  const float *plain; /* the caller's weights, training */
  size_t front;       /* bytes of scratch before blocked or transformed weights, training */
  PetscBool native;
};

static PetscBool native_is_faster(void)
{
  const dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa(); /* a larger number has all of a smaller one's bits */

  if ((isa & dnnl_cpu_isa_avx512_core_amx) == dnnl_cpu_isa_avx512_core_amx) return PETSC_TRUE;
#if defined(__x86_64__)
  __builtin_cpu_init();
  return (PetscBool)((isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16 && __builtin_cpu_is("amd"));
#else
  return PETSC_FALSE;
#endif
}

static PetscErrorCode create_engine(ConvolutionEngine *engine)
{
  PetscFunctionBeginUser;
  PetscCall(PetscNew(engine));
  (*engine)->native = native_is_faster();
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-sinew_bf16_native", &(*engine)->native, NULL));
  DNNL(dnnl_engine_create(&(*engine)->engine, dnnl_cpu, 0));
  DNNL(dnnl_stream_create(&(*engine)->stream, (*engine)->engine, dnnl_stream_default_flags));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_engine(ConvolutionEngine *engine)
{
  PetscFunctionBeginUser;
  if (!*engine) PetscFunctionReturn(PETSC_SUCCESS);
  DNNL(dnnl_stream_destroy((*engine)->stream));
  DNNL(dnnl_engine_destroy((*engine)->engine));
  free((*engine)->scratch);
  NeuralPoolFree(&(*engine)->weights);
  PetscCall(PetscFree(*engine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- descriptions ---- */

typedef struct {
  dnnl_memory_desc_t x, weight, plain, bias, y;
  PetscInt pad; /* zeros that oneDNN is to imagine around x */
} Descriptions;

/* frame: of the input, or (slopes) of the output. The latter is what one gets from an input in twice as many zeros. */
static PetscErrorCode describe(const ConvolutionShape *s, PetscBool native, PetscBool slopes, Descriptions *d)
{
  const dnnl_data_type_t operand = native ? dnnl_bf16 : dnnl_f32;
  const PetscInt reach = s->dilation * (s->kernel - 1), k = s->kernel, rx = slopes ? 0 : reach, ry = slopes ? reach : 0;
  const dnnl_dims_t x = {s->batch, s->in, s->ny + rx, s->nx + rx}, y = {s->batch, s->out, s->ny + ry, s->nx + ry};
  const dnnl_dims_t w = {s->out, s->in, k, k}, strides = {s->channels * k * k, k * k, k, 1}, bias = {s->out};

  PetscFunctionBeginUser;
  d->pad = ry;
  DNNL(dnnl_memory_desc_init_by_tag(&d->x, 4, x, operand, dnnl_nhwc));
  DNNL(dnnl_memory_desc_init_by_tag(&d->y, 4, y, dnnl_f32, dnnl_nhwc));
  DNNL(dnnl_memory_desc_init_by_tag(&d->weight, 4, w, operand, dnnl_format_tag_any));
  DNNL(dnnl_memory_desc_init_by_strides(&d->plain, 4, w, dnnl_f32, strides));
  DNNL(dnnl_memory_desc_init_by_tag(&d->bias, 1, bias, dnnl_f32, dnnl_a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode describe_forward(const ConvolutionShape *s, dnnl_engine_t engine, Descriptions *d,
                                       dnnl_primitive_desc_t *out)
{
  const dnnl_dims_t strides = {1, 1}, dilates = {s->dilation - 1, s->dilation - 1}, pad = {d->pad, d->pad};
  dnnl_convolution_desc_t c;
  dnnl_primitive_attr_t attributes;
  dnnl_post_ops_t post;

  PetscFunctionBeginUser;
  DNNL(dnnl_dilated_convolution_forward_desc_init(&c, s->training ? dnnl_forward_training : dnnl_forward_inference,
                                                  dnnl_convolution_direct, &d->x, &d->weight,
                                                  s->accumulate ? NULL : &d->bias, &d->y, strides, dilates, pad, pad));
  DNNL(dnnl_primitive_attr_create(&attributes));
  DNNL(dnnl_post_ops_create(&post));
  if (s->accumulate) DNNL(dnnl_post_ops_append_sum(post, 1));
  DNNL(dnnl_primitive_attr_set_post_ops(attributes, post));
  DNNL(dnnl_primitive_desc_create(out, &c, attributes, engine, NULL));
  DNNL(dnnl_post_ops_destroy(post));
  DNNL(dnnl_primitive_attr_destroy(attributes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode describe_data(const ConvolutionShape *s, dnnl_engine_t engine, Descriptions *d,
                                    const_dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *out)
{
  const dnnl_dims_t strides = {1, 1}, dilates = {s->dilation - 1, s->dilation - 1}, pad = {d->pad, d->pad};
  dnnl_convolution_desc_t c;

  PetscFunctionBeginUser;
  DNNL(dnnl_dilated_convolution_backward_data_desc_init(&c, dnnl_convolution_direct, &d->x, &d->weight, &d->y, strides,
                                                        dilates, pad, pad));
  DNNL(dnnl_primitive_desc_create(out, &c, NULL, engine, hint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode describe_weights(const ConvolutionShape *s, dnnl_engine_t engine, Descriptions *d,
                                       const_dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *out)
{
  const dnnl_dims_t strides = {1, 1}, dilates = {s->dilation - 1, s->dilation - 1}, pad = {0, 0};
  dnnl_convolution_desc_t c;

  PetscFunctionBeginUser;
  DNNL(dnnl_dilated_convolution_backward_weights_desc_init(&c, dnnl_convolution_direct, &d->x, &d->weight,
                                                           s->accumulate ? NULL : &d->bias, &d->y, strides, dilates,
                                                           pad, pad));
  DNNL(dnnl_primitive_desc_create(out, &c, NULL, engine, hint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- passes ---- */

static PetscErrorCode create_array(ConvolutionEngine e, const dnnl_memory_desc_t *description, Array *array)
{
  PetscFunctionBeginUser;
  array->bytes = dnnl_memory_desc_get_size(description);
  DNNL(dnnl_memory_create(&array->memory, description, e->engine, DNNL_MEMORY_NONE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The primitive of a description, its arrays, and the reorder of weights: to the blocked ones, or (gradient) from them.
 */
static PetscErrorCode create_pass(ConvolutionEngine e, dnnl_primitive_desc_t description, dnnl_query_t weight_query,
                                  PetscBool gradient, const Descriptions *d, Pass *pass)
{
  const dnnl_memory_desc_t *weight = dnnl_primitive_desc_query_md(description, weight_query, 0);
  dnnl_primitive_desc_t reorder;

  PetscFunctionBeginUser;
  PetscCall(create_array(e, &d->x, &pass->x));
  PetscCall(create_array(e, &d->y, &pass->y));
  PetscCall(create_array(e, &d->bias, &pass->bias));
  PetscCall(create_array(e, &d->plain, &pass->plain));
  PetscCall(create_array(e, weight, &pass->weight));
  DNNL(dnnl_primitive_create(&pass->run, description));
  DNNL(dnnl_reorder_primitive_desc_create(&reorder, gradient ? weight : &d->plain, e->engine,
                                          gradient ? &d->plain : weight, e->engine, NULL));
  DNNL(dnnl_primitive_create(&pass->reorder, reorder));
  DNNL(dnnl_primitive_desc_destroy(reorder));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_pass(Pass *pass)
{
  Array *arrays[] = {&pass->x, &pass->weight, &pass->bias, &pass->y, &pass->plain};

  PetscFunctionBeginUser;
  if (!pass->run) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t k = 0; k < sizeof(arrays) / sizeof(arrays[0]); ++k) DNNL(dnnl_memory_destroy(arrays[k]->memory));
  DNNL(dnnl_primitive_destroy(pass->run));
  DNNL(dnnl_primitive_destroy(pass->reorder));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_data(Convolution c)
{
  const dnnl_engine_t engine = c->engine->engine;
  dnnl_primitive_desc_t hint, description;
  Descriptions d;

  PetscFunctionBeginUser;
  PetscCall(describe(&c->s, PETSC_FALSE, PETSC_TRUE, &d));
  PetscCall(describe_forward(&c->s, engine, &d, &hint));
  PetscCall(describe_data(&c->s, engine, &d, hint, &description));
  PetscCall(create_pass(c->engine, description, dnnl_query_weights_md, PETSC_FALSE, &d, &c->data));
  DNNL(dnnl_primitive_desc_destroy(description));
  DNNL(dnnl_primitive_desc_destroy(hint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_weights(Convolution c, Descriptions *d, dnnl_primitive_desc_t hint)
{
  dnnl_primitive_desc_t description;

  PetscFunctionBeginUser;
  PetscCall(describe_weights(&c->s, c->engine->engine, d, hint, &description));
  PetscCall(create_pass(c->engine, description, dnnl_query_diff_weights_md, PETSC_TRUE, d, &c->weights));
  DNNL(dnnl_primitive_desc_destroy(description));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static size_t input_values(const ConvolutionShape *s)
{
  const PetscInt reach = s->dilation * (s->kernel - 1);

  return (size_t)(s->batch * (s->ny + reach) * (s->nx + reach) * s->in);
}

static size_t output_values(const ConvolutionShape *s)
{
  return (size_t)(s->batch * s->ny * s->nx * s->out);
}

/* What convolutions share is as large as the largest of them needs, and made when the first one runs: grown with each
 * new one it would leave holes in the heap. */
static void reserve(Convolution c)
{
  const Pass *pass[] = {&c->forward, &c->data, &c->weights};
  const Winograd winograd[] = {c->winograd, c->adjoint};
  size_t front = 0, back = 0;

  if (c->forward.run && c->s.bf16) front = input_values(&c->s) * sizeof(float);
  if (c->weights.run) front = NeuralRoom(output_values(&c->s) * sizeof(float));
  for (int k = 0; k < 3; ++k)
    if (pass[k]->run) back = PetscMax(back, pass[k]->weight.bytes);
  for (int k = 0; k < 2; ++k) {
    if (!winograd[k]) continue;
    front = PetscMax(front, WinogradScratch(winograd[k]));
    back = PetscMax(back, WinogradPackedBytes(winograd[k]));
  }
  c->front = front;
  c->engine->scratch_bytes = PetscMax(c->engine->scratch_bytes, front + (c->s.training ? back : 0));
  if (!c->s.training) NeuralPoolExpect(&c->engine->weights, back);
}

static PetscErrorCode provide(ConvolutionEngine e)
{
  PetscFunctionBeginUser;
  if (!e->scratch && e->scratch_bytes) PetscCall(NeuralAlloc(e->scratch_bytes, &e->scratch));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where blocked or transformed weights are made in training. */
static void *packed(const Convolution c)
{
  return (char *)c->engine->scratch + c->front;
}

/* 1x1 convolutions are products of matrices as they stand. */
static PetscBool is_product(const ConvolutionShape *s)
{
  return (PetscBool)(s->kernel == 1);
}

static PetscErrorCode create_backward(Convolution c, Descriptions *d, dnnl_primitive_desc_t hint)
{
  ConvolutionShape turned = c->s;

  PetscFunctionBeginUser;
  turned.in = c->s.out;
  turned.out = c->s.in;
  turned.accumulate = PETSC_FALSE;
  if (is_product(&c->s)) PetscFunctionReturn(PETSC_SUCCESS);
  if (WinogradFits(&turned))
    PetscCall(WinogradCreate(&turned, &c->adjoint));
  else
    PetscCall(create_data(c));
  if (!c->winograd) PetscCall(create_weights(c, d, hint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(ConvolutionEngine engine, const ConvolutionShape *shape, Convolution *out)
{
  Convolution c;
  Descriptions d;
  dnnl_primitive_desc_t description;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&c));
  c->s = *shape;
  c->engine = engine;
  c->native = (PetscBool)(shape->bf16 && engine->native);
  *out = c;
  if (!shape->ny || !shape->nx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(describe(shape, c->native, PETSC_FALSE, &d));
  PetscCall(describe_forward(shape, engine->engine, &d, &description));
  if (WinogradFits(shape) && !c->native)
    PetscCall(WinogradCreate(shape, &c->winograd));
  else
    PetscCall(create_pass(engine, description, dnnl_query_weights_md, PETSC_FALSE, &d, &c->forward));
  if (shape->training) PetscCall(create_backward(c, &d, description));
  reserve(c);
  DNNL(dnnl_primitive_desc_destroy(description));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(Convolution *convolution)
{
  Convolution c = *convolution;

  PetscFunctionBeginUser;
  *convolution = NULL;
  if (!c) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(WinogradDestroy(&c->winograd));
  PetscCall(WinogradDestroy(&c->adjoint));
  PetscCall(destroy_pass(&c->forward));
  PetscCall(destroy_pass(&c->data));
  PetscCall(destroy_pass(&c->weights));
  PetscCall(PetscFree(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- running ---- */

static PetscErrorCode execute(Convolution c, dnnl_primitive_t primitive, int n, const dnnl_exec_arg_t arguments[])
{
  PetscFunctionBeginUser;
  DNNL(dnnl_primitive_execute(primitive, c->engine->stream, n, arguments));
  DNNL(dnnl_stream_wait(c->engine->stream));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode place(const Array *array, const void *address)
{
  PetscFunctionBeginUser;
  DNNL(dnnl_memory_set_data_handle(array->memory, (void *)address));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* In training all convolutions share one array. Else it is made when first used: by then, in a lean network, the plain
 * weights before it are gone. */
static PetscErrorCode own_weights(const Convolution c, Pass *pass)
{
  Array *weight = &pass->weight;

  PetscFunctionBeginUser;
  if (c->s.training) {
    DNNL(dnnl_memory_set_data_handle(weight->memory, packed(c)));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (weight->owned) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NeuralPoolTake(&c->engine->weights, weight->bytes, &weight->owned));
  DNNL(dnnl_memory_set_data_handle(weight->memory, weight->owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rounds to bfloat16: to half as many bytes, or to floats. */
static void round_values(size_t n, const float *restrict x, PetscBool narrow, void *restrict out)
{
  uint16_t *restrict halves = out;
  float *restrict floats = out;

  if (narrow)
#pragma omp simd
    for (size_t k = 0; k < n; ++k) halves[k] = (uint16_t)(Bfloat16Bits(x[k]) >> 16);
  else
#pragma omp simd
    for (size_t k = 0; k < n; ++k) floats[k] = Bfloat16Round(x[k]);
}

/* Moves weights to (or gradients from) the blocked array of a pass. */
static PetscErrorCode reorder(Convolution c, Pass *pass, const void *weight, PetscBool gradient)
{
  const Array *from = gradient ? &pass->weight : &pass->plain, *to = gradient ? &pass->plain : &pass->weight;
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from->memory}, {DNNL_ARG_TO, to->memory}};

  PetscFunctionBeginUser;
  PetscCall(own_weights(c, pass));
  PetscCall(place(&pass->plain, (const float *)weight + c->s.slice * c->s.kernel * c->s.kernel));
  PetscCall(execute(c, pass->reorder, 2, arguments));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* For rounded floats; native weights are rounded when reordered. */
static PetscErrorCode reorder_rounded(Convolution c, const float *weight)
{
  const size_t n = (size_t)(c->s.out * c->s.channels * c->s.kernel * c->s.kernel);
  float *rounded;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &rounded));
  round_values(n, weight, PETSC_FALSE, rounded);
  PetscCall(reorder(c, &c->forward, rounded, PETSC_FALSE));
  PetscCall(PetscFree(rounded));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode pack(Convolution c, const void *weight)
{
  PetscFunctionBeginUser;
  if (c->s.training) /* they change with every step: made where they are used, and kept by nobody */
    c->plain = weight;
  else if (c->winograd) {
    if (!c->transformed)
      PetscCall(NeuralPoolTake(&c->engine->weights, WinogradPackedBytes(c->winograd), (void **)&c->transformed));
    WinogradPack(c->winograd, PETSC_FALSE, weight, c->transformed);
  } else if (c->forward.run && c->s.bf16 && !c->native)
    PetscCall(reorder_rounded(c, weight));
  else if (c->forward.run)
    PetscCall(reorder(c, &c->forward, weight, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode forward_winograd(Convolution c, const void *x, const void *bias, void *y)
{
  float *weights = c->s.training ? packed(c) : c->transformed;

  PetscFunctionBeginUser;
  if (c->s.training) WinogradPack(c->winograd, PETSC_FALSE, c->plain, weights);
  PetscCall(WinogradForward(c->winograd, weights, x, bias, y, c->engine->scratch));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode forward(Convolution c, const void *x, const void *bias, void *y)
{
  Pass *p = &c->forward;
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, p->x.memory},
                                       {DNNL_ARG_WEIGHTS, p->weight.memory},
                                       {DNNL_ARG_DST, p->y.memory},
                                       {DNNL_ARG_BIAS, p->bias.memory}};

  PetscFunctionBeginUser;
  PetscCall(provide(c->engine));
  if (c->winograd) PetscCall(forward_winograd(c, x, bias, y));
  if (!p->run) PetscFunctionReturn(PETSC_SUCCESS);
  if (c->s.training) PetscCall(reorder(c, p, c->plain, PETSC_FALSE));
  if (c->s.bf16) round_values(input_values(&c->s), x, c->native, c->engine->scratch);
  PetscCall(place(&p->x, c->s.bf16 ? c->engine->scratch : x));
  PetscCall(place(&p->y, y));
  PetscCall(place(&p->bias, bias));
  PetscCall(execute(c, p->run, c->s.accumulate ? 3 : 4, arguments));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- backward ---- */

static PetscErrorCode multiply(char ta, char tb, PetscInt m, PetscInt n, PetscInt k, const float *a, PetscInt lda,
                               const float *b, PetscInt ldb, float *result, PetscInt ldc)
{
  PetscFunctionBeginUser;
  DNNL(dnnl_sgemm(ta, tb, m, n, k, 1, a, lda, b, ldb, 0, result, ldc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where row y of the box of sample b begins in the framed gradient of the output. */
static const float *slope_row(const ConvolutionShape *s, const float *gy, PetscInt b, PetscInt y)
{
  const PetscInt frame = s->dilation * (s->kernel - 1) / 2;

  return gy + ((b * (s->ny + 2 * frame) + y + frame) * (s->nx + 2 * frame) + frame) * s->out;
}

/* Sums over all cells. */
static void bias_gradient(const ConvolutionShape *s, const float *gy, float *restrict gbias)
{
  memset(gbias, 0, (size_t)s->out * sizeof(*gbias));
  for (PetscInt b = 0; b < s->batch; ++b)
    for (PetscInt y = 0; y < s->ny; ++y) {
      const float *restrict row = slope_row(s, gy, b, y);

      for (PetscInt x = 0; x < s->nx; ++x, row += s->out)
#pragma omp simd
        for (PetscInt o = 0; o < s->out; ++o) gbias[o] += row[o];
    }
}

/* The boxes alone, which is what oneDNN's gradient of weights takes. */
static void copy_boxes(const ConvolutionShape *s, const float *gy, float *boxes)
{
  const size_t row = (size_t)(s->nx * s->out);

  for (PetscInt b = 0; b < s->batch; ++b)
    for (PetscInt y = 0; y < s->ny; ++y, boxes += row) memcpy(boxes, slope_row(s, gy, b, y), row * sizeof(*boxes));
}

static PetscErrorCode backward_data(Convolution c, const void *gy, void *gx)
{
  const ConvolutionShape *s = &c->s;
  Pass *p = &c->data;
  const dnnl_exec_arg_t arguments[] = {
      {DNNL_ARG_DIFF_DST, p->y.memory}, {DNNL_ARG_WEIGHTS, p->weight.memory}, {DNNL_ARG_DIFF_SRC, p->x.memory}};

  PetscFunctionBeginUser;
  PetscCall(provide(c->engine));
  if (!s->ny || !s->nx) PetscFunctionReturn(PETSC_SUCCESS);
  if (c->adjoint) {
    WinogradPack(c->adjoint, PETSC_TRUE, c->plain, packed(c));
    PetscCall(WinogradForward(c->adjoint, packed(c), gy, NULL, gx, c->engine->scratch));
  }
  if (is_product(s))
    PetscCall(multiply('N', 'N', s->batch * s->ny * s->nx, s->in, s->out, gy, s->out, c->plain + s->slice, s->channels,
                       gx, s->in));
  if (!p->run) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(reorder(c, p, c->plain, PETSC_FALSE));
  PetscCall(place(&p->x, gx));
  PetscCall(place(&p->y, gy));
  PetscCall(execute(c, p->run, 3, arguments));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode backward_weights(Convolution c, const void *x, const void *gy, void *gweight, void *gbias)
{
  const ConvolutionShape *s = &c->s;
  Pass *p = &c->weights;
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, p->x.memory},
                                       {DNNL_ARG_DIFF_DST, p->y.memory},
                                       {DNNL_ARG_DIFF_WEIGHTS, p->weight.memory},
                                       {DNNL_ARG_DIFF_BIAS, p->bias.memory}};

  PetscFunctionBeginUser;
  PetscCall(provide(c->engine));
  if (!s->ny || !s->nx) PetscFunctionReturn(PETSC_SUCCESS);
  if (c->winograd) PetscCall(WinogradGradient(c->winograd, x, gy, gweight, c->engine->scratch));
  if (is_product(s))
    PetscCall(multiply('T', 'N', s->out, s->in, s->batch * s->ny * s->nx, gy, s->out, x, s->in,
                       (float *)gweight + s->slice, s->channels));
  if (!p->run) {
    if (gbias) bias_gradient(s, gy, gbias);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(own_weights(c, p));
  copy_boxes(s, gy, c->engine->scratch);
  PetscCall(place(&p->x, x));
  PetscCall(place(&p->y, c->engine->scratch));
  PetscCall(place(&p->bias, gbias));
  PetscCall(execute(c, p->run, c->s.accumulate ? 3 : 4, arguments));
  PetscCall(reorder(c, p, gweight, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const ConvolutionMethods ConvolutionFloat = {create_engine, destroy_engine, create,        destroy,
                                             pack,          forward,        backward_data, backward_weights};

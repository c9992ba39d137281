/* Builds the graph of a SineNet. */
#include "neural/sinenet.h"
#include "neural/network_private.h"
#include "neural/ode_private.h"
#include <stdio.h>
#include <string.h>

#define LEVELS       SINEW_SINENET_LEVELS
#define SHARED_CELLS 256
#define MESSAGE      4096 /* numbers that are read in the time of a message */
#define NAME         64

typedef struct {
  const SinewSinenetOptions *o;
  Graph g;
  Activation activation;
  PetscInt channels[LEVELS + 1];
  SinewLayout halved[LEVELS + 1], merged[LEVELS + 1];
} Builder;

/* ---- variants ---- */

typedef struct {
  const char *name;
  PetscInt hidden, waves;
  PetscReal mult;
  PetscBool disentangle;
  PetscInt blocks;
  SinewSinenetKind kind;
  PetscBool scale_shift;
} Variant;

static const Variant variants[] = {
    {"sinenet8-dual", 64, 8, 1.425, PETSC_TRUE, 1, SINEW_SINENET_PLAIN, PETSC_FALSE},
    {"sinenet6-dual", 64, 6, 1.5, PETSC_TRUE, 1, SINEW_SINENET_PLAIN, PETSC_FALSE},
    {"sinenet4-dual", 64, 4, 1.611, PETSC_TRUE, 1, SINEW_SINENET_PLAIN, PETSC_FALSE},
    {"sinenet2-dual", 64, 2, 1.8075, PETSC_TRUE, 1, SINEW_SINENET_PLAIN, PETSC_FALSE},
    {"sinenet1-dual", 64, 1, 2, PETSC_TRUE, 1, SINEW_SINENET_PLAIN, PETSC_FALSE},
    {"sinenet1-dual-128", 128, 1, 2, PETSC_TRUE, 1, SINEW_SINENET_PLAIN, PETSC_FALSE},
    {"sinenet8-dual-tangle", 64, 8, 1.425, PETSC_FALSE, 1, SINEW_SINENET_PLAIN, PETSC_FALSE},
    {"deeper_unet8-dual", 64, 1, 1.425, PETSC_TRUE, 8, SINEW_SINENET_PLAIN, PETSC_FALSE},
    {"sinenet-neural-ODE", 64, 1, 1.7, PETSC_TRUE, 1, SINEW_SINENET_ODE, PETSC_FALSE},
    {"sinenet8-add", 64, 8, 1.425, PETSC_TRUE, 1, SINEW_SINENET_CONDITIONAL, PETSC_FALSE},
    {"sinenet8-adagn", 64, 8, 1.425, PETSC_TRUE, 1, SINEW_SINENET_CONDITIONAL, PETSC_TRUE},
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

/* each also with "-circ" (periodic) behind it */
const char *const SinewSinenetVariants[] = {"sinenet8-dual",        "sinenet6-dual",     "sinenet4-dual",
                                            "sinenet2-dual",        "sinenet1-dual",     "sinenet1-dual-128",
                                            "sinenet8-dual-tangle", "deeper_unet8-dual", "sinenet-neural-ODE",
                                            "sinenet8-add",         "sinenet8-adagn",    NULL};

PetscErrorCode SinewSinenetVariant(const char name[], SinewSinenetOptions *options, PetscBool *known)
{
  PetscFunctionBeginUser;
  *known = PETSC_FALSE;
  for (size_t k = 0; k < VARIANTS && !*known; ++k) {
    const Variant *v = &variants[k];
    const size_t length = strlen(v->name);

    if (strncmp(name, v->name, length) || (name[length] && strcmp(name + length, "-circ"))) continue;
    options->hidden = v->hidden;
    options->waves = v->waves;
    options->mult = v->mult;
    options->disentangle = v->disentangle;
    options->blocks = v->blocks;
    options->kind = v->kind;
    options->scale_shift = v->scale_shift;
    options->periodic = (PetscBool)(name[length] != 0);
    *known = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSinenetPrecision(const char name[], SinewSinenetOptions *options, PetscBool *known)
{
  static const struct {
    const char *name;
    SinewDtype dtype;
    PetscBool bf16;
  } precisions[] = {
      {"f32", SINEW_FLOAT32, PETSC_FALSE}, {"bf16", SINEW_FLOAT32, PETSC_TRUE}, {"f64", SINEW_FLOAT64, PETSC_FALSE}};

  PetscFunctionBeginUser;
  *known = PETSC_FALSE;
  for (size_t k = 0; k < sizeof(precisions) / sizeof(precisions[0]) && !*known; ++k) {
    if (strcmp(name, precisions[k].name)) continue;
    options->dtype = precisions[k].dtype;
    options->bf16 = precisions[k].bf16;
    *known = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSinenetDefaults(SinewSinenetOptions *options)
{
  PetscFunctionBeginUser;
  *options = (SinewSinenetOptions){.kind = SINEW_SINENET_PLAIN,
                                   .inputs = 1,
                                   .outputs = 1,
                                   .hidden = 64,
                                   .waves = 1,
                                   .blocks = 1,
                                   .mult = 2,
                                   .disentangle = PETSC_TRUE,
                                   .activation = "gelu",
                                   .scalar = PETSC_TRUE,
                                   .tolerance = 0.01,
                                   .lattice = 1,
                                   .dtype = SINEW_FLOAT32,
                                   .batch = 1};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- parameters, in the order of the state_dict ---- */

static PetscErrorCode declare_convolution(Graph g, const char name[], PetscInt in, PetscInt out, PetscInt kernel)
{
  const double bound = 1 / sqrt((double)(in * kernel * kernel));
  PetscInt id;

  PetscFunctionBeginUser;
  PetscCall(GraphParameter(g, &id, 4, (PetscInt64[]){out, in, kernel, kernel}, bound, 0, "%s.weight", name));
  PetscCall(GraphParameter(g, &id, 1, (PetscInt64[]){out}, bound, 0, "%s.bias", name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode declare_block(const Builder *b, const char stem[], PetscInt block, PetscInt in, PetscInt out)
{
  const PetscInt wide = b->o->scale_shift ? 2 * out : out;
  char name[NAME];
  PetscInt id;

  PetscFunctionBeginUser;
  for (int k = 1; k <= 2; ++k) {
    (void)snprintf(name, sizeof(name), "%s.conv.%d.conv%d", stem, (int)block, k);
    PetscCall(declare_convolution(b->g, name, k == 1 ? in : out, out, 3));
  }
  for (int k = 1; k <= 2; ++k) {
    PetscCall(GraphParameter(b->g, &id, 1, (PetscInt64[]){out}, 0, 1, "%s.conv.%d.norm%d.weight", stem, (int)block, k));
    PetscCall(GraphParameter(b->g, &id, 1, (PetscInt64[]){out}, 0, 0, "%s.conv.%d.norm%d.bias", stem, (int)block, k));
  }
  if (b->o->kind != SINEW_SINENET_PLAIN) {
    const PetscInt features = ConditionFeatures(b->g);
    const double bound = 1 / sqrt((double)features);

    PetscCall(GraphParameter(b->g, &id, 2, (PetscInt64[]){wide, features}, bound, 0, "%s.conv.%d.cond_emb.weight", stem,
                             (int)block));
    PetscCall(
        GraphParameter(b->g, &id, 1, (PetscInt64[]){wide}, bound, 0, "%s.conv.%d.cond_emb.bias", stem, (int)block));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The start of the names of one level: "down.W.K", or "odefunc.down.K". */
static void stem_of(const Builder *b, PetscInt wave, const char way[], PetscInt k, char stem[NAME])
{
  if (b->o->kind == SINEW_SINENET_ODE)
    (void)snprintf(stem, NAME, "odefunc.%s.%d", way, (int)k);
  else
    (void)snprintf(stem, NAME, "%s.%d.%d", way, (int)wave, (int)k);
}

/* One level of one wave; narrow: channels that the shortcut reads. */
static PetscErrorCode declare_level(const Builder *b, PetscInt wave, const char way[], PetscInt k, PetscInt in,
                                    PetscInt narrow, PetscInt out)
{
  char stem[NAME], name[NAME];

  PetscFunctionBeginUser;
  stem_of(b, wave, way, k, stem);
  for (PetscInt block = 0; block < b->o->blocks; ++block)
    PetscCall(declare_block(b, stem, block, block ? out : in, out));
  (void)snprintf(name, sizeof(name), "%.32s.shortcut", stem);
  PetscCall(declare_convolution(b->g, name, narrow, out, 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode declare_waves(const Builder *b)
{
  const PetscInt *c = b->channels;

  PetscFunctionBeginUser;
  for (PetscInt w = 0; w < b->o->waves; ++w)
    for (PetscInt i = 1; i <= LEVELS; ++i)
      PetscCall(declare_level(b, w, "down", i - 1, c[i - 1] + (b->o->disentangle && i > 1 ? c[0] : 0), c[i - 1], c[i]));
  for (PetscInt w = 0; w < b->o->waves; ++w)
    for (PetscInt i = LEVELS; i >= 1; --i)
      PetscCall(declare_level(b, w, "up", LEVELS - i, c[i] + c[i - 1], c[i], c[i - 1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode declare(const Builder *b)
{
  static const char *const both[] = {"time_embed", "pde_emb", NULL}, *const time[] = {"time_embed", NULL},
                           *const ode[] = {"odefunc.time_embed", NULL};

  PetscFunctionBeginUser;
  if (b->o->kind == SINEW_SINENET_CONDITIONAL)
    PetscCall(ConditionCreate(b->g, b->o->hidden, b->o->scalar ? both : time));
  PetscCall(declare_convolution(b->g, "image_proj", b->o->inputs, b->o->hidden, 3));
  if (b->o->kind == SINEW_SINENET_ODE) PetscCall(ConditionCreate(b->g, b->o->hidden, ode));
  PetscCall(declare_waves(b));
  PetscCall(declare_convolution(b->g, "final", b->o->hidden, b->o->outputs, 3));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- layers ---- */

/* convolution, norm, activation, twice; conditioning between them; residuals at the end */
static PetscErrorCode build_block(const Builder *b, const char stem[], PetscInt block, PetscInt sources,
                                  const PetscInt source[], PetscInt channels, int residuals, const PetscInt residual[],
                                  PetscInt halo, PetscInt *out)
{
  char convolution[NAME], norm[NAME], condition[NAME];
  PointwiseLayer layer = {.norm = norm, .activation = b->activation, .scale_shift = b->o->scale_shift};
  PetscInt node;

  PetscFunctionBeginUser;
  (void)snprintf(condition, sizeof(condition), "%.32s.conv.%d.cond_emb", stem, (int)block);
  (void)snprintf(convolution, sizeof(convolution), "%.32s.conv.%d.conv1", stem, (int)block);
  (void)snprintf(norm, sizeof(norm), "%.32s.conv.%d.norm1", stem, (int)block);
  layer.condition = b->o->kind == SINEW_SINENET_PLAIN ? NULL : condition;
  PetscCall(LayerConvolution(b->g, convolution, sources, source, 3, 1, 0, channels, &node));
  PetscCall(LayerPointwise(b->g, &layer, node, 1, &node));
  (void)snprintf(convolution, sizeof(convolution), "%.32s.conv.%d.conv2", stem, (int)block);
  (void)snprintf(norm, sizeof(norm), "%.32s.conv.%d.norm2", stem, (int)block);
  layer.condition = NULL;
  layer.residuals = residuals;
  for (int k = 0; k < residuals; ++k) layer.residual[k] = residual[k];
  PetscCall(LayerConvolution(b->g, convolution, 1, &node, 3, 1, 0, channels, &node));
  PetscCall(LayerPointwise(b->g, &layer, node, halo, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All blocks of a level: the first adds the shortcut, the others their input, the last also `more` (-1: nothing). */
static PetscErrorCode build_blocks(const Builder *b, const char stem[], PetscInt sources, const PetscInt source[],
                                   PetscInt channels, PetscInt shortcut, PetscInt more, PetscInt halo, PetscInt *out)
{
  PetscInt node = shortcut;

  PetscFunctionBeginUser;
  for (PetscInt block = 0; block < b->o->blocks; ++block) {
    const PetscBool last = (PetscBool)(block == b->o->blocks - 1);
    const PetscInt residual[] = {node, more};

    PetscCall(build_block(b, stem, block, block ? 1 : sources, block ? &node : source, channels,
                          last && more >= 0 ? 2 : 1, residual, last ? halo : 1, &node));
  }
  *out = node;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The halo that a node of level i needs to be up-sampled; none when it is moved to other boxes first. */
static PetscInt halo_before_up(const Builder *b, PetscInt i)
{
  return b->halved[i] == b->merged[i] ? 2 : 0;
}

static PetscErrorCode build_down(const Builder *b, PetscInt wave, PetscInt i, PetscInt h, PetscInt *dx, PetscInt *out)
{
  PetscInt source[2], shortcut;
  char stem[NAME], name[NAME];

  PetscFunctionBeginUser;
  stem_of(b, wave, "down", i - 1, stem);
  (void)snprintf(name, sizeof(name), "%.32s.shortcut", stem);
  PetscCall(LayerPool(b->g, b->o->maximum, h, b->halved[i], b->merged[i], 1, &source[0]));
  if (b->o->disentangle) {
    if (i == 1)
      *dx = source[0];
    else
      PetscCall(LayerPool(b->g, b->o->maximum, *dx, b->halved[i], b->merged[i], 1, dx));
    source[1] = *dx;
  }
  PetscCall(LayerConvolution(b->g, name, 1, source, 1, 1, 0, b->channels[i], &shortcut));
  PetscCall(build_blocks(b, stem, b->o->disentangle && i > 1 ? 2 : 1, source, b->channels[i], shortcut, -1,
                         i < LEVELS ? 1 : halo_before_up(b, i), out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The 1x1 shortcut commutes with the up-sampling, and is four times cheaper before it. */
static PetscErrorCode build_up(const Builder *b, PetscInt wave, PetscInt i, PetscInt x, PetscInt skip, PetscInt more,
                               PetscInt *out)
{
  const SinewLayout fine = b->merged[i - 1];
  PetscInt source[2] = {skip}, shortcut;
  char stem[NAME], name[NAME];

  PetscFunctionBeginUser;
  stem_of(b, wave, "up", LEVELS - i, stem);
  (void)snprintf(name, sizeof(name), "%.32s.shortcut", stem);
  if (b->halved[i] != b->merged[i]) PetscCall(LayerMove(b->g, x, b->halved[i], 2, &x));
  PetscCall(LayerConvolution(b->g, name, 1, &x, 1, 1, 2, b->channels[i - 1], &shortcut));
  PetscCall(LayerUpsample(b->g, shortcut, fine, 0, &shortcut));
  PetscCall(LayerUpsample(b->g, x, fine, 1, &source[1]));
  PetscCall(
      build_blocks(b, stem, 2, source, b->channels[i - 1], shortcut, more, i > 1 ? halo_before_up(b, i - 1) : 1, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build_wave(const Builder *b, PetscInt wave, PetscInt x, PetscInt *out)
{
  PetscInt h[LEVELS + 1] = {x}, dx = x, y;

  PetscFunctionBeginUser;
  for (PetscInt i = 1; i <= LEVELS; ++i) PetscCall(build_down(b, wave, i, h[i - 1], &dx, &h[i]));
  y = h[LEVELS];
  for (PetscInt i = LEVELS; i >= 1; --i) PetscCall(build_up(b, wave, i, y, h[i - 1], i == 1 ? x : -1, &y));
  *out = y;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build_plain(const Builder *b, SinewNetwork network)
{
  const PointwiseLayer copy = {.activation = ACTIVATION_NONE};
  PetscInt node;

  PetscFunctionBeginUser;
  PetscCall(LayerInput(b->g, b->merged[0], b->o->inputs, 1, &network->input));
  PetscCall(LayerConvolution(b->g, "image_proj", 1, &network->input, 3, 1, 0, b->o->hidden, &node));
  PetscCall(LayerPointwise(b->g, &copy, node, 1, &node));
  for (PetscInt w = 0; w < b->o->waves; ++w) {
    if (b->o->recompute) PetscCall(GraphSegmentBegin(b->g));
    PetscCall(build_wave(b, w, node, &node));
    if (!b->o->recompute) continue;
    PetscCall(GraphKeepValue(b->g, node)); /* the next wave's input */
    PetscCall(GraphSegmentEnd(b->g));
  }
  PetscCall(LayerConvolution(b->g, "final", 1, &node, 3, 1, 0, b->o->outputs, &network->output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build_ode(const Builder *b, SinewNetwork network, OdeParts *parts)
{
  PetscFunctionBeginUser;
  PetscCall(LayerInput(b->g, b->merged[0], b->o->inputs, 1, &network->input));
  PetscCall(LayerConvolution(b->g, "image_proj", 1, &network->input, 3, 1, 0, b->o->hidden, &parts->initial));
  parts->lift = b->g->ops;
  PetscCall(LayerInput(b->g, b->merged[0], b->o->hidden, 1, &parts->state));
  PetscCall(build_wave(b, 0, parts->state, &parts->slope));
  parts->project = b->g->ops;
  PetscCall(LayerInput(b->g, b->merged[0], b->o->hidden, 1, &parts->final));
  PetscCall(LayerConvolution(b->g, "final", 1, &parts->final, 3, 1, 0, b->o->outputs, &network->output));
  PetscCall(GraphKeep(b->g, parts->initial));
  PetscCall(GraphKeep(b->g, parts->slope));
  parts->features = b->o->hidden;
  parts->tolerance = b->o->tolerance;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- creation ---- */

static PetscErrorCode check(SinewLayout layout, const SinewSinenetOptions *o, Activation *activation)
{
  const MPI_Comm comm = layout->comm;
  const PetscInt unit = 1 << LEVELS;

  PetscFunctionBeginUser;
  PetscCheck(o->inputs > 0 && o->outputs > 0 && o->hidden > 0 && o->waves > 0 && o->blocks > 0 && o->batch > 0, comm,
             SINEW_ERR_INPUT, "sinenet: channels, waves, blocks and batch must be positive");
  PetscCheck(o->mult > 0 && (PetscInt)(o->hidden * pow(o->mult, LEVELS)) > 0, comm, SINEW_ERR_INPUT,
             "sinenet: mult %g is too small", o->mult);
  PetscCheck(layout->ny % unit == 0 && layout->nx % unit == 0, comm, SINEW_ERR_INPUT,
             "sinenet: a grid of %" PetscInt_FMT " x %" PetscInt_FMT " cells is not a multiple of %" PetscInt_FMT,
             layout->ny, layout->nx, unit);
  PetscCheck(layout->periodic == o->periodic, comm, PETSC_ERR_ARG_INCOMP, "layout and network differ in periodicity");
  PetscCheck(o->kind != SINEW_SINENET_ODE || o->waves == 1, comm, SINEW_ERR_INPUT,
             "sinenet: a neural ODE has one wave");
  PetscCheck(o->lattice >= 1 && o->batch % (o->lattice * o->lattice) == 0, comm, PETSC_ERR_ARG_SIZ,
             "sinenet: the batch must hold all sub-lattices");
  PetscCheck(o->lattice == 1 || !o->training, comm, PETSC_ERR_SUP, "sinenet: super-resolution is for inference");
  PetscCheck(o->lattice == 1 || (o->periodic && o->kind == SINEW_SINENET_PLAIN), comm, SINEW_ERR_INPUT,
             "sinenet: super-resolution needs circular padding and a plain network");
  PetscCheck(!o->stream || o->kind != SINEW_SINENET_ODE, comm, PETSC_ERR_SUP,
             "sinenet: gradients of a neural ODE are complete at the end only");
  PetscCheck(!o->bf16 || (o->dtype == SINEW_FLOAT32 && !o->training), comm, PETSC_ERR_SUP,
             "sinenet: bfloat16 is for inference in single precision");
  PetscCheck(ActivationFind(o->activation, activation) && *activation != ACTIVATION_NONE, comm, SINEW_ERR_INPUT,
             "sinenet: activation '%s' is none of gelu, relu, silu, tanh, sigmoid", o->activation);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Small maps are shared where weights (9 channels^2 in a convolution, of which a rank then reads its part) outweigh
 * what sharing costs, a message to every rank; or where the option says so. */
static PetscErrorCode share(PetscInt channels, SinewLayout *layout)
{
  const SinewLayout cut = *layout;
  PetscInt cells = SHARED_CELLS;
  PetscBool told;
  PetscMPIInt size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(cut->comm, &size));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-sinew_shared_cells", &cells, &told));
  if (!told && 9 * channels * channels < MESSAGE * size) PetscFunctionReturn(PETSC_SUCCESS);
  if (cut->shared || size == 1 || cut->ny * cut->nx > cells) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewLayoutShare(cut, layout));
  PetscCall(SinewLayoutDestroy((SinewLayout[]){cut}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_levels(Builder *b, SinewLayout layout)
{
  PetscFunctionBeginUser;
  b->merged[0] = layout;
  for (PetscInt i = 0; i <= LEVELS; ++i) b->channels[i] = (PetscInt)((double)b->o->hidden * pow(b->o->mult, (double)i));
  for (PetscInt i = 1; i <= LEVELS; ++i) {
    PetscCall(SinewLayoutCoarsen(b->merged[i - 1], (PetscBool)(i < LEVELS), &b->halved[i], &b->merged[i]));
    PetscCall(share(b->channels[i], &b->merged[i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_levels(Builder *b)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 1; i <= LEVELS; ++i) {
    PetscCall(SinewLayoutDestroy(&b->halved[i]));
    PetscCall(SinewLayoutDestroy(&b->merged[i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSinenetCreate(SinewLayout layout, const SinewSinenetOptions *options, SinewNetwork *out)
{
  Builder b = {.o = options};
  SinewNetwork network;
  OdeParts parts;

  PetscFunctionBeginUser;
  PetscCall(check(layout, options, &b.activation));
  PetscCall(create_levels(&b, layout));
  PetscCall(PetscNew(&network));
  PetscCall(GraphCreate(layout->comm, options->dtype, options->batch, options->training, options->lean, &b.g));
  b.g->bf16 = options->bf16;
  b.g->divided = options->divided;
  b.g->stream = (PetscBool)(options->stream && options->training);
  b.g->together = options->lattice * options->lattice;
  network->graph = b.g;
  network->features = options->kind == SINEW_SINENET_CONDITIONAL ? options->hidden : 0;
  PetscCall(declare(&b));
  if (options->kind == SINEW_SINENET_ODE)
    PetscCall(build_ode(&b, network, &parts));
  else
    PetscCall(build_plain(&b, network));
  PetscCall(GraphKeep(b.g, network->output));
  PetscCall(GraphSetup(b.g));
  if (options->kind == SINEW_SINENET_ODE) PetscCall(OdeCreate(b.g, &parts, &network->ode));
  PetscCall(destroy_levels(&b));
  *out = network;
  PetscFunctionReturn(PETSC_SUCCESS);
}

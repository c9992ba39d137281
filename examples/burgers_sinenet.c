/*
  Makes examples/burgers_sinenet.h5: a small SineNet that advances the viscous Burgers equation by 0.05 on 64 x 64
  periodic cells, distilled from Sinew's own classical stepper. Also an example of the library as a library.

    build/release/examples/burgers_sinenet OUT.h5 [-steps 6000] [-trajectories 96] [-frames 24] [-seed 1]

  Trajectories start from random trigonometric polynomials. Every training step takes a batch of frames, shifted,
  mirrored and transposed at random (all of which the equation allows), and moves the weights by Adam (Kingma & Ba 2015)
  on the mean square error of the next frame, the rate falling by a cosine. Every other step first lets the network
  advance its input by itself, so that it learns to live with its own errors (the "pushforward" of Brandstetter, Worrall
  & Welling 2022). One rank; some ten minutes.
*/
#include <math.h>

#include "neural/loss.h"
#include "solvers/simulation.h"
#include "solvers/steppers/forecast_model.h"

enum { CELLS = 64, PLANE = CELLS * CELLS, BATCH = 8, MODES = 6, INNER = 16 };

#define TIME_STEP 0.05

typedef struct {
  PetscInt steps, trajectories, frames, seed;
  PetscRandom random;
  float *data;                   /* [trajectory][frame][y][x] */
  PetscInt trajectory, recorded; /* the one being recorded, and its frames so far */
  double mean, sd;
  double *planes[2]; /* input and target of a batch, normalised */
} Distillation;

static double draw(Distillation *d)
{
  PetscReal value = 0;

  (void)PetscRandomGetValueReal(d->random, &value);
  return value;
}

/* ---- what the classical stepper does ---- */

static PetscErrorCode record(TS ts, PetscInt step, PetscReal t, Vec U, void *context)
{
  Distillation *d = (Distillation *)context;
  float *frame = d->data + (size_t)(d->trajectory * d->frames + d->recorded) * PLANE;
  const PetscReal *u;

  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  if (step % INNER || d->recorded == d->frames) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetArrayRead(U, &u));
  for (PetscInt i = 0; i < PLANE; ++i) frame[i] = (float)u[i];
  PetscCall(VecRestoreArrayRead(U, &u));
  d->recorded++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A deck with a random start: a few long waves, of amplitudes that fall with the wave number. */
static PetscErrorCode write_deck(Distillation *d, size_t size, char deck[])
{
  const double dt = TIME_STEP / INNER;
  int used;

  PetscFunctionBeginUser;
  used = snprintf(deck, size,
                  "equation: {type: burgers, viscosity: 0.01}\n"
                  "grid: {cells: [%d, %d]}\n"
                  "stepper: {type: ssp, scheme: rks3, reconstruction: plm_mc, dt: %.17g}\n"
                  "time: {end: %.17g}\n"
                  "output: {series: false, history_every: 0}\n"
                  "checkpoint: {at_end: false, every_wall: 0}\n"
                  "initial: {type: expression, u: \"%.6f",
                  CELLS, CELLS, dt, (double)(d->frames - 1) * TIME_STEP, 0.3 * (draw(d) - 0.5));
  for (int m = 0; m < MODES; ++m) {
    const int k = (int)(7 * draw(d)) - 3, l = (int)(7 * draw(d)) - 3;

    used += snprintf(deck + used, size - (size_t)used, " + %.6f*sin(2*pi*(%d*x + %d*y + %.6f))",
                     (0.2 + 0.5 * draw(d)) / sqrt(1. + k * k + l * l), k, l, draw(d));
  }
  snprintf(deck + used, size - (size_t)used, "\"}\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode simulate(Distillation *d)
{
  const SinewSimulationOptions options = {.name = "burgers", .quiet = PETSC_TRUE};
  SinewSimulation simulation;
  SinewDeck deck;
  char text[2048];
  int code;
  TS ts;

  PetscFunctionBeginUser;
  PetscCall(write_deck(d, sizeof(text), text));
  PetscCall(SinewDeckCreateFromText(PETSC_COMM_WORLD, "burgers.yaml", text, 0, NULL, &deck));
  PetscCall(SinewSimulationCreate(PETSC_COMM_WORLD, deck, &options, &simulation));
  PetscCall(SinewSimulationSetUp(simulation));
  PetscCall(SinewSimulationGet(simulation, NULL, NULL, NULL, &ts, NULL));
  d->recorded = 0;
  PetscCall(TSMonitorSet(ts, record, d, NULL));
  PetscCall(SinewSimulationRun(simulation, &code));
  PetscCheck(code == 0 && d->recorded == d->frames, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "a trajectory broke off");
  PetscCall(SinewSimulationDestroy(&simulation));
  PetscCall(SinewDeckDestroy(&deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode make_data(Distillation *d)
{
  const size_t n = (size_t)(d->trajectories * d->frames) * PLANE;
  double sum = 0, squares = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &d->data));
  for (d->trajectory = 0; d->trajectory < d->trajectories; ++d->trajectory) PetscCall(simulate(d));
  for (size_t i = 0; i < n; ++i) sum += (double)d->data[i];
  d->mean = sum / (double)n;
  for (size_t i = 0; i < n; ++i) squares += ((double)d->data[i] - d->mean) * ((double)d->data[i] - d->mean);
  d->sd = sqrt(squares / (double)n);
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%" PetscInt_FMT " trajectories, mean %.4f, standard deviation %.4f\n",
                        d->trajectories, d->mean, d->sd));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- batches ---- */

/* u(x, y) -> s u(s x + a, s y + b), or with x and y exchanged: solutions of the same equation, for s = 1 and -1. */
static void copy_frame(const Distillation *d, const float from[], int symmetry, int a, int b, double to[])
{
  const int s = symmetry & 1 ? -1 : 1;

  for (int j = 0; j < CELLS; ++j)
    for (int i = 0; i < CELLS; ++i) {
      const int x = (s * i + a + 2 * CELLS) % CELLS, y = (s * j + b + 2 * CELLS) % CELLS;
      const float u = from[symmetry & 2 ? x * CELLS + y : y * CELLS + x];

      to[j * CELLS + i] = (s * (double)u - d->mean) / d->sd;
    }
}

/* Pairs of frames that lie `ahead` steps apart. */
static void draw_batch(Distillation *d, PetscInt ahead)
{
  for (int b = 0; b < BATCH; ++b) {
    const PetscInt trajectory = (PetscInt)(draw(d) * (double)d->trajectories);
    const PetscInt frame = (PetscInt)(draw(d) * (double)(d->frames - ahead));
    const int symmetry = (int)(4 * draw(d)), x = (int)(CELLS * draw(d)), y = (int)(CELLS * draw(d));
    const float *from = d->data + (size_t)(trajectory * d->frames + frame) * PLANE;

    copy_frame(d, from, symmetry, x, y, d->planes[0] + b * PLANE);
    copy_frame(d, from + ahead * PLANE, symmetry, x, y, d->planes[1] + b * PLANE);
  }
}

/* ---- training ---- */

typedef struct {
  float *mean, *square; /* running means of the gradient and of its square, all parameters in a row */
  PetscInt steps;
} Adam;

static PetscErrorCode adam_step(Adam *adam, SinewNetwork network, double rate)
{
  const double b1 = 0.9, b2 = 0.999;
  const double c1 = 1 - pow(b1, (double)++adam->steps), c2 = 1 - pow(b2, (double)adam->steps);
  const SinewParameter *p;
  PetscInt count;
  size_t at = 0;

  PetscFunctionBeginUser;
  PetscCall(SinewNetworkGetParameters(network, &count, &p));
  for (PetscInt k = 0; k < count; ++k) {
    float *value = (float *)p[k].value;
    const float *gradient = (const float *)p[k].gradient;

    for (size_t i = 0; i < p[k].size; ++i, ++at) {
      const double g = (double)gradient[i];

      adam->mean[at] = (float)(b1 * (double)adam->mean[at] + (1 - b1) * g);
      adam->square[at] = (float)(b2 * (double)adam->square[at] + (1 - b2) * g * g);
      value[i] -= (float)(rate * ((double)adam->mean[at] / c1) / (sqrt((double)adam->square[at] / c2) + 1e-8));
    }
  }
  PetscCall(SinewNetworkUpdate(network));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode train(Distillation *d, SinewNetwork network)
{
  const size_t n = (size_t)SinewNetworkParameterCount(network);
  SinewTensor target;
  double smooth = 0;
  Adam adam = {0};

  PetscFunctionBeginUser;
  PetscCall(
      SinewTensorCreate(SinewTensorLayout(SinewNetworkOutput(network)), SINEW_FLOAT32, BATCH, 1, 0, NULL, &target));
  PetscCall(PetscCalloc2(n, &adam.mean, n, &adam.square));
  PetscCall(PetscMalloc2(BATCH * PLANE, &d->planes[0], BATCH * PLANE, &d->planes[1]));
  for (PetscInt step = 0; step < d->steps; ++step) {
    const double warm = PetscMin(1, (double)(step + 1) / 100);
    const double rate = 3e-3 * warm * 0.5 * (1.002 + cos(PETSC_PI * (double)step / (double)d->steps));
    const PetscBool push = (PetscBool)(step % 2 && 4 * step > d->steps);
    double loss;

    draw_batch(d, push ? 2 : 1);
    PetscCall(SinewTensorSetPlanes(SinewNetworkInput(network), d->planes[0]));
    PetscCall(SinewTensorSetPlanes(target, d->planes[1]));
    PetscCall(SinewNetworkForward(network));
    if (push) {
      PetscCall(SinewTensorGetPlanes(SinewNetworkOutput(network), d->planes[0]));
      PetscCall(SinewTensorSetPlanes(SinewNetworkInput(network), d->planes[0]));
      PetscCall(SinewNetworkForward(network));
    }
    PetscCall(SinewLossMeanSquare(SinewNetworkOutput(network), target, &loss, SinewNetworkOutputGradient(network)));
    PetscCall(SinewNetworkBackward(network));
    PetscCall(adam_step(&adam, network, rate));
    smooth = step ? 0.98 * smooth + 0.02 * loss : loss;
    if (step % 100 == 99 || step == d->steps - 1)
      PetscCall(PetscPrintf(PETSC_COMM_WORLD, "step %" PetscInt_FMT ", root mean square error %.5f\n", step + 1,
                            sqrt(smooth)));
  }
  PetscCall(PetscFree2(d->planes[0], d->planes[1]));
  PetscCall(PetscFree2(adam.mean, adam.square));
  PetscCall(SinewTensorDestroy(&target));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the file ---- */

static PetscErrorCode write_model(SinewNetwork network, const SinewForecastModel *model, const char path[])
{
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  PetscCall(SinewForecastModelWrite(file, model));
  PetscCall(SinewNetworkStore(network, file, "/weights"));
  PetscCall(SinewFilePublish(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(Distillation *d, const char path[])
{
  SinewForecastModel model = {.network = {.ny = CELLS, .nx = CELLS, .history = 1, .components = 1},
                              .time_step = TIME_STEP,
                              .fields = 1,
                              .field = {"u"},
                              .normalised = PETSC_TRUE};
  SinewSinenetOptions *o = &model.network.options;
  SinewNetwork network;
  SinewLayout layout;

  PetscFunctionBeginUser;
  PetscCall(SinewSinenetDefaults(o));
  o->hidden = 8;
  o->waves = 2;
  o->mult = 1.425;
  o->periodic = PETSC_TRUE;
  o->batch = BATCH;
  o->training = PETSC_TRUE;
  PetscCall(make_data(d));
  PetscCall(SinewLayoutCreate(PETSC_COMM_WORLD, CELLS, CELLS, PETSC_TRUE, SINEW_SINENET_LEVELS, &layout));
  PetscCall(SinewSinenetCreate(layout, o, &network));
  PetscCall(SinewNetworkInitialize(network, d->seed));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%" PetscInt_FMT " parameters\n", SinewNetworkParameterCount(network)));
  PetscCall(train(d, network));
  model.mean[0] = d->mean;
  model.sd[0] = d->sd;
  PetscCall(write_model(network, &model, path));
  PetscCall(SinewNetworkDestroy(&network));
  PetscCall(SinewLayoutDestroy(&layout));
  PetscCall(PetscFree(d->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  Distillation d = {.steps = 6000, .trajectories = 96, .frames = 24, .seed = 1};
  PetscMPIInt size;

  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCheck(argc > 1 && argv[1][0] != '-' && size == 1, PETSC_COMM_WORLD, PETSC_ERR_USER, "usage: %s OUT.h5, one rank",
             argv[0]);
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-steps", &d.steps, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-trajectories", &d.trajectories, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-frames", &d.frames, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-seed", &d.seed, NULL));
  PetscCall(PetscRandomCreate(PETSC_COMM_SELF, &d.random));
  PetscCall(PetscRandomSetType(d.random, PETSCRANDER48));
  PetscCall(PetscRandomSetSeed(d.random, (unsigned long)d.seed));
  PetscCall(PetscRandomSeed(d.random));
  PetscCall(run(&d, argv[1]));
  PetscCall(PetscRandomDestroy(&d.random));
  return PetscFinalize();
}

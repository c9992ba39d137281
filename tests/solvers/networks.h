#ifndef SINEW_TESTS_SOLVERS_NETWORKS_H
#define SINEW_TESTS_SOLVERS_NETWORKS_H
/* Files of small seeded random networks, as the stepper reads them. */
#include "solvers/steppers/forecast_model.h"
#include "tests/harness.h"

typedef struct {
  const char *field[SINEW_FORECAST_FIELDS_MAX]; /* ended by NULL */
  double mean[SINEW_FORECAST_FIELDS_MAX], sd[SINEW_FORECAST_FIELDS_MAX];
  PetscInt history, seed;
  double time_step;
  PetscBool walls;       /* zero padding instead of circular */
  PetscBool conditional; /* on the time ahead and a scalar */
} RandomNetwork;

static inline SinewForecastModel random_model(const RandomNetwork *r)
{
  SinewForecastModel model = {.time_step = r->time_step, .normalised = PETSC_TRUE};
  SinewSinenetOptions *o = &model.network.options;

  while (r->field[model.fields]) {
    const PetscInt k = model.fields++;

    snprintf(model.field[k], sizeof(model.field[k]), "%s", r->field[k]);
    model.mean[k] = r->mean[k];
    model.sd[k] = r->sd[k];
  }
  check_call(SinewSinenetDefaults(o));
  o->hidden = 4;
  o->mult = 1.2;
  o->waves = 2;
  o->periodic = (PetscBool)!r->walls;
  o->kind = r->conditional ? SINEW_SINENET_CONDITIONAL : SINEW_SINENET_PLAIN;
  o->inputs = r->history * model.fields;
  o->outputs = model.fields;
  model.network.ny = model.network.nx = 32;
  model.network.history = r->history;
  model.network.components = model.fields;
  return model;
}

/* Collective on PETSC_COMM_WORLD. */
static inline void write_network(const char path[], const RandomNetwork *r)
{
  SinewForecastModel model = random_model(r);
  SinewNetwork network;
  SinewLayout layout;
  SinewFile file;

  model.network.options.dtype = SINEW_FLOAT64; /* weights that lose nothing */
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, model.network.ny, model.network.nx, model.network.options.periodic,
                               SINEW_SINENET_LEVELS, &layout));
  check_call(SinewSinenetCreate(layout, &model.network.options, &network));
  check_call(SinewNetworkInitialize(network, r->seed));
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewForecastModelWrite(file, &model));
  check_call(SinewNetworkStore(network, file, "/weights"));
  check_call(SinewFilePublish(&file));
  check_call(SinewNetworkDestroy(&network));
  check_call(SinewLayoutDestroy(&layout));
}

/* A network for Euler's equations in the plane, whose states stay admissible. */
static const RandomNetwork euler_network = {.field = {"rho", "p", "velocity_x", "velocity_y", NULL},
                                            .mean = {1.5, 2.5, 0, 0},
                                            .sd = {0.1, 0.1, 0.2, 0.2},
                                            .history = 3,
                                            .seed = 7,
                                            .time_step = 0.01};

#endif

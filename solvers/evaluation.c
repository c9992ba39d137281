/* Evaluations: the deck, and the network on trajectories. */
#include "solvers/evaluation.h"
#include "io/publish.h"
#include "solvers/evaluation_private.h"
#include "solvers/training.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const parts[] = {"train", "valid", "test", NULL};

#define AT(member) offsetof(EvaluateSection, member)
const SinewKey SinewEvaluateKeys[] = {{.name = "weights",
                                       .type = SINEW_KEY_STRING,
                                       .offset = AT(weights),
                                       .doc = "the network's file; standard: best.h5 of the output directory",
                                       .change = SINEW_CHANGE_FREE},
                                      {.name = "part",
                                       .type = SINEW_KEY_CHOICE,
                                       .offset = AT(part),
                                       .standard = "test",
                                       .choices = parts,
                                       .doc = "of the data",
                                       .change = SINEW_CHANGE_FREE},
                                      {.name = "steps",
                                       .type = SINEW_KEY_INT,
                                       .offset = AT(steps),
                                       .standard = "0",
                                       .min = 0,
                                       .max = EVALUATE_STEPS_MAX,
                                       .doc = "of a roll-out; 0: as many as the trajectories have",
                                       .change = SINEW_CHANGE_FREE},
                                      {.name = "trajectories",
                                       .type = SINEW_KEY_INT,
                                       .offset = AT(trajectories),
                                       .standard = "0",
                                       .min = 0,
                                       .max = 1e9,
                                       .doc = "the first so many; 0: all",
                                       .change = SINEW_CHANGE_FREE},
                                      {.name = "picture",
                                       .type = SINEW_KEY_INT,
                                       .offset = AT(picture),
                                       .standard = "0",
                                       .min = 0,
                                       .max = 1e9,
                                       .doc = "trajectory whose last frame is painted",
                                       .change = SINEW_CHANGE_FREE},
                                      {.name = "lead",
                                       .type = SINEW_KEY_INT,
                                       .offset = AT(lead),
                                       .standard = "1",
                                       .min = 1,
                                       .max = 1e6,
                                       .doc = "conditional networks: steps of the training from frame to frame",
                                       .change = SINEW_CHANGE_FREE},
                                      {.name = "classical",
                                       .type = SINEW_KEY_STRING,
                                       .offset = AT(classical),
                                       .doc = "deck of a solver of the same problem, whose cost is measured",
                                       .change = SINEW_CHANGE_FREE},
                                      {.name = "equal_error",
                                       .type = SINEW_KEY_INTS,
                                       .offset = AT(equal_error),
                                       .min = 1,
                                       .max = 1e6,
                                       .doc = "cells of the data by each of these, as 1, 2, 4: grids on which the "
                                              "classical solver is run for its cost at the network's error",
                                       .change = SINEW_CHANGE_FREE},
                                      {.name = "fields",
                                       .type = SINEW_KEY_STRINGS,
                                       .offset = AT(fields),
                                       .doc = "of the classical solver, one for each of the data's components; "
                                              "standard: as the network's file says, else as the data's arrays",
                                       .change = SINEW_CHANGE_FREE},
                                      {.name = "precision",
                                       .type = SINEW_KEY_STRING,
                                       .offset = AT(precision),
                                       .standard = "f32",
                                       .doc = "of the network: f32, bf16 or f64",
                                       .change = SINEW_CHANGE_FREE},
                                      {.name = NULL}};

/* ---- the deck ---- */

static PetscErrorCode read_deck(Evaluation *e)
{
  static const char *const others[] = {"title", "version", "network", "train", "checkpoint", "petsc"};
  const SinewNode root = SinewDeckRoot(e->deck), output = SinewNodeGet(e->deck, root, "output"),
                  section = SinewNodeGet(e->deck, root, "evaluate");
  const SinewNode directory = SinewNodeGet(e->deck, output, "directory");

  PetscFunctionBeginUser;
  for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++) (void)SinewNodeGet(e->deck, root, others[k]);
  for (const SinewKey *key = SinewTrainOutputKeys; key->name; key++) (void)SinewNodeGet(e->deck, output, key->name);
  PetscCall(SinewDataSectionRead(e->deck, &e->data_section));
  PetscCall(SinewDeckRead(e->deck, section, "evaluate", SinewEvaluateKeys, &e->section));
  if (e->section.equal_error.n && !e->section.classical)
    PetscCall(SinewDeckMistake(e->deck, SinewNodeGet(e->deck, section, "equal_error"), "evaluate.equal_error",
                               "missing evaluate.classical, the deck of the solver to compare with"));
  if (directory != SINEW_NODE_NONE)
    PetscCall(PetscStrncpy(e->directory, SinewNodeText(e->deck, directory), sizeof(e->directory)));
  else
    PetscCall(PetscSNPrintf(e->directory, sizeof(e->directory), "out/%s", e->options->name));
  PetscCall(SinewDeckCheck(e->deck));
  if (e->section.weights)
    PetscCall(SinewDeckResolve(e->deck, e->section.weights, sizeof(e->weights), e->weights));
  else
    PetscCall(PetscSNPrintf(e->weights, sizeof(e->weights), "%s/best.h5", e->directory));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the network and the data ---- */

static PetscErrorCode open_network(Evaluation *e)
{
  PetscFunctionBeginUser;
  PetscCall(EvaluateNetworkRead(e));
  PetscCall(SinewDataSectionOpen(e->comm, &e->data_section, (SinewPart)e->section.part, e->history + 1, &e->data));
  PetscCall(SinewDatasetGetShape(e->data, &e->shape));
  PetscCheck(e->shape.components == e->model.network.components, e->comm, SINEW_ERR_INPUT,
             "%s: the network has %" PetscInt_FMT " channels a frame, the section data names %" PetscInt_FMT,
             e->weights, e->model.network.components, e->shape.components);
  PetscCheck(!(e->shape.step > 0) || !(e->time_step > 0) || PetscAbsReal(e->shape.step / e->time_step - 1) < 1e-6,
             e->comm, SINEW_ERR_INPUT, "%s: a step of the network is %g, frames of the data are %g apart", e->weights,
             (double)e->time_step, (double)e->shape.step);
  PetscCall(SinewDatasetNormalize(e->data, e->model.mean, e->model.sd));
  PetscCall(EvaluateNetworkCreate(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode allocate(Evaluation *e)
{
  const PetscInt most = e->shape.frames - e->history;

  PetscFunctionBeginUser;
  e->steps = e->section.steps ? PetscMin(e->section.steps, most) : most;
  e->steps = PetscMin(e->steps, EVALUATE_STEPS_MAX);
  e->trajectories =
      e->section.trajectories ? PetscMin(e->section.trajectories, e->shape.trajectories) : e->shape.trajectories;
  e->section.picture = PetscMin(e->section.picture, e->trajectories - 1);
  e->box = SinewLayoutBox(e->layout);
  e->plane = (size_t)(e->box.ny * e->box.nx);
  e->frame = e->plane * (size_t)e->shape.components;
  e->rings = PetscMin(EVALUATE_RINGS_MAX, PetscMax(e->shape.ny, e->shape.nx) / (e->periodic ? 2 : 1));
  PetscCall(PetscMalloc3(e->frame * (size_t)e->shape.frames + 1, &e->truth, e->frame * (size_t)e->steps + 1,
                         &e->predicted, e->frame * (size_t)e->history + 1, &e->input));
  PetscCall(PetscCalloc1((size_t)(4 * e->shape.components * e->rings), &e->spectrum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- one trajectory ---- */

/* The prediction from the frames that `input` holds, the first of which is frame `first`. Collective. */
static PetscErrorCode apply(Evaluation *e, PetscInt first, double out[])
{
  const double begin = MPI_Wtime();
  double seconds;

  PetscFunctionBeginUser;
  PetscCall(EvaluateNetworkApply(e, first + e->history - 1, out));
  seconds = MPI_Wtime() - begin;
  e->network_seconds = e->network_seconds > 0 ? fmin(e->network_seconds, seconds) : seconds;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluateWholeMaps(MPI_Comm comm, PetscMPIInt root, PetscInt components, SinewBox box,
                                 const double values[], PetscInt ny, PetscInt nx, double maps[])
{
  PetscMPIInt count, rank;

  PetscFunctionBeginUser;
  PetscCall(PetscMPIIntCast(components * ny * nx, &count));
  PetscCall(PetscArrayzero(maps, count));
  for (PetscInt c = 0; c < components; c++)
    for (PetscInt j = 0; j < box.ny; j++)
      PetscCall(PetscArraycpy(maps + (c * ny + box.y + j) * nx + box.x, values + (c * box.ny + j) * box.nx, box.nx));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (root == EVALUATE_ALL)
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, maps, count, MPI_DOUBLE, MPI_SUM, comm));
  else
    PetscCallMPI(MPI_Reduce(rank == root ? MPI_IN_PLACE : maps, maps, count, MPI_DOUBLE, MPI_SUM, root, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluateMeasure(const Evaluation *e, const double p[], const double y[], double sums[][3])
{
  PetscFunctionBeginUser;
  for (PetscInt c = 0; c < e->shape.components; c++) {
    const double mean = (double)e->model.mean[c], sd = (double)e->model.sd[c];

    sums[c][0] = sums[c][1] = sums[c][2] = 0;
    for (size_t i = (size_t)c * e->plane; i < (size_t)(c + 1) * e->plane; i++) {
      const double d = (p[i] - y[i]) * sd, v = y[i] * sd + mean;

      sums[c][0] += d * d;
      sums[c][1] += v * v;
      sums[c][2] += d;
    }
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, (PetscMPIInt)(3 * e->shape.components), MPI_DOUBLE, MPI_SUM, e->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode roll_out(Evaluation *e)
{
  const double cells = (double)e->shape.ny * (double)e->shape.nx;
  double sums[EVALUATE_COMPONENTS][3];

  PetscFunctionBeginUser;
  PetscCall(PetscArraycpy(e->input, e->truth, e->frame * (size_t)e->history));
  for (PetscInt k = 0; k < e->steps; k++) {
    double *out = e->predicted + (size_t)k * e->frame;

    PetscCall(apply(e, k, out));
    PetscCall(EvaluateMeasure(e, out, e->truth + (size_t)(e->history + k) * e->frame, sums));
    for (PetscInt c = 0; c < e->shape.components; c++) {
      const double error = sqrt(sums[c][0] / sums[c][1]);

      e->step[k].error[c] += error;
      e->step[k].square[c] += error * error;
      e->step[k].drift[c] += sums[c][2] / cells / (double)e->model.sd[c];
    }
    memmove(e->input, e->input + e->frame, e->frame * (size_t)(e->history - 1) * sizeof(double));
    PetscCall(PetscArraycpy(e->input + e->frame * (size_t)(e->history - 1), out, e->frame));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every window of true frames; the first one is the roll-out's first step. */
static PetscErrorCode single_steps(Evaluation *e)
{
  const PetscInt windows = e->shape.frames - e->history;
  const double n = (double)e->trajectories * (double)windows, cells = (double)e->shape.ny * (double)e->shape.nx;
  double sums[EVALUATE_COMPONENTS][3], *out;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(e->frame + 1, &out));
  for (PetscInt w = 0; w < windows; w++) {
    if (w) {
      PetscCall(PetscArraycpy(e->input, e->truth + (size_t)w * e->frame, e->frame * (size_t)e->history));
      PetscCall(apply(e, w, out));
    }
    PetscCall(EvaluateMeasure(e, w ? out : e->predicted, e->truth + (size_t)(e->history + w) * e->frame, sums));
    for (PetscInt c = 0; c < e->shape.components; c++) {
      e->one_step[c] += sqrt(sums[c][0] / sums[c][1]) / n;
      e->mse[c] += sums[c][0] / cells / n;
    }
  }
  PetscCall(PetscFree(out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode judge(Evaluation *e)
{
  PetscFunctionBeginUser;
  for (PetscInt t = 0; t < e->trajectories; t++) {
    const SinewSample sample = {.trajectory = t, .count = e->shape.frames},
                      next = {.trajectory = PetscMin(t + 1, e->trajectories - 1), .count = e->shape.frames};
    const size_t first = (size_t)e->history * e->frame, last = (size_t)(e->steps - 1) * e->frame;

    PetscCall(SinewDatasetRead(e->data, e->comm, e->box, 1, &sample, e->truth));
    PetscCall(SinewDatasetAdvise(e->data, e->box, 1, &next));
    PetscCall(EvaluateNetworkCondition(e, t));
    PetscCall(roll_out(e));
    PetscCall(EvaluateGridsRun(e, t));
    PetscCall(single_steps(e));
    PetscCall(EvaluateSpectrum(e, t, 0, e->truth + first, e->predicted));
    PetscCall(EvaluateSpectrum(e, t, 1, e->truth + first + last, e->predicted + last));
    if (t == e->section.picture) PetscCall(EvaluatePaint(e));
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &e->network_seconds, 1, MPI_DOUBLE, MPI_MAX, e->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, e->spectrum, (PetscMPIInt)(4 * e->shape.components * e->rings), MPI_DOUBLE,
                             MPI_SUM, e->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEvaluate(MPI_Comm comm, SinewDeck deck, const SinewSimulationOptions *options)
{
  Evaluation *e;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&e));
  e->comm = comm;
  e->deck = deck;
  e->options = options;
  PetscCallMPI(MPI_Comm_rank(comm, &e->rank));
  PetscCallMPI(MPI_Comm_size(comm, &e->size));
  PetscCall(read_deck(e));
  PetscCall(open_network(e));
  PetscCall(allocate(e));
  PetscCall(EvaluateGridsCheck(e));
  PetscCall(SinewMakeDirectory(comm, e->directory));
  PetscCall(judge(e));
  PetscCall(EvaluateClassical(e));
  PetscCall(EvaluateReport(e));
  PetscCall(PetscFree3(e->truth, e->predicted, e->input));
  PetscCall(PetscFree(e->spectrum));
  PetscCall(EvaluateNetworkDestroy(e));
  PetscCall(SinewDatasetClose(&e->data));
  PetscCall(PetscFree(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

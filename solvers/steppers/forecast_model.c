#include "solvers/steppers/forecast_model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/crc32c.h"

#define GROUP "/config"

static PetscErrorCode read_names(MPI_Comm comm, SinewFile file, const char path[], SinewForecastModel *model)
{
  char *text, **words;
  int count;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadString(file, GROUP, "fields", &text));
  if (!text) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscStrToArray(text, ' ', &count, &words));
  PetscCheck(count == model->network.components, comm, SINEW_ERR_INPUT,
             "%s: %s names %d fields (%s), the network has %" PetscInt_FMT " channels a frame", path, GROUP, count,
             text, model->network.components);
  for (int k = 0; k < count; k++) PetscCall(PetscStrncpy(model->field[k], words[k], sizeof(model->field[k])));
  model->fields = count;
  PetscCall(PetscStrToArrayDestroy(count, words));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_numbers(MPI_Comm comm, SinewFile file, const char path[], const char name[], PetscInt n,
                                   PetscReal value[], PetscBool *exists)
{
  SinewArray array;
  PetscInt64 size;

  PetscFunctionBeginUser;
  PetscCall(SinewFileInquire(file, name, exists, &array));
  if (!*exists) PetscFunctionReturn(PETSC_SUCCESS);
  size = SinewArraySize(&array);
  PetscCheck(size == n, comm, SINEW_ERR_INPUT,
             "%s: %s has %lld numbers, the network has %" PetscInt_FMT " channels a frame", path, name, (long long)size,
             n);
  array.name = name;
  array.dtype = SINEW_FLOAT64;
  array.data = value;
  PetscCall(SinewFileRead(file, &array));
  for (PetscInt k = 0; k < n; k++)
    PetscCheck(isfinite(value[k]), comm, SINEW_ERR_INPUT, "%s: %s is not finite at entry %" PetscInt_FMT, path, name,
               k);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_normalisation(MPI_Comm comm, SinewFile file, const char path[], SinewForecastModel *model)
{
  const PetscInt n = model->network.components;
  PetscBool both;

  PetscFunctionBeginUser;
  PetscCall(read_numbers(comm, file, path, "/mean", n, model->mean, &model->normalised));
  PetscCall(read_numbers(comm, file, path, "/sd", n, model->sd, &both));
  PetscCheck(both == model->normalised, comm, SINEW_ERR_INPUT, "%s: has only one of /mean and /sd", path);
  for (PetscInt k = 0; k < n && both; k++)
    PetscCheck(model->sd[k] > 0, comm, SINEW_ERR_INPUT, "%s: /sd is not positive at entry %" PetscInt_FMT, path, k);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0 reads the bytes; the file has been opened before, so that it is there. */
PetscErrorCode SinewForecastModelReadChecksum(MPI_Comm comm, const char path[], SinewForecastModel *model)
{
  unsigned char buffer[1 << 16];
  PetscMPIInt rank;
  uint32_t crc = 0;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) {
    FILE *file = fopen(path, "rb");
    size_t n;

    while (file && (n = fread(buffer, 1, sizeof(buffer), file)) > 0) crc = SinewCrc32c(crc, buffer, n);
    if (file) fclose(file);
  }
  PetscCallMPI(MPI_Bcast(&crc, 1, MPI_UINT32_T, 0, comm));
  model->checksum = crc;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewForecastModelReadFrames(MPI_Comm comm, SinewFile file, const char path[], SinewForecastModel *model)
{
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCheck(model->network.components <= SINEW_FORECAST_FIELDS_MAX, comm, SINEW_ERR_INPUT,
             "%s: %" PetscInt_FMT " channels a frame, at most %d can be advanced", path, model->network.components,
             SINEW_FORECAST_FIELDS_MAX);
  PetscCall(SinewFileReadReals(file, GROUP, "time_step", 1, &n, &model->time_step));
  PetscCheck(!n || (isfinite(model->time_step) && model->time_step > 0), comm, SINEW_ERR_INPUT,
             "%s: time_step of %s is not positive", path, GROUP);
  PetscCall(read_names(comm, file, path, model));
  PetscCall(read_normalisation(comm, file, path, model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewForecastModelRead(MPI_Comm comm, const char path[], SinewForecastModel *model)
{
  SinewSinenetModel *network = &model->network;
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(model, sizeof(*model)));
  PetscCall(SinewFileOpen(comm, path, &file));
  PetscCall(SinewSinenetReadModel(file, path, network));
  PetscCheck(network->options.outputs == network->components, comm, SINEW_ERR_INPUT,
             "%s: the network turns frames of %" PetscInt_FMT " channels into %" PetscInt_FMT
             ": it cannot be applied to its own output",
             path, network->components, network->options.outputs);
  PetscCall(SinewForecastModelReadFrames(comm, file, path, model));
  PetscCall(SinewFileClose(&file));
  PetscCall(SinewForecastModelReadChecksum(comm, path, model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewForecastModelWriteFrames(SinewFile file, const SinewForecastModel *model)
{
  PetscReal mean[SINEW_FORECAST_FIELDS_MAX], sd[SINEW_FORECAST_FIELDS_MAX];
  SinewArray array = {.dtype = SINEW_FLOAT64, .rank = 1, .shape = {model->network.components}};
  char names[SINEW_FORECAST_FIELDS_MAX * 32] = "";

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < model->fields; k++) {
    PetscCall(PetscStrlcat(names, k ? " " : "", sizeof(names)));
    PetscCall(PetscStrlcat(names, model->field[k], sizeof(names)));
  }
  if (model->fields) PetscCall(SinewFileWriteString(file, GROUP, "fields", names));
  if (model->time_step > 0) PetscCall(SinewFileWriteReals(file, GROUP, "time_step", 1, &model->time_step));
  if (!model->normalised) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscArraycpy(mean, model->mean, model->network.components));
  PetscCall(PetscArraycpy(sd, model->sd, model->network.components));
  array.name = "/mean";
  array.data = mean;
  PetscCall(SinewFileWrite(file, &array));
  array.name = "/sd";
  array.data = sd;
  PetscCall(SinewFileWrite(file, &array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewForecastModelWrite(SinewFile file, const SinewForecastModel *model)
{
  PetscFunctionBeginUser;
  PetscCall(SinewSinenetWriteModel(file, &model->network));
  PetscCall(SinewForecastModelWriteFrames(file, model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

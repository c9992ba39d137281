/* Padded boxes of distributed maps, their halos, and copies from and to planes. */
#include "neural/tensor_private.h"
#include <stdlib.h>
#include <string.h>

PetscLogEvent NEURAL_Convolution, NEURAL_Norm, NEURAL_Sample, NEURAL_Halo, NEURAL_Reduce, NEURAL_Convert;

PetscErrorCode NeuralEvents(void)
{
  static PetscBool known = PETSC_FALSE;
  PetscClassId id;

  PetscFunctionBeginUser;
  if (known) PetscFunctionReturn(PETSC_SUCCESS);
  known = PETSC_TRUE;
  PetscCall(PetscClassIdRegister("SinewNeural", &id));
  PetscCall(PetscLogEventRegister("NetConvolution", id, &NEURAL_Convolution));
  PetscCall(PetscLogEventRegister("NetNorm", id, &NEURAL_Norm));
  PetscCall(PetscLogEventRegister("NetSample", id, &NEURAL_Sample));
  PetscCall(PetscLogEventRegister("NetHalo", id, &NEURAL_Halo));
  PetscCall(PetscLogEventRegister("NetReduce", id, &NEURAL_Reduce));
  PetscCall(PetscLogEventRegister("NetConvert", id, &NEURAL_Convert));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static size_t value_size(SinewDtype dtype)
{
  return dtype == SINEW_FLOAT32 ? sizeof(float) : sizeof(double);
}

size_t SinewTensorBytes(SinewLayout layout, SinewDtype dtype, PetscInt batch, PetscInt channels, PetscInt halo)
{
  const SinewBox box = layout->box;

  if (!box.ny || !box.nx) return 0;
  return (size_t)batch * (size_t)(box.ny + 2 * halo) * (size_t)(box.nx + 2 * halo) * (size_t)channels *
         value_size(dtype);
}

/* The layout's halo exchange of a width, made when first asked for. Collective. */
static PetscErrorCode halo_exchange(SinewLayout layout, PetscInt halo, Exchange *exchange)
{
  PetscFunctionBeginUser;
  if (halo > layout->widths) {
    Exchange *grown;

    PetscCall(PetscCalloc1((size_t)halo, &grown));
    PetscCall(PetscArraycpy(grown, layout->exchanges, layout->widths));
    PetscCall(PetscFree(layout->exchanges));
    layout->exchanges = grown;
    layout->widths = halo;
  }
  if (!layout->exchanges[halo - 1]) PetscCall(ExchangeCreate(layout, layout, halo, &layout->exchanges[halo - 1]));
  *exchange = layout->exchanges[halo - 1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTensorCreate(SinewLayout layout, SinewDtype dtype, PetscInt batch, PetscInt channels, PetscInt halo,
                                 void *data, SinewTensor *tensor)
{
  SinewTensor t;

  PetscFunctionBeginUser;
  PetscCheck(dtype == SINEW_FLOAT32 || dtype == SINEW_FLOAT64, layout->comm, PETSC_ERR_ARG_WRONG,
             "tensors are of floats or doubles");
  PetscCheck(batch > 0 && channels > 0 && halo >= 0, layout->comm, PETSC_ERR_ARG_OUTOFRANGE, "tensor without values");
  PetscCall(NeuralEvents());
  PetscCall(PetscNew(&t));
  t->layout = layout;
  t->dtype = dtype;
  t->batch = batch;
  t->channels = channels;
  t->halo = halo;
  t->data = data;
  t->owns = (PetscBool)!data;
  PetscCall(SinewLayoutReference(layout));
  if (t->owns) PetscCall(NeuralAlloc(SinewTensorBytes(layout, dtype, batch, channels, halo), &t->data));
  if (halo) {
    Exchange exchange = NULL;

    PetscCall(halo_exchange(layout, halo, &exchange));
    PetscCall(ExchangeReserve(exchange, (size_t)(batch * channels) * value_size(dtype)));
  }
  *tensor = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTensorDestroy(SinewTensor *tensor)
{
  SinewTensor t = *tensor;

  PetscFunctionBeginUser;
  *tensor = NULL;
  if (!t) PetscFunctionReturn(PETSC_SUCCESS);
  if (t->owns) free(t->data);
  PetscCall(SinewLayoutDestroy(&t->layout));
  PetscCall(PetscFree(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- halo ---- */

static void zero_cells(SinewTensor t, PetscInt b, PetscInt row, PetscInt column, PetscInt count)
{
  const PetscInt h = t->halo, ny = t->layout->box.ny + 2 * h, nx = t->layout->box.nx + 2 * h;
  const size_t bytes = (size_t)t->channels * value_size(t->dtype);

  memset((char *)t->data + (size_t)((b * ny + row) * nx + column) * bytes, 0, (size_t)count * bytes);
}

/* The part of the halo that lies beyond the border of the map. */
void TensorZeroBorder(SinewTensor t)
{
  const SinewLayout l = t->layout;
  const SinewBox box = l->box;
  const PetscInt h = t->halo, ny = box.ny + 2 * h, nx = box.nx + 2 * h;
  /* halo cells this side of the border: neighbours may be narrower than the halo */
  const PetscInt below = PetscMin(h, box.y), above = PetscMin(h, l->ny - box.y - box.ny);
  const PetscInt left = PetscMin(h, box.x), right = PetscMin(h, l->nx - box.x - box.nx);

  if (l->periodic || !box.ny || !box.nx) return;
  for (PetscInt b = 0; b < t->batch; ++b)
    for (PetscInt row = 0; row < ny; ++row) {
      if (row < h - below || row >= ny - (h - above))
        zero_cells(t, b, row, 0, nx);
      else {
        zero_cells(t, b, row, 0, h - left);
        zero_cells(t, b, row, nx - (h - right), h - right);
      }
    }
}

PetscErrorCode SinewTensorHaloBegin(SinewTensor t)
{
  PetscFunctionBeginUser;
  if (!t->halo) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscLogEventBegin(NEURAL_Halo, 0, 0, 0, 0));
  TensorZeroBorder(t);
  PetscCall(ExchangeBegin(t->layout->exchanges[t->halo - 1], t, t));
  PetscCall(PetscLogEventEnd(NEURAL_Halo, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTensorHaloEnd(SinewTensor t)
{
  PetscFunctionBeginUser;
  if (!t->halo) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscLogEventBegin(NEURAL_Halo, 0, 0, 0, 0));
  PetscCall(ExchangeEnd(t->layout->exchanges[t->halo - 1], t, t));
  PetscCall(PetscLogEventEnd(NEURAL_Halo, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTensorHaloSum(SinewTensor t)
{
  PetscFunctionBeginUser;
  if (!t->halo) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscLogEventBegin(NEURAL_Halo, 0, 0, 0, 0));
  PetscCall(ExchangeAdjoint(t->layout->exchanges[t->halo - 1], t, t));
  PetscCall(PetscLogEventEnd(NEURAL_Halo, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- planes ---- */

/* Index of (b, y, 0, c) in the padded array. */
static PetscInt row_index(SinewTensor t, PetscInt b, PetscInt y, PetscInt c)
{
  const SinewBox box = t->layout->box;
  const PetscInt h = t->halo;

  return ((b * (box.ny + 2 * h) + y + h) * (box.nx + 2 * h) + h) * t->channels + c;
}

static void copy_row(SinewTensor t, PetscInt index, PetscInt n, double *row, PetscBool set)
{
  const PetscInt stride = t->channels;

  if (t->dtype == SINEW_FLOAT32) {
    float *data = (float *)t->data + index;

    if (set)
      for (PetscInt x = 0; x < n; ++x) data[x * stride] = (float)row[x];
    else
      for (PetscInt x = 0; x < n; ++x) row[x] = (double)data[x * stride];
  } else {
    double *data = (double *)t->data + index;

    if (set)
      for (PetscInt x = 0; x < n; ++x) data[x * stride] = row[x];
    else
      for (PetscInt x = 0; x < n; ++x) row[x] = data[x * stride];
  }
}

static PetscErrorCode copy_planes(SinewTensor t, double *planes, PetscBool set)
{
  const SinewBox box = t->layout->box;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Convert, 0, 0, 0, 0));
  for (PetscInt b = 0; b < t->batch; ++b)
    for (PetscInt c = 0; c < t->channels; ++c)
      for (PetscInt y = 0; y < box.ny; ++y)
        copy_row(t, row_index(t, b, y, c), box.nx, planes + ((b * t->channels + c) * box.ny + y) * box.nx, set);
  PetscCall(PetscLogEventEnd(NEURAL_Convert, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTensorSetPlanes(SinewTensor tensor, const double planes[])
{
  PetscFunctionBeginUser;
  PetscCall(copy_planes(tensor, (double *)planes, PETSC_TRUE)); /* only read */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTensorGetPlanes(SinewTensor tensor, double planes[])
{
  PetscFunctionBeginUser;
  PetscCall(copy_planes(tensor, planes, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- getters ---- */

SinewLayout SinewTensorLayout(SinewTensor tensor)
{
  return tensor->layout;
}

SinewDtype SinewTensorDtype(SinewTensor tensor)
{
  return tensor->dtype;
}

PetscInt SinewTensorBatch(SinewTensor tensor)
{
  return tensor->batch;
}

PetscInt SinewTensorChannels(SinewTensor tensor)
{
  return tensor->channels;
}

PetscInt SinewTensorHalo(SinewTensor tensor)
{
  return tensor->halo;
}

void *SinewTensorData(SinewTensor tensor)
{
  return tensor->data;
}

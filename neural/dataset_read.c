/* Reading of data sets: boxes of frames, moments, and which sample comes when. */
#include "io/random.h"
#include "neural/dataset_private.h"
#include <math.h>
#include <stdio.h>

#define STREAM_ORDER 0x6f72646572 /* "order"; the epoch is added */
#define STREAM_DRAW  0x64726177   /* "draw" */

/* ---- where a cell of the map comes from ---- */

/* Cells of the map, in line or in reverse, that lie in line in the file. */
typedef struct {
  PetscInt to, from, count; /* first in the box; lowest in the file */
  PetscBool reversed;
} Segment;

#define SEGMENTS 4 /* a shift cuts once, a reflection on faces once more, on both sides of the cut */

static PetscInt source(PetscInt i, PetscInt n, PetscInt shift, PetscBool flip, PetscBool face)
{
  const PetscInt j = ((i - shift) % n + n) % n;

  if (!flip) return j;
  return face ? (n - j) % n : n - 1 - j;
}

/* The segments of the cells start .. start+count-1 of an axis of n. */
static PetscInt cut(PetscInt start, PetscInt count, PetscInt n, PetscInt shift, PetscBool flip, PetscBool face,
                    Segment segment[SEGMENTS])
{
  const PetscInt step = flip ? -1 : 1;
  PetscInt used = 0, before = 0;

  for (PetscInt i = 0; i < count; i++) {
    const PetscInt from = source(start + i, n, shift, flip, face);

    if (i && from == before + step)
      segment[used - 1].count++;
    else
      segment[used++] = (Segment){i, from, 1, flip};
    if (flip) segment[used - 1].from = from;
    before = from;
  }
  return used;
}

/* ---- one frame ---- */

typedef struct {
  SinewDataset d;
  SinewBox box;
  PetscBool ok, advise;
  char why[PETSC_MAX_PATH_LEN];
} Reading;

/* At most as many files open as there is room for in `recent`. */
static PetscErrorCode keep_open(SinewDataset d, SinewExtract x)
{
  const PetscInt places = (PetscInt)(sizeof(d->recent) / sizeof(d->recent[0]));
  PetscInt at;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < places; k++)
    if (d->recent[k] == x) PetscFunctionReturn(PETSC_SUCCESS);
  at = (PetscInt)(d->opened++ % places);
  if (d->recent[at]) PetscCall(SinewExtractRest(d->recent[at]));
  d->recent[at] = x;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reserve(SinewDataset d, size_t n)
{
  PetscFunctionBeginUser;
  if (n <= d->scratch_size) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(d->scratch));
  PetscCall(PetscMalloc1(n, &d->scratch));
  d->scratch_size = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A value that is not finite, by its place in the file. */
static void blame(Reading *r, SinewExtract x, const DatasetAxes *a, const PetscInt64 start[], PetscInt64 first,
                  PetscInt64 second, double value)
{
  char where[PETSC_MAX_PATH_LEN], index[256];
  PetscInt64 at[SINEW_ARRAY_RANK_MAX];
  size_t used = 0;

  if (!r->ok) return;
  r->ok = PETSC_FALSE;
  for (int d = 0; d < SinewExtractRank(x); d++) at[d] = start[d];
  at[a->first] += first;
  at[a->second] += second;
  for (int d = 0; d < SinewExtractRank(x) && used < sizeof(index); d++)
    used += (size_t)snprintf(index + used, sizeof(index) - used, "%s%lld", d ? ", " : "", (long long)at[d]);
  snprintf(r->why, sizeof(r->why), "%s[%s]: expected a finite number, found %g", DatasetWhere(x, sizeof(where), where),
           index, value);
}

/* What lies in `scratch` as the file has it, [first][second], to its place in the plane, with signs and normalised. */
static void place(Reading *r, SinewExtract x, const DatasetAxes *a, const PetscInt64 start[], PetscInt c,
                  PetscReal sign, const Segment *sy, const Segment *sx, double plane[])
{
  const SinewDataset d = r->d;
  const PetscInt stride_y = d->axes_yx ? sx->count : 1, stride_x = d->axes_yx ? 1 : sy->count;
  const PetscReal mean = d->normalized ? d->mean[c] : 0, sd = d->normalized ? d->sd[c] : 1;

  for (PetscInt j = 0; j < sy->count; j++) {
    const PetscInt fy = sy->reversed ? sy->count - 1 - j : j;
    double *row = plane + (sy->to + j) * r->box.nx + sx->to;

    for (PetscInt i = 0; i < sx->count; i++) {
      const PetscInt fx = sx->reversed ? sx->count - 1 - i : i;
      const double value = d->scratch[fy * stride_y + fx * stride_x];

      if (!isfinite(value)) blame(r, x, a, start, d->axes_yx ? fy : fx, d->axes_yx ? fx : fy, value);
      row[i] = (sign * value - mean) / sd;
    }
  }
}

/* The box of one component of one frame. */
static PetscErrorCode read_component(Reading *r, const SinewSample *sample, PetscInt frame, PetscInt c, double plane[])
{
  const SinewDataset d = r->d;
  const PetscInt vector = c - d->scalars; /* x component when even */
  const PetscBool along_y = (PetscBool)(vector >= 0 && vector % 2), along_x = (PetscBool)(vector >= 0 && !along_y);
  const PetscBool negative = (PetscBool)((along_y && sample->flip[0]) || (along_x && sample->flip[1]));
  const PetscInt ny = (PetscInt)d->n[d->axes_yx ? 0 : 1], nx = (PetscInt)d->n[d->axes_yx ? 1 : 0];
  Segment sy[SEGMENTS], sx[SEGMENTS];
  PetscInt within, rows, columns;
  const DatasetBlock *block = DatasetFind(d, sample->trajectory, &within);
  const DatasetAxes *a = &block->axes[c];
  PetscInt64 start[SINEW_ARRAY_RANK_MAX] = {0}, count[SINEW_ARRAY_RANK_MAX] = {1, 1, 1, 1, 1, 1};

  PetscFunctionBeginUser;
  rows = cut(r->box.y, r->box.ny, ny, sample->shift[0], sample->flip[0], (PetscBool)(d->faces && along_y), sy);
  columns = cut(r->box.x, r->box.nx, nx, sample->shift[1], sample->flip[1], (PetscBool)(d->faces && along_x), sx);
  PetscCall(keep_open(d, block->extract[c]));
  if (a->trajectory >= 0) start[a->trajectory] = within;
  if (a->element >= 0) start[a->element] = d->component[c].element;
  start[a->frame] = d->skip + frame * d->every;
  for (PetscInt j = 0; r->ok && j < rows; j++) {
    for (PetscInt i = 0; r->ok && i < columns; i++) {
      const Segment *first = d->axes_yx ? &sy[j] : &sx[i], *second = d->axes_yx ? &sx[i] : &sy[j];

      start[a->first] = first->from;
      count[a->first] = first->count;
      start[a->second] = second->from;
      count[a->second] = second->count;
      if (r->advise) {
        PetscCall(SinewExtractAdvise(block->extract[c], start, count));
        continue;
      }
      PetscCall(reserve(d, (size_t)(first->count * second->count)));
      PetscCall(SinewExtractRead(block->extract[c], start, count, d->scratch, &r->ok, sizeof(r->why), r->why));
      if (r->ok) place(r, block->extract[c], a, start, c, negative ? -1 : 1, &sy[j], &sx[i], plane);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- samples ---- */

/* A sample that is not in the data set is the caller's mistake; found before anything is read. */
static void check_sample(Reading *r, const SinewDatasetShape *shape, const SinewSample *s)
{
  const PetscInt last = s->first + (s->count - 1) * PetscMax(1, s->stride);

  if (!r->ok || (s->trajectory >= 0 && s->trajectory < shape->trajectories && s->first >= 0 && last < shape->frames))
    return;
  r->ok = PETSC_FALSE;
  snprintf(r->why, sizeof(r->why), "trajectory %d, frames %d to %d: the data set %s has %d trajectories of %d frames",
           (int)s->trajectory, (int)s->first, (int)last, SinewExtractPath(r->d->block[0].extract[0]),
           (int)shape->trajectories, (int)shape->frames);
}

static PetscErrorCode walk(Reading *r, PetscInt n, const SinewSample sample[], double planes[])
{
  const SinewDataset d = r->d;
  const size_t plane = (size_t)(r->box.ny * r->box.nx);
  SinewDatasetShape shape;

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetGetShape(d, &shape));
  for (PetscInt k = 0; k < n; k++) check_sample(r, &shape, &sample[k]);
  for (PetscInt k = 0; r->ok && plane && k < n; k++) {
    for (PetscInt f = 0; r->ok && f < sample[k].count; f++) {
      const PetscInt frame = sample[k].first + f * PetscMax(1, sample[k].stride);

      for (PetscInt c = 0; r->ok && c < d->components; c++) {
        PetscCall(read_component(r, &sample[k], frame, c, planes));
        if (!r->advise) planes += plane;
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDatasetRead(SinewDataset d, MPI_Comm comm, SinewBox box, PetscInt n, const SinewSample sample[],
                                double planes[])
{
  Reading r = {.d = d, .box = box, .ok = PETSC_TRUE};
  char why[sizeof(r.why)];
  PetscBool failed;

  PetscFunctionBeginUser;
  PetscCall(walk(&r, n, sample, planes));
  PetscCall(SinewAgree(comm, r.ok, r.why, &failed, sizeof(why), why));
  PetscCheck(!failed, comm, SINEW_ERR_INPUT, "%s", why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDatasetAdvise(SinewDataset d, SinewBox box, PetscInt n, const SinewSample sample[])
{
  Reading r = {.d = d, .box = box, .ok = PETSC_TRUE, .advise = PETSC_TRUE};

  PetscFunctionBeginUser;
  PetscCall(walk(&r, n, sample, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDatasetDraw(SinewDataset d, PetscInt64 seed, PetscInt64 epoch, PetscInt64 k, PetscInt count,
                                const SinewAugmentation *augment, SinewSample *sample)
{
  SinewDatasetShape shape;
  PetscInt64 all, stream, index, n[2];

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetGetShape(d, &shape));
  all = (PetscInt64)shape.trajectories * shape.frames;
  PetscCheck(k >= 0 && k < all && count <= shape.frames, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "sample %" PetscInt64_FMT " of %" PetscInt64_FMT ", %" PetscInt_FMT " frames of %" PetscInt_FMT, k, all,
             count, shape.frames);
  index = SinewPermute(seed, STREAM_ORDER + epoch, all, k);
  stream = (PetscInt64)SinewRandomBits(STREAM_DRAW, seed, epoch);
  *sample = (SinewSample){.trajectory = (PetscInt)(index % shape.trajectories), .count = count, .stride = 1};
  sample->first = (PetscInt)(SinewUniform(stream, 0, index) * (PetscReal)(shape.frames - count + 1));
  n[0] = shape.ny;
  n[1] = shape.nx;
  for (int axis = 0; augment && axis < 2; axis++) {
    if (augment->shift[axis])
      sample->shift[axis] = (PetscInt)(SinewUniform(stream, 1 + axis, index) * (PetscReal)n[axis]);
    if (augment->flip[axis]) sample->flip[axis] = (PetscBool)(SinewUniform(stream, 3 + axis, index) < 0.5);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- normalisation ---- */

PetscErrorCode SinewDatasetNormalize(SinewDataset d, const PetscReal mean[], const PetscReal sd[])
{
  PetscFunctionBeginUser;
  d->normalized = (PetscBool)(mean && sd);
  for (PetscInt c = 0; d->normalized && c < d->components; c++) {
    PetscCheck(sd[c] > 0 && !PetscIsInfOrNanReal(mean[c]), PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
               "mean %g, standard deviation %g of %s", (double)mean[c], (double)sd[c], d->component[c].name);
    d->mean[c] = mean[c];
    d->sd[c] = sd[c];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sums of v - about and of its square over this rank's trajectories, frame by frame. */
static PetscErrorCode sum_up(Reading *r, MPI_Comm comm, const SinewDatasetShape *shape, const double about[],
                             double planes[], double sums[])
{
  const size_t cells = (size_t)(shape->ny * shape->nx);
  PetscMPIInt rank, size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  for (PetscInt t = rank; r->ok && t < shape->trajectories; t += size) {
    for (PetscInt f = 0; r->ok && f < shape->frames; f++) {
      const SinewSample sample = {.trajectory = t, .first = f, .count = 1};

      PetscCall(walk(r, 1, &sample, planes));
      for (PetscInt c = 0; c < shape->components; c++) {
        double sum = 0, square = 0;

        for (size_t i = 0; i < cells; i++) {
          const double v = planes[(size_t)c * cells + i] - about[c];

          sum += v;
          square += v * v;
        }
        sums[2 * c] += sum;
        sums[2 * c + 1] += square;
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The mean of the first frame: near enough to the mean of all for sums about it to lose nothing. */
static PetscErrorCode first_means(Reading *r, const SinewDatasetShape *shape, double planes[], double about[])
{
  const SinewSample sample = {.trajectory = 0, .first = 0, .count = 1};
  const size_t cells = (size_t)(shape->ny * shape->nx);

  PetscFunctionBeginUser;
  PetscCall(walk(r, 1, &sample, planes));
  for (PetscInt c = 0; c < shape->components; c++) {
    about[c] = 0;
    for (size_t i = 0; i < cells && r->ok; i++) about[c] += planes[(size_t)c * cells + i] / (double)cells;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDatasetMoments(SinewDataset d, MPI_Comm comm, PetscReal mean[], PetscReal sd[])
{
  Reading r = {.d = d, .ok = PETSC_TRUE};
  const PetscBool normalized = d->normalized;
  double about[DATASET_COMPONENTS_MAX], sums[2 * DATASET_COMPONENTS_MAX] = {0}, *planes;
  char why[sizeof(r.why)];
  SinewDatasetShape shape;
  PetscBool failed;

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetGetShape(d, &shape));
  r.box = (SinewBox){0, 0, shape.ny, shape.nx};
  PetscCall(PetscMalloc1((size_t)(shape.components * shape.ny * shape.nx), &planes));
  d->normalized = PETSC_FALSE;
  PetscCall(first_means(&r, &shape, planes, about));
  PetscCall(sum_up(&r, comm, &shape, about, planes, sums));
  d->normalized = normalized;
  PetscCall(PetscFree(planes));
  PetscCall(SinewAgree(comm, r.ok, r.why, &failed, sizeof(why), why));
  PetscCheck(!failed, comm, SINEW_ERR_INPUT, "%s", why);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, (PetscMPIInt)(2 * shape.components), MPI_DOUBLE, MPI_SUM, comm));
  for (PetscInt c = 0; c < shape.components; c++) {
    const double n = (double)shape.trajectories * (double)shape.frames * (double)shape.ny * (double)shape.nx;
    const double shift = sums[2 * c] / n, variance = (sums[2 * c + 1] - n * shift * shift) / PetscMax(1, n - 1);

    mean[c] = about[c] + shift;
    sd[c] = PetscSqrtReal(PetscMax(0, variance));
    PetscCheck(sd[c] > 0, comm, SINEW_ERR_INPUT, "data: %s is %g everywhere, which cannot be normalised",
               d->component[c].name, mean[c]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDatasetDrawLead(SinewDataset d, PetscInt64 seed, PetscInt64 epoch, PetscInt64 k, PetscInt lead,
                                    const SinewAugmentation *augment, SinewSample *sample)
{
  const PetscInt64 stream = (PetscInt64)SinewRandomBits(STREAM_DRAW, seed, epoch);
  SinewDatasetShape shape;
  PetscInt end, first;
  double sum = 0, left;

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetGetShape(d, &shape));
  PetscCall(SinewDatasetDraw(d, seed, epoch, k, 2, augment, sample));
  end = 1 + (PetscInt)(SinewUniform(stream, 5, k) * (PetscReal)(shape.frames - 1));
  for (first = PetscMax(end - lead, 0); first < end; ++first) sum += 1. / (double)(first + 1);
  left = (double)SinewUniform(stream, 6, k) * sum;
  for (first = PetscMax(end - lead, 0); first < end - 1; ++first)
    if ((left -= 1. / (double)(first + 1)) < 0) break;
  sample->first = first;
  sample->stride = end - first;
  PetscFunctionReturn(PETSC_SUCCESS);
}

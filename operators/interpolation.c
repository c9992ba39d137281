#include "operators/interpolation.h"

#include "io/error.h"

#define REACH_MAX 3 /* centres on either side of a point */

/* What this rank's box with its halo knows of an axis. */
typedef struct {
  PetscInt first, count; /* global index of center[0]; number of centres */
  PetscReal *center;
  PetscInt boxes;  /* ranks along the axis */
  PetscReal *ends; /* faces between the boxes, boxes + 1 of them */
} Axis;

struct _p_SinewInterpolation {
  MPI_Comm comm;
  SinewGrid grid;
  PetscInt dim, components, reach;
  DM dm;
  Vec field; /* local, with halo */
  Axis axis[3];
  PetscMPIInt tag[2];
};

/* A point's six centres along an axis, and their weights. */
typedef struct {
  PetscInt start, n; /* start: in the box with its halo */
  PetscReal weight[2 * REACH_MAX];
} Stencil;

/* ---- set-up ---- */

static PetscErrorCode choose_reach(SinewInterpolation it, PetscInt least)
{
  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < it->dim; d++) {
    const SinewAxis *a = SinewGridAxis(it->grid, d);

    least = PetscMin(least, PetscMin(a->count, a->cells / 2));
  }
  PetscCallMPI(MPI_Allreduce(&least, &it->reach, 1, MPIU_INT, MPI_MIN, it->comm));
  it->reach = PetscMax(it->reach, 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Centres of the halo's cells belong to other ranks: they come by the exchange that brings the field. */
static PetscErrorCode fetch_centers(SinewInterpolation it, PetscInt d, const PetscInt start[3], const PetscInt count[3])
{
  const SinewAxis *a = SinewGridAxis(it->grid, d);
  const PetscReal length = a->upper - a->lower;
  const PetscInt stride = d == 0 ? 1 : d == 1 ? count[0] : count[0] * count[1];
  PetscInt low[3], middle = 0; /* a line of cells through the owned box */
  Axis *mine = &it->axis[d];
  PetscReal *x;
  Vec global, local;
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(SinewGridCreateDM(it->grid, 1, it->reach, &dm));
  PetscCall(DMGetGlobalVector(dm, &global));
  PetscCall(DMGetLocalVector(dm, &local));
  PetscCall(VecGetArrayWrite(global, &x));
  for (PetscInt n = 0, i = 0; n < SinewGridAxis(it->grid, 2)->count; n++) {
    for (PetscInt m = 0; m < SinewGridAxis(it->grid, 1)->count; m++) {
      for (PetscInt l = 0; l < SinewGridAxis(it->grid, 0)->count; l++) {
        const PetscInt at[3] = {l, m, n};

        x[i++] = a->center[at[d] + a->ghosts];
      }
    }
  }
  PetscCall(VecRestoreArrayWrite(global, &x));
  PetscCall(DMGlobalToLocal(dm, global, INSERT_VALUES, local));
  for (PetscInt e = 0; e < 3; e++) low[e] = SinewGridAxis(it->grid, e)->start - start[e];
  low[d] = 0;
  middle = (low[2] * count[1] + low[1]) * count[0] + low[0];
  mine->first = start[d];
  mine->count = count[d];
  PetscCall(PetscMalloc1((size_t)count[d], &mine->center));
  PetscCall(VecGetArray(local, &x));
  for (PetscInt i = 0; i < count[d]; i++) {
    const PetscInt cell = start[d] + i;

    mine->center[i] = x[middle + i * stride];
    if (a->periodic && cell < 0) mine->center[i] -= length;
    if (a->periodic && cell >= a->cells) mine->center[i] += length;
  }
  PetscCall(VecRestoreArray(local, &x));
  PetscCall(DMRestoreLocalVector(dm, &local));
  PetscCall(DMRestoreGlobalVector(dm, &global));
  PetscCall(DMDestroy(&dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Faces between the boxes along an axis: as many numbers as ranks along it, summed from those who know. */
static PetscErrorCode find_ends(SinewInterpolation it, PetscInt d, PetscInt boxes)
{
  const SinewAxis *a = SinewGridAxis(it->grid, d);
  const PetscInt *sizes[3];
  PetscInt box = 0, start = 0;
  Axis *mine = &it->axis[d];

  PetscFunctionBeginUser;
  mine->boxes = boxes;
  PetscCall(PetscMalloc1((size_t)boxes + 1, &mine->ends));
  for (PetscInt b = 0; b <= boxes; b++) mine->ends[b] = PETSC_MIN_REAL;
  PetscCall(DMDAGetOwnershipRanges(it->dm, &sizes[0], &sizes[1], &sizes[2]));
  while (start < a->start) start += sizes[d][box++];
  mine->ends[box] = a->face[a->ghosts];
  if (box == boxes - 1) mine->ends[boxes] = a->upper;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, mine->ends, (PetscMPIInt)(boxes + 1), MPIU_REAL, MPIU_MAX, it->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* most: centres on either side of a point */
static PetscErrorCode create(SinewGrid grid, PetscInt components, PetscInt most, SinewInterpolation *interpolation)
{
  SinewInterpolation it;
  PetscInt start[3], count[3], boxes[3];
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&it));
  PetscCall(SinewGridGetDM(grid, &dm));
  it->comm = PetscObjectComm((PetscObject)dm);
  it->grid = grid;
  it->dim = SinewGridDim(grid);
  it->components = components;
  PetscCall(choose_reach(it, most));
  PetscCall(SinewGridCreateDM(grid, components, it->reach, &it->dm));
  PetscCall(DMCreateLocalVector(it->dm, &it->field));
  PetscCall(DMDAGetGhostCorners(it->dm, &start[0], &start[1], &start[2], &count[0], &count[1], &count[2]));
  PetscCall(
      DMDAGetInfo(it->dm, NULL, NULL, NULL, NULL, &boxes[0], &boxes[1], &boxes[2], NULL, NULL, NULL, NULL, NULL, NULL));
  for (PetscInt d = 0; d < it->dim; d++) {
    PetscCall(fetch_centers(it, d, start, count));
    PetscCall(find_ends(it, d, boxes[d]));
  }
  for (int k = 0; k < 2; k++) PetscCall(PetscObjectGetNewTag((PetscObject)it->dm, &it->tag[k]));
  *interpolation = it;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInterpolationCreate(SinewGrid grid, PetscInt components, SinewInterpolation *interpolation)
{
  PetscFunctionBeginUser;
  PetscCall(create(grid, components, REACH_MAX, interpolation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInterpolationCreateLinear(SinewGrid grid, PetscInt components, SinewInterpolation *interpolation)
{
  PetscFunctionBeginUser;
  PetscCall(create(grid, components, 1, interpolation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInterpolationDestroy(SinewInterpolation *interpolation)
{
  SinewInterpolation it = *interpolation;

  PetscFunctionBeginUser;
  if (!it) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt d = 0; d < 3; d++) {
    PetscCall(PetscFree(it->axis[d].center));
    PetscCall(PetscFree(it->axis[d].ends));
  }
  PetscCall(VecDestroy(&it->field));
  PetscCall(DMDestroy(&it->dm));
  PetscCall(PetscFree(it));
  *interpolation = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewInterpolationComponents(SinewInterpolation it)
{
  return it->components;
}

PetscErrorCode SinewInterpolationSetField(SinewInterpolation it, Vec U)
{
  PetscFunctionBeginUser;
  PetscCall(DMGlobalToLocal(it->dm, U, INSERT_VALUES, it->field));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- one point ---- */

/* The last of n increasing numbers that is not above x; the first when all are. */
static PetscInt bracket(PetscInt n, const PetscReal s[], PetscReal x)
{
  PetscInt low = 0, high = n;

  while (high - low > 1) {
    const PetscInt mid = (low + high) / 2;

    if (s[mid] <= x)
      low = mid;
    else
      high = mid;
  }
  return low;
}

static PetscReal into_domain(const SinewAxis *a, PetscReal x)
{
  if (a->periodic) x -= (a->upper - a->lower) * PetscFloorReal((x - a->lower) / (a->upper - a->lower));
  return PetscClipInterval(x, a->lower, a->upper);
}

/* The rank whose box holds a point (x already in the domain), as a DMDA counts them. */
static PetscMPIInt owner_of(SinewInterpolation it, const PetscReal x[3])
{
  PetscInt rank = 0;

  for (PetscInt d = it->dim; d-- > 0;)
    rank = rank * it->axis[d].boxes + bracket(it->axis[d].boxes, it->axis[d].ends, x[d]);
  return (PetscMPIInt)rank;
}

static void set_stencil(SinewInterpolation it, PetscInt d, PetscReal x, Stencil *s)
{
  const Axis *mine = &it->axis[d];
  const SinewAxis *a = SinewGridAxis(it->grid, d);
  /* of a domain that ends here the halo holds nothing */
  const PetscInt low = a->periodic ? mine->first : PetscMax(mine->first, 0);
  const PetscInt high = a->periodic ? mine->first + mine->count : PetscMin(mine->first + mine->count, a->cells);

  s->n = PetscMin(2 * it->reach, high - low);
  s->start = mine->first + bracket(mine->count, mine->center, x) - it->reach + 1;
  s->start = PetscClipInterval(s->start, low, high - s->n) - mine->first;
  for (PetscInt k = 0; k < s->n; k++) {
    s->weight[k] = 1;
    for (PetscInt j = 0; j < s->n; j++) {
      if (j != k)
        s->weight[k] *= (x - mine->center[s->start + j]) / (mine->center[s->start + k] - mine->center[s->start + j]);
    }
  }
}

static void evaluate(SinewInterpolation it, const PetscReal field[], const PetscReal x[], PetscReal value[])
{
  const PetscInt nc = it->components;
  const PetscInt pitch[3] = {1, it->axis[0].count, it->axis[0].count * it->axis[1].count};
  Stencil s[3] = {{0, 1, {1}}, {0, 1, {1}}, {0, 1, {1}}};

  for (PetscInt d = 0; d < it->dim; d++) set_stencil(it, d, x[d], &s[d]);
  for (PetscInt c = 0; c < nc; c++) value[c] = 0;
  for (PetscInt k = 0; k < s[2].n; k++) {
    for (PetscInt j = 0; j < s[1].n; j++) {
      const PetscReal *row = field + nc * ((s[2].start + k) * pitch[2] + (s[1].start + j) * pitch[1] + s[0].start);
      const PetscReal outer = s[2].weight[k] * s[1].weight[j];

      for (PetscInt i = 0; i < s[0].n; i++) {
        for (PetscInt c = 0; c < nc; c++) value[c] += outer * s[0].weight[i] * row[i * nc + c];
      }
    }
  }
}

/* ---- all points ---- */

/* Points on their way: sorted by the rank that they go to. */
typedef struct {
  PetscMPIInt tos, froms, *to, *from; /* ranks */
  PetscInt *to_count, *from_count;    /* points for and from each */
  PetscInt *order;                    /* of the sorted points in the caller's */
  PetscInt received;
} Route;

static PetscErrorCode find_route(SinewInterpolation it, PetscInt n, const PetscReal x[], Route *route)
{
  PetscInt *owner;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)n, &owner));
  PetscCall(PetscMalloc1((size_t)n, &route->order));
  for (PetscInt p = 0; p < n; p++) {
    PetscReal at[3] = {0, 0, 0};

    for (PetscInt d = 0; d < it->dim; d++) at[d] = into_domain(SinewGridAxis(it->grid, d), x[p * it->dim + d]);
    owner[p] = owner_of(it, at);
    route->order[p] = p;
  }
  PetscCall(PetscSortIntWithArray(n, owner, route->order));
  route->tos = 0;
  for (PetscInt p = 0; p < n; p++) route->tos += p == 0 || owner[p] != owner[p - 1];
  PetscCall(PetscMalloc2((size_t)route->tos, &route->to, (size_t)route->tos, &route->to_count));
  for (PetscInt p = 0, k = -1; p < n; p++) {
    if (p == 0 || owner[p] != owner[p - 1]) {
      route->to[++k] = (PetscMPIInt)owner[p];
      route->to_count[k] = 0;
    }
    route->to_count[k]++;
  }
  PetscCall(PetscFree(owner));
  PetscCall(PetscCommBuildTwoSided(it->comm, 1, MPIU_INT, route->tos, route->to, route->to_count, &route->froms,
                                   &route->from, (void *)&route->from_count));
  route->received = 0;
  for (PetscMPIInt k = 0; k < route->froms; k++) route->received += route->from_count[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode free_route(Route *route)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(route->order));
  PetscCall(PetscFree2(route->to, route->to_count));
  PetscCall(PetscFree(route->from));
  PetscCall(PetscFree(route->from_count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sends `width` numbers a point one way: from `send`, cut by to_count, into `receive`, cut by from_count. */
static PetscErrorCode exchange(MPI_Comm comm, PetscMPIInt tag, PetscInt width, PetscMPIInt tos, const PetscMPIInt to[],
                               const PetscInt to_count[], const PetscReal send[], PetscMPIInt froms,
                               const PetscMPIInt from[], const PetscInt from_count[], PetscReal receive[])
{
  MPI_Request *request;
  PetscMPIInt length;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)(tos + froms), &request));
  for (PetscMPIInt k = 0; k < froms; receive += width * from_count[k++]) {
    PetscCall(PetscMPIIntCast(width * from_count[k], &length));
    PetscCallMPI(MPI_Irecv(receive, length, MPIU_REAL, from[k], tag, comm, &request[k]));
  }
  for (PetscMPIInt k = 0; k < tos; send += width * to_count[k++]) {
    PetscCall(PetscMPIIntCast(width * to_count[k], &length));
    PetscCallMPI(MPI_Isend(send, length, MPIU_REAL, to[k], tag, comm, &request[froms + k]));
  }
  PetscCallMPI(MPI_Waitall(tos + froms, request, MPI_STATUSES_IGNORE));
  PetscCall(PetscFree(request));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInterpolationEvaluate(SinewInterpolation it, PetscInt n, const PetscReal x[], PetscReal value[])
{
  const PetscInt dim = it->dim, nc = it->components;
  const PetscReal *field;
  PetscReal *out, *in, *answer, *back;
  Route r;

  PetscFunctionBeginUser;
  PetscCall(find_route(it, n, x, &r));
  PetscCall(PetscMalloc4((size_t)(n * dim), &out, (size_t)(r.received * dim), &in, (size_t)(r.received * nc), &answer,
                         (size_t)(n * nc), &back));
  for (PetscInt p = 0; p < n; p++) {
    for (PetscInt d = 0; d < dim; d++)
      out[p * dim + d] = into_domain(SinewGridAxis(it->grid, d), x[r.order[p] * dim + d]);
  }
  PetscCall(exchange(it->comm, it->tag[0], dim, r.tos, r.to, r.to_count, out, r.froms, r.from, r.from_count, in));
  PetscCall(VecGetArrayRead(it->field, &field));
  for (PetscInt p = 0; p < r.received; p++) evaluate(it, field, &in[p * dim], &answer[p * nc]);
  PetscCall(VecRestoreArrayRead(it->field, &field));
  PetscCall(exchange(it->comm, it->tag[1], nc, r.froms, r.from, r.from_count, answer, r.tos, r.to, r.to_count, back));
  for (PetscInt p = 0; p < n; p++) PetscCall(PetscArraycpy(value + r.order[p] * nc, back + p * nc, nc));
  PetscCall(PetscFree4(out, in, answer, back));
  PetscCall(free_route(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* MM-PDE: moved nodes, and whether their mesh is folded. */
#include "neural/mmpde_private.h"

static double value_at(const SinewMmpde m, const void *u, PetscInt i)
{
  const PetscInt k = i * m->model.fields + m->model.mover_field;

  return m->o.dtype == SINEW_FLOAT32 ? (double)((const float *)u)[k] : ((const double *)u)[k];
}

/* Where node k of the mover's `size` lies among N nodes along an axis: the node below, and how far beyond it. */
static PetscInt locate(const SinewMmpde m, PetscInt k, PetscInt size, PetscInt N, double *beyond)
{
  const double p = (double)k * (double)(m->model.periodic ? N : N - 1) / (double)(size - 1);
  const PetscInt below = m->model.periodic ? (PetscInt)p : PetscMin((PetscInt)p, PetscMax(N - 2, 0));

  *beyond = p - (double)below;
  return below;
}

/* The mover's size x size values of one sample: each rank adds what its nodes contribute, bilinearly. */
static void sample_field(const SinewMmpde m, const void *u, PetscInt b, double *field)
{
  const SinewBox box = SinewLayoutBox(m->layout), map = SinewLayoutMap(m->layout);
  const PetscInt size = SinewDMMSize(m->mover);

  for (PetscInt j = 0; j < size; j++)
    for (PetscInt i = 0; i < size; i++) {
      double fy, fx, sum = 0;
      const PetscInt y = locate(m, j, size, map.ny, &fy), x = locate(m, i, size, map.nx, &fx);

      for (int c = 0; c < 4; c++) {
        const double weight = (c / 2 ? fy : 1 - fy) * (c % 2 ? fx : 1 - fx);
        const PetscInt row = (y + c / 2) % map.ny - box.y, column = (x + c % 2) % map.nx - box.x;

        if (weight == 0 || row < 0 || row >= box.ny || column < 0 || column >= box.nx) continue;
        sum += weight * value_at(m, u, (b * box.ny + row) * box.nx + column);
      }
      field[j * size + i] = sum;
    }
}

/* The field between 0 and 1, as some movers are trained; a constant one becomes 0. */
static void normalise_field(PetscInt n, double *field)
{
  double low = PETSC_MAX_REAL, high = PETSC_MIN_REAL;

  for (PetscInt i = 0; i < n; i++) {
    low = PetscMin(low, field[i]);
    high = PetscMax(high, field[i]);
  }
  for (PetscInt i = 0; i < n; i++) field[i] = high > low ? (field[i] - low) / (high - low) : 0;
}

/* All values of one sample: each rank adds its own. */
static void place_field(const SinewMmpde m, const void *u, PetscInt b, double *field)
{
  const SinewBox box = SinewLayoutBox(m->layout), map = SinewLayoutMap(m->layout);

  for (PetscInt n = 0; n < map.ny * map.nx; n++) field[n] = 0;
  for (PetscInt i = 0; i < box.ny * box.nx; i++)
    field[(box.y + i / box.nx) * map.nx + box.x + i % box.nx] = value_at(m, u, b * box.ny * box.nx + i);
}

static PetscErrorCode apply_network(SinewMmpde m, double field[], PetscInt b)
{
  const SinewBox box = SinewLayoutBox(m->layout);
  const PetscInt each = box.ny * box.nx;
  double *const gradient[2] = {m->displacement[0] + b * each, m->displacement[1] + b * each};

  PetscFunctionBeginUser;
  if (m->model.mover_normalised) normalise_field(SinewDMMSize(m->mover) * SinewDMMSize(m->mover), field);
  PetscCall(SinewDMMField(m->mover, field, m->c, NULL));
  PetscCall(SinewDMMEvaluate(m->mover, m->c, each, m->xi + 2 * b * each, m->phi, gradient, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* grad phi at this rank's nodes. */
static PetscErrorCode evaluate_mover(SinewMmpde m, const void *u)
{
  const SinewBox map = SinewLayoutMap(m->layout);
  const PetscInt area = m->mover ? SinewDMMSize(m->mover) * SinewDMMSize(m->mover) : map.ny * map.nx;

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < m->o.batch; b++)
    if (m->mover)
      sample_field(m, u, b, m->field + b * area);
    else
      place_field(m, u, b, m->field + b * area);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, m->field, (PetscMPIInt)(m->o.batch * area), MPI_DOUBLE, MPI_SUM, m->comm));
  for (PetscInt b = 0; b < m->o.batch; b++)
    PetscCall(m->mover ? apply_network(m, m->field + b * area, b) : MmpdeClassicalMove(m, m->field + b * area, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nodes on a side stay on it, those inside stay in the square. */
static double project(double x, PetscInt i, PetscInt N)
{
  return i == 0 ? 0 : i == N - 1 ? 1 : PetscMax(0, PetscMin(x, 1));
}

static void displace(SinewMmpde m, double scale)
{
  const SinewBox box = SinewLayoutBox(m->layout), map = SinewLayoutMap(m->layout);
  const PetscBool keep = (PetscBool)(!m->model.periodic && !m->model.unprojected);

  for (PetscInt i = 0; i < m->nodes; i++) {
    const PetscInt column = box.x + i % box.nx, row = box.y + i / box.nx % box.ny;

    for (int d = 0; d < 2; d++) {
      const double x = m->xi[2 * i + d] + scale * m->displacement[d][i];

      m->x[2 * i + d] = keep ? project(x, d ? row : column, d ? map.ny : map.nx) : x;
    }
  }
}

/* Twice the area that two edges span, from node o to nodes a and b of the padded corner map. */
static double span(const double *o, const double *a, const double *b)
{
  return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
}

typedef struct {
  double least, x, y;
} Corner;

/* The corners of the cells whose lower left node is this rank's. Across a period nodes are a period apart. */
static PetscInt64 judge_box(SinewMmpde m, Corner *worst)
{
  const SinewBox box = SinewLayoutBox(m->layout), map = SinewLayoutMap(m->layout);
  const PetscBool wraps = m->model.periodic;
  const PetscInt ny = wraps ? map.ny : map.ny - 1, nx = wraps ? map.nx : map.nx - 1;
  const double *corner = (const double *)SinewTensorData(m->corner);
  PetscInt64 folded = 0;

  for (PetscInt b = 0; b < m->o.batch; b++)
    for (PetscInt y = 0; y < box.ny && box.y + y < ny; y++)
      for (PetscInt x = 0; x < box.nx && box.x + x < nx; x++) {
        double p[4][2], least = PETSC_MAX_REAL; /* counter-clockwise */

        for (int c = 0; c < 4; c++) {
          const PetscInt dx = c == 1 || c == 2, dy = c / 2;
          const double *q = corner + 2 * ((b * (box.ny + 2) + y + dy + 1) * (box.nx + 2) + x + dx + 1);

          p[c][0] = q[0] + (box.x + x + dx == map.nx);
          p[c][1] = q[1] + (box.y + y + dy == map.ny);
        }
        for (int c = 0; c < 4; c++)
          least = PetscMin(least, span(p[c], p[(c + 1) % 4], p[(c + 3) % 4]) * (double)ny * (double)nx);
        folded += !(least > 0);
        if (!(least >= worst->least)) *worst = (Corner){least, p[0][0], p[0][1]};
      }
  return folded;
}

static PetscErrorCode judge(SinewMmpde m, SinewMmpdeMesh *mesh)
{
  const SinewBox box = SinewLayoutBox(m->layout);
  double *corner = (double *)SinewTensorData(m->corner), least;
  Corner worst = {PETSC_MAX_REAL, 0, 0};
  PetscMPIInt rank, who;

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < m->nodes; i++) {
    const PetscInt column = i % box.nx, row = i / box.nx % box.ny, b = i / (box.nx * box.ny);

    for (int d = 0; d < 2; d++)
      corner[2 * ((b * (box.ny + 2) + row + 1) * (box.nx + 2) + column + 1) + d] = m->x[2 * i + d];
  }
  PetscCall(SinewTensorHaloBegin(m->corner));
  PetscCall(SinewTensorHaloEnd(m->corner));
  mesh->folded = judge_box(m, &worst);
  PetscCallMPI(MPI_Comm_rank(m->comm, &rank));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &mesh->folded, 1, MPIU_INT64, MPI_SUM, m->comm));
  PetscCallMPI(MPI_Allreduce(&worst.least, &least, 1, MPI_DOUBLE, MPI_MIN, m->comm));
  who = worst.least == least ? rank : PETSC_MPI_INT_MAX;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &who, 1, MPI_INT, MPI_MIN, m->comm));
  if (who != PETSC_MPI_INT_MAX) PetscCallMPI(MPI_Bcast(&worst, 3, MPI_DOUBLE, who, m->comm));
  mesh->least = least;
  mesh->at[0] = worst.x;
  mesh->at[1] = worst.y;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode MmpdeMoveNodes(SinewMmpde m, const void *u, PetscBool damp, SinewMmpdeMesh *mesh)
{
  PetscFunctionBeginUser;
  PetscCall(evaluate_mover(m, u));
  mesh->scale = 1;
  while (1) {
    displace(m, mesh->scale);
    PetscCall(judge(m, mesh));
    if (!damp || mesh->least > 0.05 || mesh->scale < 1e-6) break;
    mesh->scale *= 0.8;
  }
  if (m->model.mirrored)
    for (PetscInt i = 0; i < m->nodes; i++) {
      const double x = m->x[2 * i];

      m->x[2 * i] = m->x[2 * i + 1];
      m->x[2 * i + 1] = x;
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

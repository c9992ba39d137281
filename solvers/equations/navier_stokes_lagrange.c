/*
  Semi-Lagrangian steps on staggered cells, as PhiFlow 2.1 makes them for PDEArena's smoke (Gupta & Brandstetter 2022;
  Stam, Stable Fluids, 1999). One step of length dt, in this order:

    s  <- s(x - dt v(x))                                   at the centres, with the old velocity
    v* <- v(x - dt v(x)) + dt (b s + f - drag v)            at the faces, with the new s
    v* <- v* + nu dt lap v*                                 one explicit step; likewise s with its diffusivity
    v  <- v* - grad phi,  lap phi = div v*

  Feet by one Euler step backwards; values there are linear between the nearest points of the component's own lattice.
  Beyond a side s is that of the border; a velocity is that of the border at a slip wall, and beside a no-slip wall
  falls to 0 within the cell beyond the outermost point, which is the original's wall. First order in time, any step:
  the foot may lie any number of cells away, on any rank.

  Per step: one exchange of feet and values for each lattice (operators/interpolation.h), four halo exchanges, and the
  Poisson solver's.
*/
#include "io/error.h"
#include "solvers/equations/navier_stokes_faces.h"

/* The lattice of the scalars, -1, or of the velocity along an axis. */
typedef PetscInt Lattice;
#define CENTERS (-1)

/* ---- feet ---- */

/* Velocity along axis d at the point of a lattice that belongs to a cell of the patch. */
static PetscReal velocity_at(SinewFlowFaces f, Lattice lattice, PetscInt d, PetscInt cell)
{
  const PetscReal *v = f->w[d] + cell;
  const PetscInt s = f->stride[d];

  if (lattice == d) return v[0];
  if (lattice == CENTERS) return 0.5 * (v[0] + v[s]);
  return 0.25 * (v[0] + v[s] + v[-f->stride[lattice]] + v[s - f->stride[lattice]]);
}

/* Whether velocities along an axis vanish beyond a side: a no-slip wall, or any for the velocity across it. */
static PetscBool vanishes(SinewFlowFaces f, PetscInt side, Lattice lattice)
{
  return (PetscBool)(lattice == side / 2 ||
                     (f->e->side[side].pieces && f->e->side[side].piece[0].kind != SINEW_BOUNDARY_REFLECT));
}

/* Puts a coordinate (of the lattice moved onto the centres) between the outermost points; what is left of the value. */
static PetscReal clamp(SinewFlowFaces f, PetscInt d, Lattice lattice, PetscReal *x)
{
  const SinewAxis *a = f->axis[d];
  const PetscReal h = 1 / f->inverse[d], low = a->lower + 0.5 * h, high = a->upper - 0.5 * h;
  const PetscReal beyond = PetscMax(low - *x, *x - high);
  const PetscInt side = 2 * d + (*x > high);

  if (a->periodic || beyond <= 0) return 1;
  *x = *x > high ? high : low;
  if (lattice == CENTERS || !vanishes(f, side, lattice)) return 1;
  return PetscMax(0, 1 - beyond * f->inverse[d]);
}

/* Feet of a lattice's characteristics, and the factors of the values found there. */
static void find_feet(SinewFlowFaces f, Lattice lattice, PetscReal dt, PetscReal x[], PetscReal factor[])
{
  const PetscInt n = f->axis[0]->count, dim = f->dim;

  for (PetscInt row = 0; row < f->axis[1]->count * f->axis[2]->count; row++) {
    const PetscInt j = row % f->axis[1]->count, k = row / f->axis[1]->count, at = SinewFlowFacesRow(f, j, k);

    for (PetscInt i = 0; i < n; i++, x += dim, factor++) {
      const PetscInt cell[3] = {i, j, k};

      *factor = 1;
      for (PetscInt d = 0; d < dim; d++) {
        /* of the lattice's point moved onto the centre: half a cell up along the velocity's own axis */
        x[d] = f->axis[d]->center[cell[d] + f->axis[d]->ghosts] - dt * velocity_at(f, lattice, d, at + i);
        *factor *= clamp(f, d, lattice, &x[d]);
      }
    }
  }
}

/* out's components of one lattice: the field's values at the feet. Collective. */
static PetscErrorCode carry(SinewFlowFaces f, Lattice lattice, PetscReal dt, PetscReal *x, PetscReal *factor,
                            PetscReal *value, Vec out)
{
  const PetscInt cells = f->axis[0]->count * f->axis[1]->count * f->axis[2]->count, nc = f->nc;
  const PetscInt first = lattice == CENTERS ? f->dim : lattice, last = lattice == CENTERS ? nc : lattice + 1;
  PetscReal *u;

  PetscFunctionBegin;
  if (first == last) PetscFunctionReturn(PETSC_SUCCESS);
  find_feet(f, lattice, dt, x, factor);
  PetscCall(SinewInterpolationEvaluate(f->feet, cells, x, value));
  PetscCall(VecGetArray(out, &u));
  for (PetscInt i = 0; i < cells; i++) {
    for (PetscInt c = first; c < last; c++) u[i * nc + c] = factor[i] * value[i * nc + c];
  }
  PetscCall(VecRestoreArray(out, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode carry_all(SinewFlowFaces f, PetscReal dt, Vec Y, Vec out)
{
  const size_t cells = (size_t)(f->axis[0]->count * f->axis[1]->count * f->axis[2]->count);
  PetscReal *x, *factor, *value;

  PetscFunctionBegin;
  if (!f->feet) PetscCall(SinewInterpolationCreateLinear(f->e->grid, f->nc, &f->feet));
  PetscCall(PetscMalloc3(cells * (size_t)f->dim, &x, cells, &factor, cells * (size_t)f->nc, &value));
  PetscCall(SinewInterpolationSetField(f->feet, Y));
  PetscCall(SinewFlowFacesLoad(f, Y, f->nc));
  for (Lattice lattice = CENTERS; lattice < f->dim; lattice++) PetscCall(carry(f, lattice, dt, x, factor, value, out));
  PetscCall(PetscFree3(x, factor, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- forces and diffusion ---- */

/* Velocities beside a no-slip wall see 0 half a cell behind it. */
static void empty_walls(SinewFlowFaces f)
{
  for (PetscInt side = 0; side < 2 * f->dim; side++) {
    const PetscInt d = side / 2, p = d == 0 ? 1 : 0, q = d == 2 ? 1 : 2;
    const PetscInt ghost = f->axis[d]->ghosts + (side % 2 ? f->axis[d]->count : -1);

    if (!SinewFlowFacesOnSide(f, side)) continue;
    for (PetscInt c = 0; c < f->dim; c++) {
      for (PetscInt column = 0; column < f->size[p] * f->size[q] && vanishes(f, side, c); column++)
        f->w[c][ghost * f->stride[d] + column % f->size[p] * f->stride[p] + column / f->size[p] * f->stride[q]] = 0;
    }
  }
}

/* The acceleration of a face, from the patch. */
static PetscReal acceleration(SinewFlowFaces f, PetscInt a, PetscInt cell)
{
  const SinewFlowParameters *p = f->parameters;
  PetscReal sum = -p->drag * f->w[a][cell];

  if (p->buoyancy.n) sum += 0.5 * p->buoyancy.value[a] * (f->w[f->dim][cell] + f->w[f->dim][cell - f->stride[a]]);
  if (f->force[a]) sum += f->force[a][cell];
  return sum;
}

static PetscReal laplacian(SinewFlowFaces f, PetscInt c, PetscInt cell)
{
  const PetscReal *w = f->w[c] + cell;
  PetscReal sum = 0;

  for (PetscInt d = 0; d < f->dim; d++)
    sum += f->inverse[d] * f->inverse[d] * (w[f->stride[d]] - 2 * w[0] + w[-f->stride[d]]);
  return sum;
}

/* U += dt times what the patch of U says: forces, or diffusion. */
static PetscErrorCode add(SinewFlowFaces f, PetscBool diffusion, PetscReal dt, Vec U)
{
  const SinewFlowParameters *p = f->parameters;
  const PetscInt n = f->axis[0]->count, components = diffusion ? f->nc : f->dim;
  PetscReal *u;

  PetscFunctionBegin;
  PetscCall(SinewFlowFacesLoad(f, U, f->nc));
  if (diffusion) empty_walls(f);
  PetscCall(VecGetArray(U, &u));
  for (PetscInt row = 0; row < f->axis[1]->count * f->axis[2]->count; row++) {
    const PetscInt at = SinewFlowFacesRow(f, row % f->axis[1]->count, row / f->axis[1]->count);

    for (PetscInt i = 0; i < n; i++) {
      for (PetscInt c = 0; c < components; c++) {
        const PetscReal nu = c < f->dim ? p->viscosity : p->scalar_diffusivity;

        u[(row * n + i) * f->nc + c] += dt * (diffusion ? nu * laplacian(f, c, at + i) : acceleration(f, c, at + i));
      }
    }
  }
  PetscCall(VecRestoreArray(U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowFacesLeap(SinewFlowFaces f, PetscReal t, Vec Y, PetscReal dt, Vec out)
{
  PetscFunctionBegin;
  PetscCall(SinewFlowFacesForce(f, t));
  PetscCall(carry_all(f, dt, Y, out));
  PetscCall(add(f, PETSC_FALSE, dt, out));
  if (f->parameters->viscosity > 0 || f->parameters->scalar_diffusivity > 0) PetscCall(add(f, PETSC_TRUE, dt, out));
  PetscCall(SinewFlowFacesProject(f, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

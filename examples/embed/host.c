/*
  A PETSc program of one's own that borrows a stepper from Sinew: Burgers' equation u_t + (u^2 / 2)_x = 0 on a periodic
  DMDA, right-hand side by this program, time by TSSINEWSSP (strong-stability-preserving Runge-Kutta).

    cmake -S examples/embed -B build && cmake --build build && mpirun -n 2 build/host -ts_max_time 0.5
    or:  mpicc host.c -o host $(pkg-config --cflags --libs sinew) -lm
*/
#include <sinew/sinew.h>

#include <petscdmda.h>

/* Rusanov's flux between first-order states: monotone, so that no new extremum may appear. */
static PetscReal flux(PetscReal left, PetscReal right)
{
  const PetscReal speed = PetscMax(PetscAbsReal(left), PetscAbsReal(right));

  return 0.25 * (left * left + right * right) - 0.5 * speed * (right - left);
}

static PetscErrorCode right_hand_side(TS ts, PetscReal t, Vec U, Vec F, void *context)
{
  const PetscReal *u;
  PetscReal *f, h;
  PetscInt start, count, cells;
  Vec local;
  DM dm;

  PetscFunctionBeginUser;
  (void)t;
  (void)context;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMDAGetInfo(dm, NULL, &cells, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetCorners(dm, &start, NULL, NULL, &count, NULL, NULL));
  h = 1 / (PetscReal)cells;
  PetscCall(DMGetLocalVector(dm, &local));
  PetscCall(DMGlobalToLocal(dm, U, INSERT_VALUES, local));
  PetscCall(DMDAVecGetArrayRead(dm, local, &u));
  PetscCall(DMDAVecGetArray(dm, F, &f));
  for (PetscInt i = start; i < start + count; i++) f[i] = (flux(u[i - 1], u[i]) - flux(u[i], u[i + 1])) / h;
  PetscCall(DMDAVecRestoreArray(dm, F, &f));
  PetscCall(DMDAVecRestoreArrayRead(dm, local, &u));
  PetscCall(DMRestoreLocalVector(dm, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode initial_state(DM dm, Vec U)
{
  PetscReal *u;
  PetscInt start, count, cells;

  PetscFunctionBeginUser;
  PetscCall(DMDAGetInfo(dm, NULL, &cells, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetCorners(dm, &start, NULL, NULL, &count, NULL, NULL));
  PetscCall(DMDAVecGetArray(dm, U, &u));
  for (PetscInt i = start; i < start + count; i++)
    u[i] = 0.5 + PetscSinReal(2 * PETSC_PI * (i + 0.5) / (PetscReal)cells);
  PetscCall(DMDAVecRestoreArray(dm, U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(void)
{
  PetscReal before, after, low, high;
  PetscInt steps;
  Vec U;
  TS ts;
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(DMDACreate1d(PETSC_COMM_WORLD, DM_BOUNDARY_PERIODIC, 200, 1, 1, NULL, &dm));
  PetscCall(DMSetFromOptions(dm));
  PetscCall(DMSetUp(dm));
  PetscCall(DMCreateGlobalVector(dm, &U));
  PetscCall(initial_state(dm, U));
  PetscCall(TSSinewSSPRegister());
  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, dm));
  PetscCall(TSSetType(ts, TSSINEWSSP));
  PetscCall(TSSinewSSPSetScheme(ts, "rks3", 0));
  PetscCall(TSSetRHSFunction(ts, NULL, right_hand_side, NULL));
  PetscCall(TSSetTimeStep(ts, 2e-3));
  PetscCall(TSSetMaxTime(ts, 0.5));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(VecSum(U, &before));
  PetscCall(TSSolve(ts, U));
  PetscCall(VecSum(U, &after));
  PetscCall(VecMin(U, NULL, &low));
  PetscCall(VecMax(U, NULL, &high));
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%" PetscInt_FMT " steps: %.3f to %.3f, mass changed by %.0e\n", steps,
                        (double)low, (double)high,
                        (double)(PetscAbsReal(after - before) < 1e-10 ? 0 : after - before)));
  PetscCall(TSDestroy(&ts));
  PetscCall(VecDestroy(&U));
  PetscCall(DMDestroy(&dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(solve());
  PetscCall(PetscFinalize());
  return 0;
}

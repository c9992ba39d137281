/* The Runge-Kutta-Legendre method against its stability polynomial, 1 - b + b P_s(1 + w z), and stages at the times at
   which a constant rate would have brought the solution there. */
#include "io/error.h"
#include "solvers/steppers/ssp.h"
#include "tests/harness.h"

#define POINTS 200

/* y_i' = z_i y_i, z from 0 down to the end of the interval of stability */
static PetscErrorCode decay(TS ts, PetscReal t, Vec y, Vec f, void *context)
{
  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  PetscCall(VecPointwiseMult(f, (Vec)context, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y' = 1, and y must be t whenever it is asked for */
static PetscErrorCode clock_rate(TS ts, PetscReal t, Vec y, Vec f, void *context)
{
  PetscReal *worst = (PetscReal *)context, value;

  PetscFunctionBeginUser;
  (void)ts;
  PetscCall(VecMax(y, NULL, &value));
  *worst = PetscMax(*worst, PetscAbsReal(value - t));
  PetscCall(VecSet(f, 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void one_step(PetscInt stages, TSRHSFunction function, void *context, Vec y)
{
  TS ts;

  check_call(TSSinewSSPRegister());
  check_call(TSCreate(PETSC_COMM_SELF, &ts));
  check_call(TSSetType(ts, TSSINEWSSP));
  check_call(TSSinewSSPSetScheme(ts, "rkl2", stages));
  check_call(TSSetRHSFunction(ts, NULL, function, context));
  check_call(TSSetTimeStep(ts, 1));
  check_call(TSSetMaxSteps(ts, 1));
  check_call(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_STEPOVER));
  check_call(TSSolve(ts, y));
  check_call(TSDestroy(&ts));
}

static PetscReal legendre(PetscInt s, PetscReal x)
{
  PetscReal before = 1, p = x;

  for (PetscInt j = 2; j <= s; j++) {
    const PetscReal next = ((PetscReal)(2 * j - 1) * x * p - (PetscReal)(j - 1) * before) / (PetscReal)j;

    before = p;
    p = next;
  }
  return p;
}

static void a_step_is_its_polynomial(void **state)
{
  (void)state;
  for (PetscInt s = 3; s <= 21; s += 6) {
    const PetscReal n = (PetscReal)(s * s + s - 2), b = n / (PetscReal)(2 * s * (s + 1));
    const PetscScalar *v;
    Vec z, y;

    check_call(VecCreateSeq(PETSC_COMM_SELF, POINTS, &z));
    check_call(VecDuplicate(z, &y));
    for (PetscInt i = 0; i < POINTS; i++) check_call(VecSetValue(z, i, -n / 2 * (PetscReal)i / POINTS, INSERT_VALUES));
    check_call(VecSet(y, 1));
    one_step(s, decay, z, y);
    check_call(VecGetArrayRead(y, &v));
    for (PetscInt i = 0; i < POINTS; i++) {
      const PetscReal at = -n / 2 * (PetscReal)i / POINTS, exact = 1 - b + b * legendre(s, 1 + 4 / n * at);

      assert_true(PetscAbsReal(v[i] - exact) < 1e-12);
      assert_true(PetscAbsReal(v[i]) <= 1 + 1e-14);
    }
    check_call(VecRestoreArrayRead(y, &v));
    check_call(VecDestroy(&y));
    check_call(VecDestroy(&z));
  }
}

static void stages_stand_where_their_times_say(void **state)
{
  (void)state;
  for (PetscInt s = 3; s <= 9; s += 2) {
    PetscReal worst = 0, end;
    Vec y;

    check_call(VecCreateSeq(PETSC_COMM_SELF, 1, &y));
    check_call(VecSet(y, 0));
    one_step(s, clock_rate, &worst, y);
    check_call(VecMax(y, NULL, &end));
    assert_true(worst < 1e-14);
    assert_true(PetscAbsReal(end - 1) < 1e-14);
    check_call(VecDestroy(&y));
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(a_step_is_its_polynomial), cmocka_unit_test(stages_stand_where_their_times_say))

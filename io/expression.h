#ifndef SINEW_IO_EXPRESSION_H
#define SINEW_IO_EXPRESSION_H
/*
  Formulas in x, y, z and t, parsed once and evaluated many times. The grammar is muParser's: + - * / ^, comparisons,
  && ||, c ? a : b, min, max, sqrt, exp, log, sin, ..., pi. Ours are

    step(v)         1 where v >= 0, else 0
    gauss(r)        exp(-r^2)
    mod(a, b)       a - b floor(a / b): of b's sign
    floor(v), ceil(v), erf(v), cbrt(v)
    random(stream)  uniform in [0, 1)

  random is a pure function of the seed (0 unless defined otherwise) and of the bits of stream, x, y and z (with -0 as
  0), each mixed in by the finaliser of splitmix64 and the upper 53 bits kept. So a point has the same number on any
  number of ranks, at any time and in any order of evaluation; other streams are independent of it.

  Assignments are refused, and so is anything but ASCII. Not collective. An expression owns its parser; evaluating it
  changes nothing but its variables, so it is not for threads.
*/
#include "error.h"

typedef struct _p_SinewExpression *SinewExpression;

/* On a syntax error *e is NULL, and message (of `size` bytes) says what and where in the text; that
 * is not a PETSc error. */
PETSC_EXTERN PetscErrorCode SinewExpressionCreate(const char text[], size_t size, char message[], SinewExpression *e);
/* The same with `count` further variables (copied names), which SinewExpressionEvaluateWith gives values to. */
PETSC_EXTERN PetscErrorCode SinewExpressionCreateWith(const char text[], PetscInt count, const char *const names[],
                                                      size_t size, char message[], SinewExpression *e);
/* What formulas may know besides: constants, and the seed of random. */
typedef struct {
  PetscInt count;
  const char *const *name;
  const PetscReal *value;
  PetscInt64 seed;
} SinewDefinitions;
/* The same with definitions, which are copied (NULL: none). */
PETSC_EXTERN PetscErrorCode SinewExpressionCreateDefined(const char text[], const SinewDefinitions *definitions,
                                                         PetscInt count, const char *const names[], size_t size,
                                                         char message[], SinewExpression *e);
PETSC_EXTERN PetscErrorCode SinewExpressionDestroy(SinewExpression *e);
PETSC_EXTERN PetscErrorCode SinewExpressionEvaluate(SinewExpression e, PetscReal x, PetscReal y, PetscReal z,
                                                    PetscReal t, PetscReal *value);
/* n points; x[], y[], z[] may be NULL (zero). A formula without x, y, z is evaluated once. */
PETSC_EXTERN PetscErrorCode SinewExpressionEvaluateRow(SinewExpression e, PetscInt n, const PetscReal x[],
                                                       const PetscReal y[], const PetscReal z[], PetscReal t,
                                                       PetscReal value[]);
/* At one point, with values of the further variables in the order of their names. */
PETSC_EXTERN PetscErrorCode SinewExpressionEvaluateWith(SinewExpression e, const PetscReal x[3], PetscReal t,
                                                        const PetscReal variables[], PetscReal *value);
PETSC_EXTERN PetscErrorCode SinewExpressionUses(SinewExpression e, char variable,
                                                PetscBool *uses); /* 'x', 'y', 'z' or 't'; random uses x, y and z */
/* Any of several, as "xyzt". */
PETSC_EXTERN PetscErrorCode SinewExpressionUsesAny(SinewExpression e, const char variables[], PetscBool *uses);
PETSC_EXTERN const char *SinewExpressionText(SinewExpression e);

#endif

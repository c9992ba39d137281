#ifndef SINEW_IO_EXPRESSION_H
#define SINEW_IO_EXPRESSION_H
/*
  Formulas in x, y, z and t, parsed once and evaluated many times (muParser's grammar: + - * / ^,
  comparisons, && ||, c ? a : b, min, max, sqrt, exp, log, sin, ..., pi, and ours: step(v) = v >= 0,
  gauss(r) = exp(-r^2), mod(a, b), random(stream): a uniform number in [0,1) keyed by the cell, see
  below). Not collective. An expression owns its parser; evaluating it changes nothing but its
  variables, so it is not for threads.
*/
#include "error.h"

typedef struct _p_SinewExpression *SinewExpression;

/* On a syntax error *e is NULL, and message (of `size` bytes) says what and where in the text; that
 * is not a PETSc error. */
PETSC_EXTERN PetscErrorCode SinewExpressionCreate(const char text[], size_t size, char message[], SinewExpression *e);
PETSC_EXTERN PetscErrorCode SinewExpressionDestroy(SinewExpression *e);
PETSC_EXTERN PetscErrorCode SinewExpressionEvaluate(SinewExpression e, PetscReal x, PetscReal y, PetscReal z,
                                                    PetscReal t, PetscReal *value);
/* n points; x[], y[], z[] may be NULL (zero). */
PETSC_EXTERN PetscErrorCode SinewExpressionEvaluateRow(SinewExpression e, PetscInt n, const PetscReal x[],
                                                       const PetscReal y[], const PetscReal z[], PetscReal t,
                                                       PetscReal value[]);
PETSC_EXTERN PetscErrorCode SinewExpressionUses(SinewExpression e, char variable,
                                                PetscBool *uses); /* 'x', 'y', 'z' or 't' */
PETSC_EXTERN const char *SinewExpressionText(SinewExpression e);

#endif

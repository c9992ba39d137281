#ifndef SINEW_NEURAL_SCHEDULE_H
#define SINEW_NEURAL_SCHEDULE_H
/*
  Learning rates as pure functions of an epoch (or a step; whatever the caller counts), e = 0, 1, ...:

    constant    base
    cosine      linear from `start` at e = 0 to base at e = warm_up - 1, then
                final + (base - final) (1 + cos(pi (e - warm_up) / (total - warm_up))) / 2, and `final` from `total` on
    milestones  the same warm-up, then base times factor^(number of milestones that are <= e)

  Source: specs of SineNet's training (LinearWarmupCosineAnnealing in closed form), MultiStepLR of PyTorch.
*/
#include <petscsys.h>

#define SINEW_MILESTONES_MAX 16

typedef enum { SINEW_RATE_CONSTANT, SINEW_RATE_COSINE, SINEW_RATE_MILESTONES } SinewScheduleKind;
/* "constant", "cosine", "milestones", NULL */
PETSC_EXTERN const char *const SinewScheduleKinds[];

typedef struct {
  SinewScheduleKind kind;
  double base, start, final, factor;
  PetscInt warm_up, total; /* total: cosine only */
  PetscInt milestones;
  double milestone[SINEW_MILESTONES_MAX];
  PetscBool smooth; /* see At */
} SinewSchedule;

/* The rate at e, which may lie between whole numbers. */
PETSC_EXTERN double SinewScheduleRate(const SinewSchedule *schedule, double e);
/* That of a step (0, 1, ...) in epochs of `length` steps: of its epoch, or, where it is smooth, of the step itself. */
PETSC_EXTERN double SinewScheduleAt(const SinewSchedule *schedule, PetscInt64 step, PetscInt64 length);

#endif

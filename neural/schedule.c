#include "neural/schedule.h"
#include <math.h>

const char *const SinewScheduleKinds[] = {"constant", "cosine", "milestones", NULL};

static double cosine(const SinewSchedule *s, double e)
{
  const double length = (double)(s->total - s->warm_up);

  if (e >= (double)s->total || length <= 0) return s->final;
  return s->final + 0.5 * (s->base - s->final) * (1 + cos(M_PI * (e - (double)s->warm_up) / length));
}

static double milestones(const SinewSchedule *s, double e)
{
  double rate = s->base;

  for (PetscInt k = 0; k < s->milestones; ++k)
    if (e >= s->milestone[k]) rate *= s->factor;
  return rate;
}

double SinewScheduleRate(const SinewSchedule *s, double e)
{
  if (s->kind == SINEW_RATE_CONSTANT) return s->base;
  if (e < (double)s->warm_up - 1) return s->start + e * (s->base - s->start) / (double)(s->warm_up - 1);
  if (e < (double)s->warm_up) return s->base;
  return s->kind == SINEW_RATE_COSINE ? cosine(s, e) : milestones(s, e);
}

double SinewScheduleAt(const SinewSchedule *s, PetscInt64 step, PetscInt64 length)
{
  return SinewScheduleRate(s, s->smooth ? (double)step / (double)length : (double)(step / length));
}

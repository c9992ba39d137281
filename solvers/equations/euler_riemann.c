#include "solvers/equations/euler.h"

/* Velocity change across the wave on one side that leads to pressure p, and its derivative (Toro 2009,
 * eq. 4.6, 4.7, 4.37). */
static PetscReal wave(PetscReal gamma, SinewRiemannState s, PetscReal p, PetscReal *slope)
{
  const PetscReal c = PetscSqrtReal(gamma * s.p / s.rho);

  if (p > s.p) {
    const PetscReal a = 2 / ((gamma + 1) * s.rho), b = (gamma - 1) / (gamma + 1) * s.p,
                    root = PetscSqrtReal(a / (p + b));

    *slope = root * (1 - 0.5 * (p - s.p) / (p + b));
    return (p - s.p) * root;
  }
  *slope = PetscPowReal(p / s.p, -(gamma + 1) / (2 * gamma)) / (s.rho * c);
  return 2 * c / (gamma - 1) * (PetscPowReal(p / s.p, (gamma - 1) / (2 * gamma)) - 1);
}

static PetscReal star_pressure(PetscReal gamma, SinewRiemannState l, SinewRiemannState r)
{
  PetscReal p = PetscMax(1e-12 * PetscMin(l.p, r.p), 0.5 * (l.p + r.p));

  for (int k = 0; k < 100; k++) {
    PetscReal dl, dr;
    const PetscReal f = wave(gamma, l, p, &dl) + wave(gamma, r, p, &dr) + (r.u - l.u),
                    next = PetscMax(p - f / (dl + dr), 1e-3 * p);

    if (PetscAbsReal(next - p) <= 1e-14 * (next + p)) return next;
    p = next;
  }
  return p;
}

/* The state at s on the left of the contact; the right side is its mirror image. */
static SinewRiemannState left_of_contact(PetscReal gamma, SinewRiemannState l, PetscReal p, PetscReal u, PetscReal s)
{
  const PetscReal c = PetscSqrtReal(gamma * l.p / l.rho), ratio = p / l.p, mu = (gamma - 1) / (gamma + 1);

  if (p > l.p) {
    const PetscReal speed = l.u - c * PetscSqrtReal((gamma + 1) / (2 * gamma) * ratio + (gamma - 1) / (2 * gamma));

    return s <= speed ? l : (SinewRiemannState){l.rho * (ratio + mu) / (mu * ratio + 1), u, p};
  }
  if (s <= l.u - c) return l;
  if (s >= u - c * PetscPowReal(ratio, (gamma - 1) / (2 * gamma)))
    return (SinewRiemannState){l.rho * PetscPowReal(ratio, 1 / gamma), u, p};
  {
    const PetscReal factor = 2 / (gamma + 1) + mu / c * (l.u - s);

    return (SinewRiemannState){l.rho * PetscPowReal(factor, 2 / (gamma - 1)),
                               2 / (gamma + 1) * (c + 0.5 * (gamma - 1) * l.u + s),
                               l.p * PetscPowReal(factor, 2 * gamma / (gamma - 1))};
  }
}

SinewRiemannState SinewExactRiemann(PetscReal gamma, SinewRiemannState l, SinewRiemannState r, PetscReal s)
{
  PetscReal unused;
  const PetscReal p = star_pressure(gamma, l, r);
  const PetscReal u = 0.5 * (l.u + r.u) + 0.5 * (wave(gamma, r, p, &unused) - wave(gamma, l, p, &unused));

  if (s <= u) return left_of_contact(gamma, l, p, u, s);
  {
    SinewRiemannState mirror = left_of_contact(gamma, (SinewRiemannState){r.rho, -r.u, r.p}, p, -u, -s);

    mirror.u = -mirror.u;
    return mirror;
  }
}

/* A case by INSR, and the measure of errors. */
#include "bench.h"
#include <petsctime.h>
#include <string.h>
#include <time.h>

PetscReal BenchSeconds(void)
{
  PetscLogDouble now;

  PetscTime(&now);
  return now;
}

PetscReal BenchCpu(void)
{
  return (PetscReal)clock() / CLOCKS_PER_SEC;
}

PetscErrorCode BenchGrid(const BenchCase *c, PetscInt *n, PetscReal **x)
{
  const PetscInt side = c->dim == 1 ? 4000 : 100;

  PetscFunctionBeginUser;
  *n = c->dim == 1 ? side : side * side;
  PetscCall(PetscMalloc1((size_t)(*n * c->dim), x));
  for (PetscInt p = 0; p < *n; p++) {
    for (PetscInt i = 0, rest = p; i < c->dim; i++, rest /= side)
      (*x)[p * c->dim + i] =
          c->lower[i] + (c->upper[i] - c->lower[i]) * ((PetscReal)(rest % side) + 0.5) / (PetscReal)side;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode BenchError(const BenchCase *c, PetscReal t, PetscInt n, const PetscReal x[], const PetscReal values[],
                          BenchLine *line)
{
  PetscReal *exact, modulus = 0, square = 0, size = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)(n * c->components), &exact));
  PetscCall(c->exact(NULL, t, n, x, exact));
  for (PetscInt k = 0; k < c->components; k++) {
    for (PetscInt p = 0; p < n; p++) {
      const PetscReal difference = values[k * n + p] - exact[k * n + p];

      modulus += PetscAbsReal(difference) / (PetscReal)n;
      square += PetscSqr(difference) / (PetscReal)n;
      size += PetscSqr(exact[k * n + p] - c->mean[k]) / (PetscReal)n;
    }
  }
  line->error = c->mean_square ? square : modulus;
  line->relative = PetscSqrtReal(square / size);
  PetscCall(PetscFree(exact));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is tried from the command line. */
static PetscErrorCode command_line(SinewInsrOptions *o)
{
  PetscInt kinds = 0, kind;
  PetscBool set;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-points", &o->points, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-width", &o->network.width, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-layers", &o->network.layers, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-omega", &o->network.omega, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-held_out", &o->held_out, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-fit_adam", &o->fit_adam, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-fit_iterations", &o->fit.iterations, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-fit_tolerance", &o->fit.tolerance, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-fit_subset", &o->fit.subset, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-iterations", &o->step.iterations, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-reuse", &o->step.reuse, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-tolerance", &o->step.tolerance, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-stagnation", &o->step.stagnation, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-subset", &o->step.subset, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-damping", &o->step.damping, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-damping_least", &o->step.damping_least, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-acceleration", &o->step.acceleration, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-passes", &o->passes, NULL));
  while (SinewInsrSamplings[kinds]) kinds++;
  PetscCall(PetscOptionsGetEList(NULL, NULL, "-sampling", SinewInsrSamplings, kinds, &kind, &set));
  if (set) o->sampling = (SinewInsrSampling)kind;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode measure(const BenchCase *c, SinewInsr insr, PetscReal t, BenchLine *line)
{
  const PetscInt fields = PetscMax(c->components, SinewInsrGetEquation(insr)->fields);
  PetscReal *x, *values;
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(BenchGrid(c, &n, &x));
  PetscCall(PetscMalloc1((size_t)(n * fields), &values));
  PetscCall(SinewInsrFields(insr, t, n, x, values));
  PetscCall(BenchError(c, t, n, x, values, line));
  PetscCall(PetscFree(x));
  PetscCall(PetscFree(values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode march(const BenchCase *c, SinewInsr insr, PetscInt steps, PetscBool verbose, BenchLine *line)
{
  PetscReal start, cpu;
  PetscReal measuring = 0, measuring_cpu = 0, values[2];
  SinewInsrReport report;
  PetscInt iterations = 0, matrices = 0;

  PetscFunctionBeginUser;
  if (c->start) PetscCall(c->start(NULL, 0, 1, c->lower, values)); /* a reference makes itself ready */
  start = BenchSeconds();
  cpu = BenchCpu();
  PetscCall(SinewInsrFit(insr, 0, c->start ? c->start : c->initial, NULL, &report));
  PetscCall(PetscPrintf(
      PETSC_COMM_WORLD, "  fit: %.2f s (%.2f CPU), %d its, relative residual %.1e, held out %.1e (%s)\n",
      (double)(BenchSeconds() - start), (double)(BenchCpu() - cpu), (int)report.solve.iterations,
      (double)(report.solve.residual / report.size), (double)(report.solve.held_out / report.size), report.reason));
  for (PetscInt k = 0; k < steps; k++) {
    PetscCall(SinewInsrStep(insr, (PetscReal)k * c->dt, c->dt, &report));
    PetscCheck(!report.failed, PETSC_COMM_WORLD, SINEW_ERR_BREAKDOWN, "case %s, step %d: %s", c->key, (int)k,
               report.reason);
    iterations += report.solve.iterations;
    matrices += report.solve.matrices;
    if (!verbose || (k + 1) % PetscMax(1, steps / 10)) continue;
    measuring -= BenchSeconds();
    measuring_cpu -= BenchCpu();
    PetscCall(measure(c, insr, (PetscReal)(k + 1) * c->dt, line));
    measuring += BenchSeconds();
    measuring_cpu += BenchCpu();
    PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                          "  t %6.3f error %.2e relative L2 %.2e  |r| %.1e held out %.1e  its %.1f matrices %.1f  "
                          "mu %.0e (%s) %.2f s (%.2f CPU)\n",
                          (double)((PetscReal)(k + 1) * c->dt), (double)line->error, (double)line->relative,
                          (double)report.solve.residual, (double)report.solve.held_out,
                          (double)iterations / (double)(k + 1), (double)matrices / (double)(k + 1),
                          (double)report.solve.damping, report.reason, (double)(BenchSeconds() - start - measuring),
                          (double)(BenchCpu() - cpu - measuring_cpu)));
  }
  line->seconds = BenchSeconds() - start - measuring;
  line->cpu = BenchCpu() - cpu - measuring_cpu;
  PetscCall(measure(c, insr, (PetscReal)steps * c->dt, line));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode BenchInsr(const BenchCase *c, const char scheme[], BenchLine *line)
{
  SinewPointwise *equation;
  SinewInsrOptions options;
  SinewInsr insr;
  PetscInt steps = c->steps, index = 0;
  PetscBool verbose = PETSC_FALSE;

  PetscFunctionBeginUser;
  PetscCall(c->equation(&equation));
  options = SinewInsrDefaults(equation, c->lower, c->upper);
  while (SinewInsrSchemes[index] && strcmp(SinewInsrSchemes[index], scheme) != 0) index++;
  options.scheme = (SinewInsrScheme)index;
  c->options(scheme, &options);
  PetscCall(command_line(&options));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-steps", &steps, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-verbose", &verbose, NULL));
  PetscCall(SinewInsrCreate(PETSC_COMM_WORLD, equation, &options, &insr));
  if (SinewInsrWarning(insr)) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "  warning: %s\n", SinewInsrWarning(insr)));
  PetscCall(march(c, insr, steps, verbose, line));
  line->kilobytes = (PetscReal)SinewJetSize(SinewInsrGetJet(insr)) * (PetscReal)sizeof(PetscReal) / 1024;
  PetscCall(PetscSNPrintf(line->what, sizeof(line->what), "INSR, %s", scheme));
  PetscCall(SinewInsrDestroy(&insr));
  PetscCall(SinewPointwiseDestroy(&equation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Evaluations: values of one grid from those of a coarser or finer one, axis by axis. */
#include "solvers/evaluation_private.h"
#include <math.h>

#define STENCIL_MAX 6

/* Lagrange's polynomial of node `at` among n nodes first, first + 1, ... */
static double lagrange(PetscInt n, PetscInt first, PetscInt at, double x)
{
  double value = 1;

  for (PetscInt k = 0; k < n; k++)
    if (k != at) value *= (x - (double)(first + k)) / (double)(at - k);
  return value;
}

/* The first of n nodes around a place: anywhere on a periodic axis, else among all `nodes`. */
static PetscInt first_node(PetscBool periodic, PetscInt nodes, PetscInt n, PetscInt wanted)
{
  return periodic ? wanted : PetscMax(0, PetscMin(wanted, nodes - n));
}

/* The average over [a, b] of the polynomial whose averages over five cells are theirs: the derivative of the one
   through the integrals at their ends, so nothing is lost and the error falls with the fifth power of the cells' width.
 */
static void average_up(const EvaluateAxis *axis, PetscInt from, double a, double b, double weight[])
{
  const PetscInt n = PetscMin(STENCIL_MAX - 1, from),
                 first = first_node(axis->periodic, from, n, (PetscInt)floor(0.5 * (a + b)) - n / 2);

  for (PetscInt m = 0; m < n; m++) {
    double *w = weight + (first + m + from) % from;

    for (PetscInt end = m + 1; end <= n; end++)
      *w += (lagrange(n + 1, first, end, b) - lagrange(n + 1, first, end, a)) / (b - a);
  }
}

/* Through six faces. The one on the far side has no cell: it holds 0, or what the last one holds. */
static void face_up(const EvaluateAxis *axis, PetscInt from, double x, double weight[])
{
  const PetscInt nodes = from + !axis->periodic, n = PetscMin(STENCIL_MAX, nodes),
                 first = first_node(axis->periodic, nodes, n, (PetscInt)floor(x) - n / 2 + 1);

  for (PetscInt k = 0; k < n; k++) {
    const PetscInt node = axis->periodic ? (first + k + from) % from : first + k;
    const double w = lagrange(n, first, k, x);

    if (node < from)
      weight[node] += w;
    else if (!axis->closed)
      weight[from - 1] += w;
  }
}

/* The modes that both grids know; the highest one of an even number of points is a cosine, which a coarser grid cannot
   tell from its image and loses. */
static void fourier(PetscInt from, PetscInt to, PetscInt i, double weight[])
{
  const PetscInt least = PetscMin(from, to);

  for (PetscInt j = 0; j < from; j++) {
    const double angle = 2 * M_PI * (((double)i + 0.5) / (double)to - ((double)j + 0.5) / (double)from);
    double sum = 1;

    for (PetscInt k = 1; 2 * k < least; k++) sum += 2 * cos((double)k * angle);
    if (least % 2 == 0 && from <= to) sum += cos(0.5 * (double)least * angle);
    weight[j] = sum / (double)from;
  }
}

void EvaluateTransfer(const EvaluateAxis *axis, PetscInt from, PetscInt to, PetscInt start, PetscInt count,
                      double weight[])
{
  const PetscInt ratio = from > to ? from / to : to / from;

  for (PetscInt i = start; i < start + count; i++) {
    double *row = weight + (i - start) * from;

    for (PetscInt j = 0; j < from; j++) row[j] = 0;
    if (axis->place == EVALUATE_FOURIER)
      fourier(from, to, i, row);
    else if (from > to && axis->place == EVALUATE_FACES)
      row[ratio * i] = 1;
    else if (from > to)
      for (PetscInt j = 0; j < ratio; j++) row[ratio * i + j] = 1 / (double)ratio;
    else if (axis->place == EVALUATE_FACES)
      face_up(axis, from, (double)i / (double)ratio, row);
    else
      average_up(axis, from, (double)i / (double)ratio, (double)(i + 1) / (double)ratio, row);
  }
}

void EvaluateTransferMap(PetscInt from_y, PetscInt from_x, const double map[], PetscInt ny, PetscInt nx,
                         const double wy[], const double wx[], double work[], double out[])
{
  for (PetscInt j = 0; j < ny; j++) {
    double *row = work + j * from_x;

    for (PetscInt i = 0; i < from_x; i++) row[i] = 0;
    for (PetscInt k = 0; k < from_y; k++) {
      const double w = wy[j * from_y + k];

      if (w == 0) continue;
      for (PetscInt i = 0; i < from_x; i++) row[i] += w * map[k * from_x + i];
    }
    for (PetscInt i = 0; i < nx; i++) {
      double sum = 0;

      for (PetscInt k = 0; k < from_x; k++) sum += wx[i * from_x + k] * row[k];
      out[j * nx + i] = sum;
    }
  }
}

#ifndef SINEW_TESTS_SOLVERS_ORDERS_H
#define SINEW_TESTS_SOLVERS_ORDERS_H
/* Orders of convergence of decks against their exact solutions. */
#include "tests/solvers/decks.h"

/* The order between n and 2 n cells along each axis. extra: overrides, NULL-terminated, or NULL. */
static inline double order(const char text[], int dim, int n, PetscInt component, const char *const extra[])
{
  double error[2];

  for (int k = 0; k < 2; k++) {
    const char *overrides[8] = {NULL};
    char cells[64];
    int m = n << k, used = 0;

    if (dim == 1)
      snprintf(cells, sizeof(cells), "grid.cells=[%d]", m);
    else if (dim == 2)
      snprintf(cells, sizeof(cells), "grid.cells=[%d,%d]", m, m);
    else
      snprintf(cells, sizeof(cells), "grid.cells=[%d,%d,%d]", m, m, m);
    overrides[used++] = cells;
    for (int e = 0; extra && extra[e]; e++) overrides[used++] = extra[e];
    error[k] = l1_error(text, overrides, component);
  }
  print_message("  %.3e -> %.3e: order %.2f\n", error[0], error[1], log2(error[0] / error[1]));
  return log2(error[0] / error[1]);
}

#endif

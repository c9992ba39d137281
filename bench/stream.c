/*
  Bandwidth of one core by McCalpin's triad, a = b + s c, counting three arrays of 8 bytes a value (the write's own read
  is not counted). Prints megabytes of the three arrays and gigabytes a second, best of 20, from cache to memory.
*/
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double triad(size_t n)
{
  double *a = aligned_alloc(64, n * sizeof(*a)), *b = aligned_alloc(64, n * sizeof(*b)),
         *c = aligned_alloc(64, n * sizeof(*c)), best = 1e30;

  if (!a || !b || !c) exit(1);
  for (size_t i = 0; i < n; i++) {
    a[i] = 0;
    b[i] = 1;
    c[i] = 2;
  }
  for (int k = 0; k < 20; k++) {
    double seconds = now();

    for (size_t i = 0; i < n; i++) a[i] = b[i] + 3 * c[i];
    seconds = now() - seconds;
    if (seconds < best) best = seconds;
  }
  if (a[n / 2] != 7) exit(1);
  free(a);
  free(b);
  free(c);
  return 24e-9 * (double)n / best;
}

int main(void)
{
  for (size_t megabytes = 1; megabytes <= 256; megabytes *= 4)
    printf("%4zu MB  %6.1f GB/s\n", megabytes, triad(megabytes * 1000000 / 24 / 8 * 8));
  return 0;
}

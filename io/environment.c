#define _POSIX_C_SOURCE 200809L /* setenv */
#include "io/environment.h"
#include <stdlib.h>

void SinewSetEnvironment(void)
{
  static const struct {
    const char *name, *value;
  } variables[] = {{"OMP_NUM_THREADS", "1"},
                   {"OMPI_MCA_mpi_yield_when_idle", "1"},
                   {"OMPI_MCA_btl_vader_eager_limit", "131072"},
                   {"OMPI_MCA_btl_sm_eager_limit", "131072"},
                   {"OMPI_MCA_coll_libnbc_iallreduce_algorithm", "rabenseifner"}};

  for (size_t k = 0; k < sizeof(variables) / sizeof(*variables); ++k) setenv(variables[k].name, variables[k].value, 0);
}

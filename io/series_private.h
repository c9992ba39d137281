#ifndef SINEW_IO_SERIES_PRIVATE_H
#define SINEW_IO_SERIES_PRIVATE_H
/* What the files behind io/series.h share. Not installed. */
#include "series.h"

/* A text that grows; malloc'ed. failed: out of memory, the text is then incomplete. */
typedef struct {
  char *text;
  size_t used, size;
  PetscBool failed;
} Text;
PETSC_INTERN void SinewTextAdd_Private(Text *text, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);

/* A state of the collection: its line in the XML, without the end of line. */
typedef struct {
  double time;
  char *line;
} Entry;

/* The line of a state whose data stand in the file `data` and whose nodes, when not uniform, in the file `mesh_file`;
 * both relative to the collection. malloc'ed, NULL when out of memory. */
PETSC_INTERN char *SinewXdmfLine_Private(double t, const SinewMesh *mesh, const char data[], const char mesh_file[],
                                         PetscInt count, const SinewSeriesField fields[]);
/* The same of a body. */
PETSC_INTERN char *SinewXdmfBodyLine_Private(double t, const SinewSeriesBody *body, const char data[]);
/* The whole collection. */
PETSC_INTERN void SinewXdmfCollection_Private(PetscInt count, const Entry entry[], Text *text);
/* The states in a collection that Sinew wrote, malloc'ed; taken apart in `text`. False when it is none. */
PETSC_INTERN PetscBool SinewXdmfParse_Private(char text[], PetscInt *count, Entry **entry);

#endif

#ifndef SINEW_IO_SAFETENSORS_PRIVATE_H
#define SINEW_IO_SAFETENSORS_PRIVATE_H
/* What reading and writing safetensors share, and what io/arrays.c calls. Not installed. */
#include "io/arrays_private.h"

#define SAFETENSORS_METADATA    "__metadata__"
#define SAFETENSORS_NORMALISERS 2

typedef struct {
  const char *name;
  size_t size;
  enum { SAFETENSORS_FLOAT, SAFETENSORS_SIGNED, SAFETENSORS_UNSIGNED } class;
  int exponent; /* bits, of floats */
} SafetensorsDtype;

PETSC_INTERN const SafetensorsDtype SafetensorsDtypes[]; /* ended by a name NULL */
PETSC_INTERN const struct SafetensorsNormaliser {
  const char *tensor, *array;
} SafetensorsNormalisers[SAFETENSORS_NORMALISERS];

#define WEIGHTS_GROUP "/weights/"
/* Whether an array belongs to a network's file: in /weights, or a normaliser. */
PETSC_INTERN PetscBool SinewWeightsArray_Private(const char name[]);

/* An attribute of any kind; text to be freed by PetscFree. Collective. */
#define ATTRIBUTE_MAX 256
typedef struct {
  enum { ATTRIBUTE_TEXT, ATTRIBUTE_INTS, ATTRIBUTE_REALS } kind;
  char *text;
  PetscInt n;
  PetscInt64 integer[ATTRIBUTE_MAX];
  double real[ATTRIBUTE_MAX];
} Attribute;
PETSC_INTERN PetscErrorCode SinewAttributeRead_Private(SinewFile file, const char name[], const char key[],
                                                       Attribute *attribute);

/* Rank 0, with the descriptor open. */
PETSC_INTERN PetscBool SinewSafetensorsIs_Private(SinewFile file);
/* Rank 0: checks the file and gives it an HDF5 view. */
PETSC_INTERN void SinewSafetensorsOpen_Private(SinewFile file, Verdict *verdict);

#endif

#ifndef SINEW_SOLVERS_DATA_SECTION_H
#define SINEW_SOLVERS_DATA_SECTION_H
/*
  The section `data` of a deck: which trajectories a network is trained and judged on (neural/dataset.h).

    data:
      files: "smoke_*.h5"      names or patterns; relative ones from the deck's folder, else from the current one
      scalars: [u]
      vectors: [vx, vy]        x and y component of each
      positions: faces         components of vectors stand on the lower faces of cells
      split: [0.8, 0.1, 0.1]   fractions for train, valid, test; absent: groups or file names say

  Life-cycle: SinewDataSectionRead with the other sections, SinewDeckCheck, then SinewDataSectionOpen for each part that
  is needed, and SinewDatasetNormalize for all of them alike with the training part's moments.
*/
#include "../io/deck.h"
#include "../neural/dataset.h"

typedef struct {
  SinewStringList files, scalars, vectors;
  PetscInt axes, positions; /* 0: xy, 1: yx; 0: centers, 1: faces */
  SinewRealList split, mean, sd;
  PetscInt seed, skip, every;
  PetscReal step;
  const char *parameter;
  SinewStringList shift, flip;     /* axes */
  char folder[PETSC_MAX_PATH_LEN]; /* of the deck; "" : the current one */
} SinewDataSection;

typedef enum { SINEW_PART_TRAIN, SINEW_PART_VALID, SINEW_PART_TEST } SinewPart;

PETSC_EXTERN const SinewKey SinewDataKeys[];

/* The key `axes`, for all who read such files: 0 xy, 1 yx in a member of that name. */
PETSC_EXTERN const char *const SinewDataAxes[];
#define SINEW_DATA_AXES_KEY(Struct)                                                               \
  {                                                                                               \
    .name = "axes", .type = SINEW_KEY_CHOICE, .offset = offsetof(Struct, axes), .standard = "xy", \
    .choices = SinewDataAxes, .change = SINEW_CHANGE_FROZEN,                                      \
    .doc = "order of the arrays' axes: xy in PDEArena, PDEBench and Sinew's ensembles"            \
  }

/* Reads the section and records its mistakes; not collective. An absent section is a mistake (files). */
PETSC_EXTERN PetscErrorCode SinewDataSectionRead(SinewDeck deck, SinewDataSection *section);
/* Opens a part. least: frames that a trajectory must have. Collective; raises SINEW_ERR_INPUT (neural/dataset.h). */
PETSC_EXTERN PetscErrorCode SinewDataSectionOpen(MPI_Comm comm, const SinewDataSection *section, SinewPart part,
                                                 PetscInt least, SinewDataset *dataset);
/*
  SinewDataSectionMoments - mean and standard deviation of each component: those of the section when it has them, else
  those of the data set, which should be the training part. Collective.
*/
PETSC_EXTERN PetscErrorCode SinewDataSectionMoments(MPI_Comm comm, const SinewDataSection *section,
                                                    SinewDataset training, PetscReal mean[], PetscReal sd[]);
/* What SinewDatasetDraw may do to samples, as `shift` and `flip` say. Not collective. */
PETSC_EXTERN SinewAugmentation SinewDataSectionAugmentation(const SinewDataSection *section);

#endif

#ifndef SINEW_NEURAL_MMPDE_H
#define SINEW_NEURAL_MMPDE_H
/*
  MM-PDE: one time step of fields on a uniform grid by two message-passing networks, one on the grid's own nodes and one
  on nodes that a mesh mover has drawn to where the field is steep, joined by learned interpolation:

    u(t + dt) = Itp2( solver_b( Itp1(u), x ), x ) + cut(u) + solver_a(u),      x = xi + grad phi(xi; u)

  with phi from a trained and frozen data-free mesh mover (dmm.h), or from the classical Monge-Ampere solver
  (`classical`; meshes/movers/monge_ampere.h). Itp1 carries values from the uniform nodes to the
  moved ones, Itp2 back; cut is a small convolutional network around them. Without a mover only solver_a is there.
  (message_private.h and itpnet_private.h have the formulas of the parts.)

  Nodes and coordinates. The grid's cell centres are the nodes. The unit square of networks and mover spans the centres
  of the first and last cells, node i of N at i / (N - 1); on periodic grids node i is at i / N and distances go round.
  Arrays of fields are [batch][ny][nx][fields] over the rank's box of the layout. x belongs to the last axis but one, y
  to the one before, everywhere.

  Where the original does otherwise, the model says so:
    mirrored     its moved nodes have x and y exchanged against the data: what the mesh refines is mirrored about the
                 diagonal (spec's quirk Q2). For its weights, and to measure what that costs
    unprojected  its boundary nodes leave the square a little (Q5); here they are projected to their side, corners stay

  Where the original has nothing, and learns slowly:
    skip         the field itself goes past the networks in place of the cut, which is not there: the networks make
                 increments, u(t + dt) = u + Itp2(...) + solver_a(u), without a mover u + solver_a(u)
    offset       differences of positions, 1 / N between neighbours, are multiplied by this (about N) before messages
                 see them, and interpolation sees its nodes as differences to the point, multiplied too: the same
                 functions, better conditioned. 0: as the original

  A folded mesh (a corner of a cell without area) is a finding, not an error: the caller decides. `damp` shrinks the
  displacement by 0.8 until every corner keeps a twentieth of its area.

  Files: /weights/solver_a/..., solver_b/..., itpnet/... and mover/... with the names of the originals' state_dicts;
  sizes are read from the shapes. Attributes of /config, with the original's values where they are absent: neighbours
  (35), interpolation_neighbours (30), output_scale (0.1), time_scale (1; t enters as t / time_scale), moving (1 where
  there is an itpnet), periodic (0), mirrored (0), unprojected (0), skip (0), offset (0), mover_field (0),
  mover_normalised (0; the attribute `normalised` that a mover's own file has says the same), classical (0), share
  (0.7), power (0.5), smoothing (0.03).

  Life-cycle: ReadModel or fill a model, Create, parameters (Load, Initialize, or by the table), then
  Move + Forward [+ Backward] for each state; Destroy. The mover is not owned. After the first steps
  nothing is allocated but by graphs.

  Communication of a step, beside that of the parts: what the mover sees (batch x size^2 numbers, classical: all values
  of a field; one reduction), four searches for neighbours (of moved nodes among themselves, from each set into the
  other; that of the uniform nodes is made once), one halo of moved nodes. PetscLogEvents MmpdeMove, NeighboursFind,
  MessageEdges, MessageNodes, ItpInterpolate, ItpCut tell the costs apart. All functions are collective but the getters.

  Source: Hu, Song, Wang, "Better Neural PDE Solvers Through Data-Free Mesh Movers" (ICLR 2024) and its released code.
*/
#include "dmm.h"
#include "network.h"

typedef struct _p_SinewMmpde *SinewMmpde;

typedef struct {
  PetscInt fields, hidden, layers;
  PetscInt kernel[3], channels[2];    /* of the decoders */
  PetscInt weights[2], cut[3];        /* hidden widths of the interpolation, channels of the cut */
  PetscInt neighbours, interpolation; /* k of the graphs, n of the interpolation */
  PetscInt mover_field;               /* which field the mover looks at */
  double output_scale, time_scale, offset;
  PetscBool moving, periodic, mirrored, unprojected, skip;
  PetscBool mover_normalised; /* the mover wants its field between 0 and 1 */
  PetscBool classical;        /* meshes are solved for, with a monitor of these: */
  double share, power, smoothing;
} SinewMmpdeModel;

typedef struct {
  SinewDtype dtype;
  PetscInt batch;
  PetscBool training;
} SinewMmpdeOptions;

/* The original's for one field. */
PETSC_EXTERN PetscErrorCode SinewMmpdeDefaults(SinewMmpdeModel *model);
/* What a file says, read from attributes and shapes. SINEW_ERR_INPUT with one line where it is no such network. */
PETSC_EXTERN PetscErrorCode SinewMmpdeReadModel(SinewFile file, const char path[], SinewMmpdeModel *model);
PETSC_EXTERN PetscErrorCode SinewMmpdeWriteModel(SinewFile file, const SinewMmpdeModel *model);

/* mover: for a moving model that is not classical; not owned, NULL otherwise. The layout is referenced. SINEW_ERR_INPUT
   when the grid has too few nodes for the model's neighbours, or a decoder does not end in one value. */
PETSC_EXTERN PetscErrorCode SinewMmpdeCreate(SinewLayout layout, const SinewMmpdeModel *model,
                                             const SinewMmpdeOptions *options, SinewDMM mover, SinewMmpde *mmpde);
PETSC_EXTERN PetscErrorCode SinewMmpdeDestroy(SinewMmpde *mmpde);

/* The table; running statistics of batch norms are in it too, without a gradient. */
PETSC_EXTERN PetscErrorCode SinewMmpdeGetParameters(SinewMmpde mmpde, PetscInt *count,
                                                    const SinewParameter **parameters);
PETSC_EXTERN PetscErrorCode SinewMmpdeInitialize(SinewMmpde mmpde, PetscInt64 seed);
/* Below GROUP ("/weights"), whose mover/ is left alone. */
PETSC_EXTERN PetscErrorCode SinewMmpdeLoad(SinewMmpde mmpde, SinewFile file, const char path[], const char group[]);
PETSC_EXTERN PetscErrorCode SinewMmpdeStore(SinewMmpde mmpde, SinewFile file, const char group[]);

/* What is wrong with the moved mesh, the same on all ranks. */
typedef struct {
  PetscInt64 folded; /* cells with a corner that has no area */
  double least;      /* smallest area of a corner, relative to a uniform cell's */
  double at[2];      /* where, on the unit square */
  double scale;      /* of the displacement: 1, or less where it was damped */
} SinewMmpdeMesh;

/* SinewMmpdeMove - moves the nodes as the field asks, and finds all neighbours. Nothing to do without a mover; mesh may
   be NULL. */
PETSC_EXTERN PetscErrorCode SinewMmpdeMove(SinewMmpde mmpde, const void *u, PetscBool damp, SinewMmpdeMesh *mesh);
/* Positions [batch][ny][nx][2] of this rank's moved nodes, as the networks see them; NULL without a mover. */
PETSC_EXTERN const double *SinewMmpdeNodes(SinewMmpde mmpde);

/* STEP: the formula above. IDENTITY: Itp2(Itp1(u)) + cut(u), which is first trained to give u back; with a skip
   Itp2(Itp1(u)). */
typedef enum { SINEW_MMPDE_STEP, SINEW_MMPDE_IDENTITY } SinewMmpdeTask;
/* SinewMmpdeForward - out from u at times t[batch], after Move; statistics: of the batch, as in training. */
PETSC_EXTERN PetscErrorCode SinewMmpdeForward(SinewMmpde mmpde, SinewMmpdeTask task, const double t[], const void *u,
                                              PetscBool statistics, void *out);
/* SinewMmpdeBackward - sets the parameters' gradients (summed over all ranks) and du (NULL: not wanted; the mesh counts
   as given) from dout, after a Forward of the same task. */
PETSC_EXTERN PetscErrorCode SinewMmpdeBackward(SinewMmpde mmpde, const void *dout, void *du);

PETSC_EXTERN PetscInt SinewMmpdeParameterCount(SinewMmpde mmpde); /* numbers with a gradient */
/* Of the dense products in one forward, over all ranks, two for a multiply-add. */
PETSC_EXTERN double SinewMmpdeFlops(SinewMmpde mmpde);

#endif

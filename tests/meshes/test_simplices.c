// RANKS 1 2
/* Bodies of simplices: what a file says, its volume and boundary, points that are spread by volume, mistakes by line.
 */
#include "meshes/simplices.h"
#include "tests/harness.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *write_text(const char text[])
{
  static char path[64];
  int rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  snprintf(path, sizeof(path), "/tmp/sinew_simplices_XXXXXX");
  if (!rank) {
    const int fd = mkstemp(path);
    FILE *out = fdopen(fd, "w");

    assert_non_null(out);
    fputs(text, out);
    fclose(out);
  }
  MPI_Bcast(path, sizeof(path), MPI_CHAR, 0, PETSC_COMM_WORLD);
  return path;
}

/* A square of side 2 of four triangles about its middle, one of them the wrong way round. */
static const char square[] =
    "MeshVersionFormatted 2 # made by hand\n\nDimension\n2\nVertices\n5\n-1 -1 0\n1 -1 0\n1 1 0\n"
    "-1 1 0\n0 0 7\nEdges\n1\n1 2 1\nTriangles\n4\n1 2 5 0\n2 3 5 0\n3 4 5 0\n1 4 5 0\nEnd\n";
/* The unit tetrahedron and its mirror image below. */
static const char two[] =
    "MeshVersionFormatted 1\nDimension 3\nVertices 5\n0 0 0 0\n1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 -1 0\n"
    "Tetrahedra 2\n1 2 3 4 0\n1 2 3 5 0\nEnd";

static void files_are_bodies(void **state)
{
  const char *path = write_text(square);
  SinewSimplices *b;

  (void)state;
  check_call(SinewSimplicesCreate(PETSC_COMM_WORLD, path, &b));
  check_all(b->dim == 2 && b->vertices == 5 && b->cells == 4 && b->faces == 4);
  check_close(b->volume, 4, 1e-15);
  check_close(b->area, 8, 1e-15);
  check_close(b->lower[0] + b->upper[1], 0, 0);
  check_call(SinewSimplicesDestroy(&b));
  path = write_text(two);
  check_call(SinewSimplicesCreate(PETSC_COMM_WORLD, path, &b));
  check_all(b->dim == 3 && b->cells == 2 && b->faces == 6);
  check_close(b->volume, 1. / 3, 1e-15);
  check_close(b->area, 2 * (1 + sqrt(3) / 2), 1e-14);
  check_call(SinewSimplicesDestroy(&b));
}

static void points_are_spread_by_volume(void **state)
{
  enum { N = 4000 };
  static PetscReal x[3 * N], part_of_all[3 * N], part[3 * 10];
  const char *path = write_text(two);
  PetscReal mean[3] = {0}, on = 0;
  SinewSimplices *b;

  (void)state;
  check_call(SinewSimplicesCreate(PETSC_COMM_WORLD, path, &b));
  check_call(SinewSimplicesSample(b, SINEW_SIMPLICES_INSIDE, NULL, 1, 2, N, 0, N, x));
  check_call(SinewSimplicesSample(b, SINEW_SIMPLICES_INSIDE, NULL, 1, 2, N, 170, 10, part));
  check_all(!memcmp(part, x + 3 * 170, sizeof(part)));
  for (PetscInt p = 0; p < N; p++) {
    check_all(x[3 * p] >= 0 && x[3 * p + 1] >= 0 && x[3 * p] + x[3 * p + 1] + fabs(x[3 * p + 2]) <= 1 + 1e-14);
    for (int d = 0; d < 3; d++) mean[d] += x[3 * p + d] / N;
  }
  check_close(mean[0], 0.25, 0.01);
  check_close(mean[1], 0.25, 0.01);
  check_close(mean[2], 0, 0.01);
  check_call(SinewSimplicesSample(b, SINEW_SIMPLICES_BOUNDARY, NULL, 1, 2, N, 0, N, x));
  for (PetscInt p = 0; p < N; p++) {
    const PetscReal slope = 1 - x[3 * p] - x[3 * p + 1] - fabs(x[3 * p + 2]);

    check_all(fabs(x[3 * p] * x[3 * p + 1] * slope) < 1e-15);
    on += fabs(slope) < 1e-14;
  }
  check_close(on / N, sqrt(3) / 2 / (1 + sqrt(3) / 2), 1e-3); /* the two slanted faces, exactly by strata */
  check_call(SinewSimplicesSample(b, SINEW_SIMPLICES_CORNERS, NULL, 1, 2, N, 0, N, part_of_all));
  for (PetscInt p = 0; p < N; p++) { /* corners are units of the axes or the origin; the others stay where they were */
    const PetscReal *at = part_of_all + 3 * p, size = fabs(at[0]) + fabs(at[1]) + fabs(at[2]);

    if (p % 2)
      check_all(fmax(fmax(at[0], at[1]), fabs(at[2])) == size && (size == 0 || size == 1));
    else
      check_all(!memcmp(at, x + 3 * p, 3 * sizeof(PetscReal)));
  }
  check_call(SinewSimplicesDestroy(&b));
}

/* Labels of the faces that a file lists, and points of those alone. */
static void patches_are_parts_of_the_boundary(void **state)
{
  static const char labelled[] = "MeshVersionFormatted 2\nDimension 2\nVertices 4\n0 0 0\n2 0 0\n2 1 0\n0 1 0\n"
                                 "Triangles 2\n1 2 3 0\n1 3 4 0\nEdges 3\n2 1 7\n3 4 8\n1 3 9\nEnd\n";
  PetscReal x[2 * 50];
  PetscBool member[4];
  SinewSimplicesPatch patch;
  SinewSimplices *b;
  PetscInt seven = 0, none = 0;

  (void)state;
  check_call(SinewSimplicesCreate(PETSC_COMM_WORLD, write_text(labelled), &b));
  check_all(b->faces == 4);
  for (PetscInt f = 0; f < 4; f++) {
    seven += b->label[f] == 7;
    none += b->label[f] == 0;
    check_all(b->label[f] != 9); /* inside */
    member[f] = (PetscBool)(b->label[f] == 7 || b->label[f] == 8);
  }
  check_all(seven == 1 && none == 2);
  check_call(SinewSimplicesPatchCreate(b, member, &patch));
  check_all(patch.n == 2);
  check_close(patch.area, 4, 1e-14);
  check_call(SinewSimplicesSample(b, SINEW_SIMPLICES_BOUNDARY, &patch, 1, 2, 50, 0, 50, x));
  for (PetscInt p = 0; p < 50; p++)
    check_all(x[2 * p + 1] == (p < 25 ? x[1] : 1 - x[1])); /* one edge, then the other */
  check_call(SinewSimplicesPatchDestroy(&patch));
  check_call(SinewSimplicesDestroy(&b));
}

static void refuses(const char text[])
{
  const char *path = write_text(text);
  SinewSimplices *b = NULL;
  PetscErrorCode code;

  check_call(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  code = SinewSimplicesCreate(PETSC_COMM_WORLD, path, &b);
  check_call(PetscPopErrorHandler());
  check_all(code == SINEW_ERR_INPUT && !b);
}

static void mistakes_are_refused(void **state)
{
  (void)state;
  refuses("MeshVersionFormatted 2\nDimension 2\nVertices\n3\n0 0 0\n1 0 0\n0 x 0\n");
  refuses("MeshVersionFormatted 2\nDimension 2\nVertices\n3\n0 0 0\n1 0 0\n0 1 0\nTriangles 1\n1 2 4 0\nEnd");
  refuses("MeshVersionFormatted 2\nDimension 2\nVertices\n3\n0 0 0\n1 0 0\n");
  refuses("MeshVersionFormatted 2\nDimension 2\nVertices\n3\n0 0 0\n1 0 0\n2 0 0\nTriangles 1\n1 2 3 0\nEnd");
  refuses("MeshVersionFormatted 2\nDimension 4\n");
  refuses("OFF\n3 1 0\n");
  refuses("MeshVersionFormatted 2\nDimension 2\nHexahedra\n");
  refuses("MeshVersionFormatted 2\nDimension 2\nVertices 1\n0 0 0\nEnd");
}

SINEW_TEST_MAIN(cmocka_unit_test(files_are_bodies), cmocka_unit_test(points_are_spread_by_volume),
                cmocka_unit_test(patches_are_parts_of_the_boundary), cmocka_unit_test(mistakes_are_refused))

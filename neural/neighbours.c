#include "neural/neighbours.h"

#include <math.h>
#include <petscsf.h>
#include <string.h>

#include "neural/sparse_exchange_private.h"

/* A source as it travels: who owns it, and where. */
typedef struct {
  double at[2];
  PetscInt64 number;
  PetscInt sample, row, cell[2];
  PetscMPIInt rank;
} Source;

/* Cells lo .. hi, of which those of a periodic axis are meant modulo their number. */
typedef struct {
  PetscInt lo[2], hi[2];
} Rectangle;

typedef struct {
  uint64_t distance;
  PetscInt64 number;
  PetscInt source;
} Candidate;

struct _p_SinewNeighbours {
  MPI_Comm comm;
  PetscMPIInt rank, tag, ranks[2];
  PetscInt k, samples, queries, owned, rows, rings;
  PetscBool itself;
  double period[2], lower[2], side[2];
  PetscInt cells[2];
  Source *source;           /* those in reach, ordered by sample and cell */
  PetscInt sources, *first; /* [sample][cell of the rectangle], and the end */
  Rectangle reach;
  PetscInt *index;
  Candidate *best;
  double *shift, *at;
  PetscInt64 *number;
  PetscSF sf;
  MPI_Datatype unit;
  PetscInt unit_width;
  SinewDtype unit_dtype;
};

static PetscLogEvent neighbours_find, neighbours_halo;

PetscErrorCode SinewNeighboursCreate(MPI_Comm comm, PetscInt k, const double period[2], PetscBool itself,
                                     SinewNeighbours *neighbours)
{
  SinewNeighbours n;
  PetscMPIInt size, dims[2] = {0, 0};
  PetscClassId id;

  PetscFunctionBegin;
  if (!neighbours_find) {
    PetscCall(PetscClassIdRegister("SinewNeighbours", &id));
    PetscCall(PetscLogEventRegister("NeighboursFind", id, &neighbours_find));
    PetscCall(PetscLogEventRegister("NeighboursHalo", id, &neighbours_halo));
  }
  PetscCall(PetscNew(&n));
  PetscCall(PetscCommDuplicate(comm, &n->comm, &n->tag));
  PetscCallMPI(MPI_Comm_rank(n->comm, &n->rank));
  PetscCallMPI(MPI_Comm_size(n->comm, &size));
  PetscCallMPI(MPI_Dims_create(size, 2, dims));
  for (int d = 0; d < 2; d++) {
    n->ranks[d] = dims[d];
    n->period[d] = period ? period[d] : 0;
  }
  n->k = k;
  n->rings = 3;
  n->itself = itself;
  PetscCall(PetscMalloc1(k, &n->best));
  *neighbours = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode forget(SinewNeighbours n)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(n->source));
  PetscCall(PetscFree(n->first));
  PetscCall(PetscFree(n->index));
  PetscCall(PetscFree(n->shift));
  PetscCall(PetscFree(n->at));
  PetscCall(PetscFree(n->number));
  PetscCall(PetscSFDestroy(&n->sf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNeighboursDestroy(SinewNeighbours *neighbours)
{
  SinewNeighbours n = *neighbours;

  PetscFunctionBegin;
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(forget(n));
  if (n->unit_width > 1) PetscCallMPI(MPI_Type_free(&n->unit));
  PetscCall(PetscFree(n->best));
  PetscCall(PetscCommDestroy(&n->comm));
  PetscCall(PetscFree(n));
  *neighbours = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- cells ---- */

static PetscInt sample_of(const SinewNodes *points, PetscInt i)
{
  return points->sample ? points->sample[i] : 0;
}

/* The cell of a coordinate; of a periodic axis any whole number, else one that exists: what lies outside counts to the
   cells of the border. */
static PetscInt cell_of(SinewNeighbours n, int d, double x)
{
  const double c = n->side[d] > 0 ? floor((x - n->lower[d]) / n->side[d]) : 0;

  if (n->period[d] > 0) return (PetscInt)c;
  return (PetscInt)PetscMax(0., PetscMin(c, (double)(n->cells[d] - 1)));
}

static PetscInt modulo(PetscInt c, PetscInt m)
{
  const PetscInt r = c % m;

  return r < 0 ? r + m : r;
}

/* Where in the rectangle a cell is along an axis; -1 when outside. */
static PetscInt place(SinewNeighbours n, const Rectangle *r, int d, PetscInt cell)
{
  const PetscInt p = n->period[d] > 0 ? modulo(cell - r->lo[d], n->cells[d]) : cell - r->lo[d];

  return p >= 0 && p <= r->hi[d] - r->lo[d] ? p : -1;
}

/* Counts, the box around the sources, and whether all is finite: one reduction. */
static PetscErrorCode measure(SinewNeighbours n, const SinewNodes *queries, const SinewNodes *sources)
{
  double most[5] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY, 0}, length[2], side;
  PetscInt64 *count, total = 0, least = PETSC_MAX_INT;
  const SinewNodes *points[2] = {queries, sources};

  PetscFunctionBegin;
  for (int p = 0; p < 2; p++)
    for (PetscInt i = 0; i < 2 * points[p]->count; i++)
      if (!isfinite(points[p]->at[i])) most[4] = 1;
  for (PetscInt i = 0; i < sources->count; i++)
    for (int d = 0; d < 2; d++) {
      most[d] = PetscMax(most[d], sources->at[2 * i + d]);
      most[2 + d] = PetscMax(most[2 + d], -sources->at[2 * i + d]);
    }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, most, 5, MPI_DOUBLE, MPI_MAX, n->comm));
  PetscCheck(most[4] == 0, n->comm, SINEW_ERR_BREAKDOWN, "nodes of a graph are not at finite places");
  PetscCall(PetscCalloc1(n->samples, &count));
  for (PetscInt i = 0; i < sources->count; i++) count[sample_of(sources, i)]++;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, count, (PetscMPIInt)n->samples, MPIU_INT64, MPI_SUM, n->comm));
  for (PetscInt s = 0; s < n->samples; s++) {
    total += count[s];
    least = PetscMin(least, count[s]);
  }
  PetscCall(PetscFree(count));
  PetscCheck(least >= n->k + !n->itself, n->comm, SINEW_ERR_INPUT,
             "a graph of %lld nodes cannot give each %" PetscInt_FMT " neighbours", (long long)least, n->k);
  for (int d = 0; d < 2; d++) {
    n->lower[d] = n->period[d] > 0 ? 0 : -most[2 + d];
    length[d] = n->period[d] > 0 ? n->period[d] : most[d] - n->lower[d];
  }
  side = PetscMax(PetscSqrtReal(length[0] * length[1] * 4 * (double)n->samples / (double)total),
                  PetscMax(length[0], length[1]) * 4 * (double)n->samples / (double)total);
  for (int d = 0; d < 2; d++) {
    n->cells[d] = side > 0 ? PetscMax(1, (PetscInt)(length[d] / side)) : 1;
    n->side[d] = length[d] / (double)n->cells[d];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the directory: rank (i, j) keeps cells i m / p .. (i + 1) m / p - 1 ---- */

static PetscMPIInt keeper_along(SinewNeighbours n, int d, PetscInt cell)
{
  return (PetscMPIInt)(((cell + 1) * n->ranks[d] - 1) / n->cells[d]);
}

static PetscMPIInt keeper(SinewNeighbours n, const PetscInt cell[2])
{
  return keeper_along(n, 1, cell[1]) * n->ranks[0] + keeper_along(n, 0, cell[0]);
}

static PetscErrorCode fill_directory(SinewNeighbours n, const SinewNodes *sources, PetscInt *count, Source **kept)
{
  Source *record;
  PetscMPIInt *to;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(sources->count, &record, sources->count, &to));
  for (PetscInt i = 0; i < sources->count; i++) {
    record[i] = (Source){.number = sources->number[i], .sample = sample_of(sources, i), .row = i, .rank = n->rank};
    for (int d = 0; d < 2; d++) {
      record[i].at[d] = sources->at[2 * i + d];
      record[i].cell[d] = cell_of(n, d, record[i].at[d]);
      if (n->period[d] > 0) record[i].cell[d] = modulo(record[i].cell[d], n->cells[d]);
    }
    to[i] = keeper(n, record[i].cell);
  }
  PetscCall(
      SinewSparseExchange(n->comm, n->tag, sizeof(Source), sources->count, to, record, count, (void **)kept, NULL));
  PetscCall(PetscFree2(record, to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The cells that the queries lie in, and `rings` more; at most all. */
static Rectangle wanted(SinewNeighbours n, const SinewNodes *queries)
{
  Rectangle r = {{PETSC_MAX_INT, PETSC_MAX_INT}, {PETSC_MIN_INT, PETSC_MIN_INT}};

  for (PetscInt i = 0; i < queries->count; i++)
    for (int d = 0; d < 2; d++) {
      const PetscInt c = cell_of(n, d, queries->at[2 * i + d]);

      r.lo[d] = PetscMin(r.lo[d], c);
      r.hi[d] = PetscMax(r.hi[d], c);
    }
  if (!queries->count) return (Rectangle){{0, 0}, {-1, -1}};
  for (int d = 0; d < 2; d++) {
    r.lo[d] -= n->rings;
    r.hi[d] += n->rings;
    if (n->period[d] > 0) {
      if (r.hi[d] - r.lo[d] + 1 < n->cells[d]) continue;
      r.lo[d] = 0;
      r.hi[d] = n->cells[d] - 1;
    } else {
      r.lo[d] = PetscMax(r.lo[d], 0);
      r.hi[d] = PetscMin(r.hi[d], n->cells[d] - 1);
    }
  }
  return r;
}

/* Ranks along an axis that keep cells of the rectangle. */
static PetscInt keepers(SinewNeighbours n, const Rectangle *r, int d, PetscMPIInt list[])
{
  PetscInt count = 0;

  for (PetscInt c = r->lo[d]; c <= r->hi[d]; c++) {
    const PetscMPIInt k = keeper_along(n, d, modulo(c, n->cells[d]));
    PetscInt i = 0;

    while (i < count && list[i] != k) i++;
    if (i == count) list[count++] = k;
  }
  return count;
}

/* Asks for what is in reach: `found` are the others' sources there. */
static PetscErrorCode ask(SinewNeighbours n, PetscInt kept, const Source *keep, PetscInt *found, Source **sources)
{
  PetscMPIInt *list[2], *to, *from;
  PetscInt count[2], asked, answers = 0, room = 0;
  Rectangle *request, *heard;
  Source *answer = NULL;

  PetscFunctionBegin;
  for (int d = 0; d < 2; d++) {
    PetscCall(PetscMalloc1((size_t)(n->reach.hi[d] - n->reach.lo[d] + 1), &list[d]));
    count[d] = keepers(n, &n->reach, d, list[d]);
  }
  PetscCall(PetscMalloc2((size_t)(count[0] * count[1]), &to, (size_t)(count[0] * count[1]), &request));
  for (PetscInt i = 0; i < count[0] * count[1]; i++) {
    to[i] = list[1][i / count[0]] * n->ranks[0] + list[0][i % count[0]];
    request[i] = n->reach;
  }
  PetscCall(SinewSparseExchange(n->comm, n->tag, sizeof(Rectangle), count[0] * count[1], to, request, &asked,
                                (void **)&heard, &from));
  PetscCall(PetscFree2(to, request));
  for (int d = 0; d < 2; d++) PetscCall(PetscFree(list[d]));
  to = NULL;
  for (PetscInt q = 0; q < asked; q++)
    for (PetscInt i = 0; i < kept; i++) {
      if (keep[i].rank == from[q] || place(n, &heard[q], 0, keep[i].cell[0]) < 0 ||
          place(n, &heard[q], 1, keep[i].cell[1]) < 0)
        continue;
      if (answers == room) {
        room = PetscMax(2 * room, 256);
        PetscCall(PetscRealloc(sizeof(*answer) * (size_t)room, &answer));
        PetscCall(PetscRealloc(sizeof(*to) * (size_t)room, &to));
      }
      to[answers] = from[q];
      answer[answers++] = keep[i];
    }
  PetscCall(SinewSparseExchange(n->comm, n->tag, sizeof(Source), answers, to, answer, found, (void **)sources, NULL));
  PetscCall(PetscFree(to));
  PetscCall(PetscFree(answer));
  PetscCall(PetscFree(heard));
  PetscCall(PetscFree(from));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the search ---- */

static PetscInt width(const Rectangle *r, int d)
{
  return r->hi[d] - r->lo[d] + 1;
}

/* The bucket of a source: its sample and cell; -1 when out of reach. */
static PetscInt bucket(SinewNeighbours n, const Source *s)
{
  const PetscInt x = place(n, &n->reach, 0, s->cell[0]), y = place(n, &n->reach, 1, s->cell[1]);

  return x < 0 || y < 0 ? -1 : (s->sample * width(&n->reach, 1) + y) * width(&n->reach, 0) + x;
}

/* Own sources (`mine` of them, from this rank's records) and others', sorted into buckets by counting. */
static PetscErrorCode sort(SinewNeighbours n, const SinewNodes *own, PetscInt found, const Source *others)
{
  const PetscInt buckets = n->samples * width(&n->reach, 0) * width(&n->reach, 1), all = own->count + found;
  PetscInt *which, *next;
  Source *list;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(all, &list, all, &which, buckets + 1, &next));
  PetscCall(PetscFree(n->first));
  PetscCall(PetscFree(n->source));
  PetscCall(PetscCalloc1(buckets + 1, &n->first));
  PetscCall(PetscMalloc1(all, &n->source));
  for (PetscInt i = 0; i < all; i++) {
    if (i < own->count) {
      list[i] = (Source){.number = own->number[i], .sample = sample_of(own, i), .row = i, .rank = n->rank};
      for (int d = 0; d < 2; d++) {
        list[i].at[d] = own->at[2 * i + d];
        list[i].cell[d] = cell_of(n, d, list[i].at[d]);
      }
    } else
      list[i] = others[i - own->count];
    which[i] = bucket(n, &list[i]);
    if (which[i] >= 0) n->first[which[i] + 1]++;
  }
  for (PetscInt b = 0; b < buckets; b++) n->first[b + 1] += n->first[b];
  PetscCall(PetscArraycpy(next, n->first, buckets + 1));
  for (PetscInt i = 0; i < all; i++)
    if (which[i] >= 0) n->source[next[which[i]]++] = list[i];
  n->sources = n->first[buckets];
  PetscCall(PetscFree3(list, which, next));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Squares of distances, comparable as integers, with the last 16 bits rounded away. */
static uint64_t rounded(double square)
{
  uint64_t bits;

  memcpy(&bits, &square, sizeof(bits));
  return (bits + 0x8000) >> 16;
}

static PetscBool nearer(const Candidate *a, const Candidate *b)
{
  return (PetscBool)(a->distance < b->distance || (a->distance == b->distance && a->number < b->number));
}

/* From the nearest image of a source to the query. */
static double apart(SinewNeighbours n, int d, double query, double source)
{
  const double x = query - source;

  return n->period[d] > 0 ? x - n->period[d] * nearbyint(x / n->period[d]) : x;
}

/* The sources of a bucket among the best so far, which are sorted. */
static void look(SinewNeighbours n, const double q[2], PetscInt64 number, PetscInt b, PetscInt *have)
{
  for (PetscInt i = n->first[b]; i < n->first[b + 1]; i++) {
    const double dx = apart(n, 0, q[0], n->source[i].at[0]), dy = apart(n, 1, q[1], n->source[i].at[1]);
    const Candidate c = {rounded(dx * dx + dy * dy), n->source[i].number, i};
    PetscInt p = *have;

    if (!n->itself && c.number == number) continue;
    if (p == n->k && !nearer(&c, &n->best[p - 1])) continue;
    if (p < n->k)
      (*have)++;
    else
      p--;
    for (; p > 0 && nearer(&c, &n->best[p - 1]); p--) n->best[p] = n->best[p - 1];
    n->best[p] = c;
  }
}

/* The ring of cells at distance r around `cell`, as far as they exist; false: some exist but are not in reach. */
static PetscBool scan_ring(SinewNeighbours n, const double q[2], PetscInt64 number, PetscInt sample,
                           const PetscInt cell[2], PetscInt r, PetscInt *have)
{
  PetscInt lo[2], hi[2];

  for (int d = 0; d < 2; d++) { /* an axis is gone round at most once */
    const PetscBool wraps = (PetscBool)(n->period[d] > 0);

    lo[d] = wraps ? cell[d] - PetscMin(r, (n->cells[d] - 1) / 2) : PetscMax(cell[d] - r, 0);
    hi[d] = wraps ? cell[d] + PetscMin(r, n->cells[d] / 2) : PetscMin(cell[d] + r, n->cells[d] - 1);
  }
  for (PetscInt y = lo[1]; y <= hi[1]; y++) {
    const PetscBool edge = (PetscBool)(PetscAbsInt(y - cell[1]) == r);
    const PetscInt row = place(n, &n->reach, 1, y);

    for (PetscInt x = lo[0]; x <= hi[0]; x++) {
      PetscInt column;

      if (!edge && PetscAbsInt(x - cell[0]) != r) {
        x = PetscMax(x, PetscMin(hi[0] + 1, cell[0] + r) - 1); /* on to the far side */
        continue;
      }
      column = place(n, &n->reach, 0, x);
      if (row < 0 || column < 0) return PETSC_FALSE;
      look(n, q, number, (sample * width(&n->reach, 1) + row) * width(&n->reach, 0) + column, have);
    }
  }
  return PETSC_TRUE;
}

/* How far from q the nearest point outside the square of rings can be; infinite when nothing is outside. */
static double unsearched(SinewNeighbours n, const double q[2], const PetscInt cell[2], PetscInt r)
{
  double least = INFINITY;

  for (int d = 0; d < 2; d++) {
    const double low = n->lower[d] + n->side[d] * (double)(cell[d] - r),
                 high = n->lower[d] + n->side[d] * (double)(cell[d] + r + 1);
    const PetscBool wraps = (PetscBool)(n->period[d] > 0);

    if (wraps && 2 * r + 1 >= n->cells[d]) continue;
    if (wraps || cell[d] - r > 0) least = PetscMin(least, q[d] - low);
    if (wraps || cell[d] + r < n->cells[d] - 1) least = PetscMin(least, high - q[d]);
  }
  return PetscMax(least, 0.);
}

/* The neighbours of one query into best; false: they may lie beyond what is in reach. */
static PetscBool search(SinewNeighbours n, const double q[2], PetscInt64 number, PetscInt sample)
{
  const PetscInt cell[2] = {cell_of(n, 0, q[0]), cell_of(n, 1, q[1])};
  PetscInt have = 0;

  for (PetscInt r = 0;; r++) {
    double limit;

    if (!scan_ring(n, q, number, sample, cell, r, &have)) return PETSC_FALSE;
    limit = unsearched(n, q, cell, r);
    if (!isfinite(limit)) return PETSC_TRUE;
    limit *= 1 - 1e-9; /* beyond ties and the rounding of cells' edges */
    if (have == n->k && n->best[n->k - 1].distance < rounded(limit * limit)) return PETSC_TRUE;
  }
}

/* ---- the graph ---- */

static int by_key(const void *a, const void *b, void *context)
{
  const PetscInt64 x = *(const PetscInt64 *)a, y = *(const PetscInt64 *)b;

  (void)context;
  return (x > y) - (x < y);
}

/* Rows of the sources that some query needs: own ones as they are, others in the order of (rank, row). */
static PetscErrorCode number_halo(SinewNeighbours n, PetscInt own, PetscInt **row)
{
  PetscSFNode *remote;
  PetscInt halo = 0, *order;
  PetscInt64 *key;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n->sources, row));
  for (PetscInt i = 0; i < n->sources; i++) (*row)[i] = -1;
  for (PetscInt e = 0; e < n->queries * n->k; e++) {
    const PetscInt i = n->index[e];

    if ((*row)[i] < 0 && n->source[i].rank != n->rank) halo++;
    (*row)[i] = n->source[i].rank == n->rank ? n->source[i].row : own;
  }
  PetscCall(PetscMalloc3(halo, &key, halo, &order, halo, &remote));
  for (PetscInt i = 0, h = 0; i < n->sources; i++)
    if ((*row)[i] >= 0 && n->source[i].rank != n->rank) {
      key[h] = ((PetscInt64)n->source[i].rank << 40) + n->source[i].row;
      order[h++] = i;
    }
  if (halo > 1) PetscCall(PetscTimSortWithArray(halo, key, sizeof(*key), order, sizeof(*order), by_key, NULL));
  n->rows = own + halo;
  for (PetscInt h = 0; h < halo; h++) {
    (*row)[order[h]] = own + h;
    remote[h].rank = n->source[order[h]].rank;
    remote[h].index = n->source[order[h]].row;
  }
  PetscCall(PetscSFCreate(n->comm, &n->sf));
  PetscCall(PetscSFSetGraph(n->sf, own, halo, NULL, PETSC_COPY_VALUES, remote, PETSC_COPY_VALUES));
  PetscCall(PetscSFSetUp(n->sf));
  PetscCall(PetscFree3(key, order, remote));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode store_rows(SinewNeighbours n, const SinewNodes *queries, const SinewNodes *sources)
{
  const PetscBool wraps = (PetscBool)(n->period[0] > 0 || n->period[1] > 0);
  PetscInt *row;

  PetscFunctionBegin;
  PetscCall(number_halo(n, sources->count, &row));
  PetscCall(PetscMalloc1((size_t)(2 * n->rows), &n->at));
  PetscCall(PetscMalloc1(n->rows, &n->number));
  PetscCall(PetscArraycpy(n->at, sources->at, 2 * sources->count));
  PetscCall(PetscArraycpy(n->number, sources->number, sources->count));
  for (PetscInt i = 0; i < n->sources; i++)
    if (row[i] >= sources->count) {
      n->at[2 * row[i]] = n->source[i].at[0];
      n->at[2 * row[i] + 1] = n->source[i].at[1];
      n->number[row[i]] = n->source[i].number;
    }
  if (wraps) PetscCall(PetscMalloc1((size_t)(2 * n->queries * n->k), &n->shift));
  for (PetscInt e = 0; e < n->queries * n->k; e++) {
    const Source *s = &n->source[n->index[e]];

    for (int d = 0; wraps && d < 2; d++) {
      const double x = queries->at[2 * (e / n->k) + d] - s->at[d];

      n->shift[2 * e + d] = n->period[d] > 0 ? -n->period[d] * nearbyint(x / n->period[d]) : 0;
    }
    n->index[e] = row[n->index[e]];
  }
  PetscCall(PetscFree(row));
  PetscCall(PetscFree(n->source));
  PetscCall(PetscFree(n->first));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One attempt with the present number of rings. */
static PetscErrorCode attempt(SinewNeighbours n, const SinewNodes *queries, const SinewNodes *sources, PetscInt kept,
                              const Source *keep, PetscBool *done)
{
  Source *others;
  PetscInt found;

  PetscFunctionBegin;
  n->reach = wanted(n, queries);
  PetscCall(ask(n, kept, keep, &found, &others));
  PetscCall(sort(n, sources, found, others));
  PetscCall(PetscFree(others));
  *done = PETSC_TRUE;
  for (PetscInt i = 0; i < queries->count && *done; i++) {
    *done = search(n, queries->at + 2 * i, queries->number[i], sample_of(queries, i));
    for (PetscInt j = 0; *done && j < n->k; j++) n->index[i * n->k + j] = n->best[j].source;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, done, 1, SINEW_MPI_BOOL, MPI_LAND, n->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNeighboursFind(SinewNeighbours n, PetscInt samples, const SinewNodes *queries,
                                   const SinewNodes *sources)
{
  PetscBool done = PETSC_FALSE;
  PetscInt kept;
  Source *keep;

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(neighbours_find, 0, 0, 0, 0));
  PetscCall(forget(n));
  n->samples = samples;
  n->queries = queries->count;
  n->owned = sources->count;
  PetscCall(measure(n, queries, sources));
  PetscCall(PetscMalloc1((size_t)(n->queries * n->k), &n->index));
  PetscCall(fill_directory(n, sources, &kept, &keep));
  while (1) {
    PetscCall(attempt(n, queries, sources, kept, keep, &done));
    if (done) break;
    n->rings *= 2;
  }
  PetscCall(PetscFree(keep));
  PetscCall(store_rows(n, queries, sources));
  PetscCall(PetscLogEventEnd(neighbours_find, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewNeighboursDegree(SinewNeighbours n)
{
  return n->k;
}

PetscInt SinewNeighboursQueries(SinewNeighbours n)
{
  return n->queries;
}

PetscInt SinewNeighboursOwned(SinewNeighbours n)
{
  return n->owned;
}

PetscInt SinewNeighboursRows(SinewNeighbours n)
{
  return n->rows;
}

const PetscInt *SinewNeighboursIndex(SinewNeighbours n)
{
  return n->index;
}

const double *SinewNeighboursShift(SinewNeighbours n)
{
  return n->shift;
}

const double *SinewNeighboursAt(SinewNeighbours n)
{
  return n->at;
}

const PetscInt64 *SinewNeighboursNumber(SinewNeighbours n)
{
  return n->number;
}

/* ---- the halo ---- */

/* PetscSF does not know a row of one number for the number that it is. */
static PetscErrorCode set_unit(SinewNeighbours n, SinewDtype dtype, PetscInt unit_width)
{
  const MPI_Datatype basic = dtype == SINEW_FLOAT32 ? MPI_FLOAT : MPI_DOUBLE;

  PetscFunctionBegin;
  if (n->unit_dtype == dtype && n->unit_width == unit_width) PetscFunctionReturn(PETSC_SUCCESS);
  if (n->unit_width > 1) PetscCallMPI(MPI_Type_free(&n->unit));
  n->unit = basic;
  if (unit_width > 1) {
    PetscCallMPI(MPI_Type_contiguous((PetscMPIInt)unit_width, basic, &n->unit));
    PetscCallMPI(MPI_Type_commit(&n->unit));
  }
  n->unit_dtype = dtype;
  n->unit_width = unit_width;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNeighboursGather(SinewNeighbours n, SinewDtype dtype, PetscInt unit_width, void *values)
{
  void *halo = (char *)values + SinewDtypeSize(dtype) * (size_t)(n->owned * unit_width);

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(neighbours_halo, 0, 0, 0, 0));
  PetscCall(set_unit(n, dtype, unit_width));
  PetscCall(PetscSFBcastBegin(n->sf, n->unit, values, halo, MPI_REPLACE));
  PetscCall(PetscSFBcastEnd(n->sf, n->unit, values, halo, MPI_REPLACE));
  PetscCall(PetscLogEventEnd(neighbours_halo, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_halo(SinewNeighbours n, PetscInt unit_width, const double halo[], double values[])
{
  PetscFunctionBegin;
  PetscCall(set_unit(n, SINEW_FLOAT64, unit_width));
  PetscCall(PetscSFReduceBegin(n->sf, n->unit, halo, values, MPI_SUM));
  PetscCall(PetscSFReduceEnd(n->sf, n->unit, halo, values, MPI_SUM));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* PetscSF adds doubles only. */
static PetscErrorCode add_narrow(SinewNeighbours n, PetscInt unit_width, float values[])
{
  const PetscInt own = n->owned * unit_width, halo = (n->rows - n->owned) * unit_width;
  double *sum, *part;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(own, &sum, halo, &part));
  for (PetscInt i = 0; i < own; i++) sum[i] = values[i];
  for (PetscInt i = 0; i < halo; i++) part[i] = values[own + i];
  PetscCall(add_halo(n, unit_width, part, sum));
  for (PetscInt i = 0; i < own; i++) values[i] = (float)sum[i];
  PetscCall(PetscFree2(sum, part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNeighboursScatter(SinewNeighbours n, SinewDtype dtype, PetscInt unit_width, void *values)
{
  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(neighbours_halo, 0, 0, 0, 0));
  if (n->ranks[0] * n->ranks[1] == 1) { /* no halo */
  } else if (dtype == SINEW_FLOAT32)
    PetscCall(add_narrow(n, unit_width, (float *)values));
  else
    PetscCall(add_halo(n, unit_width, (double *)values + n->owned * unit_width, (double *)values));
  PetscCall(PetscLogEventEnd(neighbours_halo, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

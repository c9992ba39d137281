/*
  From boxes to a stream of bytes and back.

  A file holds an array as one stream; a rank holds a box, whose rows are strewn over the stream. The
  stream is dealt out in as many parts as there are writers, a part is worked off in chunks. In every
  round each rank sends each writer what the writer's chunk needs, and the writer writes one
  contiguous chunk: large requests, one owner for each byte, and a checksum in stream order. Nothing
  needs to be packed on the sending side, since the part of a box that lies in a chunk is contiguous
  in the memory of the box; a chunk that lies in the writer's own box is written from there. Reading
  is the same backwards.

  Nobody leaves early: a rank whose file fails goes on exchanging, so nobody waits for it.

  Memory: one chunk and what it is made of on each writer; the extents of all boxes on each rank.
*/
#include "io/arrays_private.h"
#include "io/crc32c.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CHUNK   ((PetscInt64)4 << 20) /* bytes a message may have at most; a multiple of all element sizes */
#define PAGE    ((PetscInt64)4096)    /* the same of what a writer's part of the stream is a multiple of */
#define WRITERS 256                   /* at most: more of them get into each other's way on a file system */

/* ---- plain reads and writes ---- */
int SinewReadBytes_Private(int fd, void *data, size_t bytes, PetscInt64 offset)
{
  char *p = data;

  while (bytes) {
    ssize_t n = pread(fd, p, bytes, (off_t)offset);

    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return -1;
    p += n;
    offset += n;
    bytes -= (size_t)n;
  }
  return 0;
}

int SinewWriteBytes_Private(int fd, const void *data, size_t bytes, PetscInt64 offset)
{
  const char *p = data;

  while (bytes) {
    ssize_t n = pwrite(fd, p, bytes, (off_t)offset);

    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return ENOSPC;
    p += n;
    offset += n;
    bytes -= (size_t)n;
  }
  return 0;
}

/* ---- boxes ---- */
typedef struct {
  int rank;
  PetscInt64 size; /* of an element */
  const PetscInt64 *shape;
  PetscInt64 start[SINEW_ARRAY_RANK_MAX], count[SINEW_ARRAY_RANK_MAX];
} Box;

/* How many of the box's bytes stand in the stream before the byte `offset` (an element's first). */
static PetscInt64 box_before(const Box *box, PetscInt64 offset)
{
  PetscInt64 element = offset / box->size, below = 1, inside = 1, before = 0;

  for (int d = 0; d < box->rank; d++) {
    below *= box->shape[d];
    inside *= box->count[d];
  }
  if (!inside || element >= below) return inside * box->size;
  for (int d = 0; d < box->rank; d++) {
    below /= box->shape[d];
    inside /= box->count[d];
    const PetscInt64 i = element / below - box->start[d];

    element %= below;
    if (i < 0) break;
    if (i >= box->count[d]) {
      before += box->count[d] * inside;
      break;
    }
    before += i * inside;
  }
  return before * box->size;
}

/* Where the box's byte `position` stands in the stream, and how many of its bytes follow in line. */
static PetscInt64 box_place(const Box *box, PetscInt64 position, PetscInt64 *run)
{
  PetscInt64 rest = position / box->size, stride = 1, place = 0, line = 1;
  PetscBool whole = PETSC_TRUE;

  for (int d = box->rank - 1; d >= 0; d--) {
    place += (rest % box->count[d] + box->start[d]) * stride;
    rest /= box->count[d];
    stride *= box->shape[d];
    if (whole) line *= box->count[d];
    if (box->count[d] != box->shape[d]) whole = PETSC_FALSE;
  }
  *run = line * box->size - position % (line * box->size);
  return place * box->size;
}

/* Copies the bytes [from, to) of the box between `chunk`, which starts at `low` in the stream, and `piece`. */
static void box_copy(const Box *box, PetscInt64 from, PetscInt64 to, PetscInt64 low, char chunk[], char piece[],
                     PetscBool into_chunk)
{
  for (PetscInt64 run, at = from; at < to; at += run) {
    char *there = chunk + (box_place(box, at, &run) - low), *here = piece + (at - from);

    run = PetscMin(run, to - at);
    if (into_chunk)
      memcpy(there, here, (size_t)run);
    else
      memcpy(here, there, (size_t)run);
  }
}

static PetscInt64 box_bytes(const Box *box)
{
  PetscInt64 bytes = box->size;

  for (int d = 0; d < box->rank; d++) bytes *= box->count[d];
  return bytes;
}

/* ---- the exchange ---- */
typedef struct {
  SinewFile file;
  FileTransfer kind;
  PetscInt64 offset, bytes;    /* of the array in the file */
  PetscInt64 begin, end;       /* the part of the stream that is wanted */
  PetscInt64 part, chunk_size; /* bytes of a writer, bytes of it in a round */
  PetscMPIInt writers, writer; /* how many; which one this rank is, or -1 */
  Box *box;                    /* of every rank; none when only the checksum is wanted */
  char *data, *chunk, *staged;
  PetscInt64 staged_size;
  MPI_Request *request;
  PetscMPIInt requests;
  PetscInt64 *from, *to; /* writer: the bytes of each rank's box in the chunk */
  uint32_t crc;          /* of this writer's chunks */
  PetscInt64 summed;     /* bytes in it */
  Verdict *verdict;
} Exchange;

static PetscMPIInt writer_rank(const Exchange *x, PetscMPIInt writer)
{
  return (PetscMPIInt)((PetscInt64)writer * x->file->size / x->writers);
}

static PetscErrorCode gather_boxes(Exchange *x, const SinewArray *array, size_t size)
{
  const int n = 2 * SINEW_ARRAY_RANK_MAX, ranks = x->file->size;
  PetscInt64 own[2 * SINEW_ARRAY_RANK_MAX] = {0}, *all;

  PetscFunctionBeginUser;
  for (int d = 0; d < array->rank; d++) {
    own[d] = array->start[d];
    own[SINEW_ARRAY_RANK_MAX + d] = array->count[d];
  }
  PetscCall(PetscMalloc1((size_t)n * (size_t)ranks, &all));
  PetscCall(PetscMalloc1((size_t)ranks, &x->box));
  PetscCallMPI(MPI_Allgather(own, n, MPIU_INT64, all, n, MPIU_INT64, x->file->comm));
  for (int r = 0; r < ranks; r++) {
    const PetscInt64 *theirs = all + (size_t)n * (size_t)r;

    x->box[r].rank = array->rank;
    x->box[r].size = (PetscInt64)size;
    x->box[r].shape = array->shape;
    memcpy(x->box[r].start, theirs, sizeof(x->box[r].start));
    memcpy(x->box[r].count, theirs + SINEW_ARRAY_RANK_MAX, sizeof(x->box[r].count));
  }
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Reading: the part of the stream in which the boxes lie, and chunks so small that boxes that overlap
 * (ghosts) do not cost more memory than disjoint ones. */
static void find_range(Exchange *x)
{
  PetscInt64 total = 0, run;

  x->begin = 0;
  x->end = x->bytes;
  x->chunk_size = CHUNK;
  if (x->kind != TRANSFER_READ) return;
  x->begin = x->bytes;
  x->end = 0;
  for (int r = 0; r < x->file->size; r++) {
    const PetscInt64 n = box_bytes(&x->box[r]);

    total += n;
    if (!n) continue;
    x->begin = PetscMin(x->begin, box_place(&x->box[r], 0, &run));
    x->end = PetscMax(x->end, box_place(&x->box[r], n - x->box[r].size, &run) + x->box[r].size);
  }
  if (x->begin >= x->end) x->begin = x->end = 0;
  for (; total > 2 * x->bytes && x->chunk_size > PAGE; total /= 2) x->chunk_size /= 2;
}

static void deal_out(Exchange *x)
{
  const PetscInt64 most = PetscMin(x->file->size, WRITERS), wanted = (x->end - x->begin + (1 << 20) - 1) >> 20;
  PetscInt64 part;

  x->writers = (PetscMPIInt)PetscMax(1, PetscMin(most, wanted));
  part = (x->end - x->begin + x->writers - 1) / x->writers;
  x->part = (part + PAGE - 1) / PAGE * PAGE;
  x->writer = -1;
  for (PetscMPIInt w = 0; w < x->writers; w++)
    if (writer_rank(x, w) == x->file->rank) x->writer = w;
}

/* The stream's bytes [low, high) that a writer works on in a round; none when it has finished. */
static void chunk_range(const Exchange *x, PetscMPIInt writer, PetscInt64 round, PetscInt64 *low, PetscInt64 *high)
{
  const PetscInt64 first = PetscMin(x->begin + writer * x->part, x->end), last = PetscMin(first + x->part, x->end);

  *low = PetscMin(first + round * x->chunk_size, last);
  *high = PetscMin(*low + x->chunk_size, last);
}

static void chunk_file(Exchange *x, char chunk[], PetscInt64 low, PetscInt64 high)
{
  const size_t n = (size_t)(high - low);
  const char *path = x->file->path;
  int code = 0;

  if (x->verdict->ok && x->kind == TRANSFER_WRITE) {
    code = SinewWriteBytes_Private(x->file->fd, chunk, n, x->offset + low);
    if (code) SinewBlame_Private(x->verdict, "cannot write %s: %s", path, strerror(code));
  } else if (x->verdict->ok) {
    code = SinewReadBytes_Private(x->file->fd, chunk, n, x->offset + low);
    if (code) SinewBlame_Private(x->verdict, "%s: %s", path, code < 0 ? "ends too early" : strerror(code));
  }
  if (!x->verdict->ok) return;
  x->crc ^= SinewCrc32cShift(SinewCrc32c(0, chunk, n), (uint64_t)(x->bytes - high));
  x->summed += high - low;
}

/* Writer: what each rank's box has in the chunk, room for the pieces of the others; how many bytes. */
static PetscErrorCode plan_chunk(Exchange *x, PetscInt64 low, PetscInt64 high, PetscInt64 *wanted)
{
  PetscInt64 remote = 0;

  PetscFunctionBeginUser;
  *wanted = 0;
  for (int r = 0; r < x->file->size; r++) {
    x->from[r] = box_before(&x->box[r], low);
    x->to[r] = box_before(&x->box[r], high);
    *wanted += x->to[r] - x->from[r];
    if (r != x->file->rank) remote += x->to[r] - x->from[r];
  }
  if (remote > x->staged_size) {
    PetscCall(PetscFree(x->staged));
    PetscCall(PetscMalloc1((size_t)remote, &x->staged));
    x->staged_size = remote;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The messages between this rank's box and the writers' chunks. */
static PetscErrorCode post_box(Exchange *x, PetscInt64 round, PetscBool sending)
{
  const Box *box = &x->box[x->file->rank];

  PetscFunctionBeginUser;
  for (PetscMPIInt w = 0; w < x->writers; w++) {
    const PetscMPIInt r = writer_rank(x, w);
    PetscInt64 low, high, from;
    PetscMPIInt n;

    chunk_range(x, w, round, &low, &high);
    if (r == x->file->rank || low == high) continue;
    from = box_before(box, low);
    n = (PetscMPIInt)(box_before(box, high) - from);
    if (n && sending)
      PetscCallMPI(MPI_Isend(x->data + from, n, MPI_BYTE, r, x->file->tag, x->file->comm, &x->request[x->requests++]));
    else if (n)
      PetscCallMPI(MPI_Irecv(x->data + from, n, MPI_BYTE, r, x->file->tag, x->file->comm, &x->request[x->requests++]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The messages between this writer's chunk and the others' boxes, through `staged`. */
static PetscErrorCode post_chunk(Exchange *x, PetscBool sending)
{
  char *piece = x->staged;

  PetscFunctionBeginUser;
  for (PetscMPIInt r = 0; r < x->file->size; r++) {
    const PetscMPIInt n = (PetscMPIInt)(x->to[r] - x->from[r]);

    if (r == x->file->rank || !n) continue;
    if (sending)
      PetscCallMPI(MPI_Isend(piece, n, MPI_BYTE, r, x->file->tag, x->file->comm, &x->request[x->requests++]));
    else
      PetscCallMPI(MPI_Irecv(piece, n, MPI_BYTE, r, x->file->tag, x->file->comm, &x->request[x->requests++]));
    piece += n;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode finish_messages(Exchange *x)
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Waitall(x->requests, x->request, MPI_STATUSES_IGNORE));
  x->requests = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Between the chunk and the pieces of all boxes. */
static void copy_pieces(Exchange *x, PetscInt64 low, PetscBool into_chunk)
{
  char *piece = x->staged;

  for (int r = 0; r < x->file->size; r++) {
    const PetscBool own = (PetscBool)(r == x->file->rank);

    box_copy(&x->box[r], x->from[r], x->to[r], low, x->chunk, own ? x->data + x->from[r] : piece, into_chunk);
    if (!own) piece += x->to[r] - x->from[r];
  }
}

/* Whether the chunk is wanted by this writer only and all of it: then it lies in its box in one piece. */
static PetscBool chunk_own(const Exchange *x, PetscInt64 low, PetscInt64 high, PetscInt64 wanted)
{
  const int r = x->file->rank;

  return (PetscBool)(wanted == high - low && x->to[r] - x->from[r] == wanted);
}

static PetscErrorCode round_write(Exchange *x, PetscInt64 round)
{
  PetscInt64 low = 0, high = 0, wanted = 0;

  PetscFunctionBeginUser;
  if (x->writer >= 0) chunk_range(x, x->writer, round, &low, &high);
  if (low < high) {
    PetscCall(plan_chunk(x, low, high, &wanted));
    PetscCall(post_chunk(x, PETSC_FALSE));
  }
  PetscCall(post_box(x, round, PETSC_TRUE));
  PetscCall(finish_messages(x));
  if (low == high) PetscFunctionReturn(PETSC_SUCCESS);
  if (wanted != high - low) {
    SinewBlame_Private(x->verdict, "cannot write %s: the ranks' boxes do not cover the array once", x->file->path);
  } else if (chunk_own(x, low, high, wanted)) {
    chunk_file(x, x->data + x->from[x->file->rank], low, high);
  } else {
    copy_pieces(x, low, PETSC_TRUE);
    chunk_file(x, x->chunk, low, high);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode round_read(Exchange *x, PetscInt64 round)
{
  PetscInt64 low = 0, high = 0, wanted = 0;

  PetscFunctionBeginUser;
  PetscCall(post_box(x, round, PETSC_FALSE));
  if (x->writer >= 0) chunk_range(x, x->writer, round, &low, &high);
  if (low < high) PetscCall(plan_chunk(x, low, high, &wanted));
  if (wanted && chunk_own(x, low, high, wanted)) {
    chunk_file(x, x->data + x->from[x->file->rank], low, high);
  } else if (wanted) {
    chunk_file(x, x->chunk, low, high);
    copy_pieces(x, low, PETSC_FALSE);
    PetscCall(post_chunk(x, PETSC_TRUE));
  }
  PetscCall(finish_messages(x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode round_verify(Exchange *x, PetscInt64 round)
{
  PetscInt64 low = 0, high = 0;

  PetscFunctionBeginUser;
  if (x->writer >= 0) chunk_range(x, x->writer, round, &low, &high);
  if (low < high) chunk_file(x, x->chunk, low, high);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- all rounds ---- */
static PetscErrorCode exchange_start(Exchange *x, const SinewArray *array, size_t size)
{
  const size_t ranks = (size_t)x->file->size;

  PetscFunctionBeginUser;
  x->bytes = SinewArrayElements_Private(array->rank, array->shape) * (PetscInt64)size;
  if (x->kind != TRANSFER_VERIFY) PetscCall(gather_boxes(x, array, size));
  find_range(x);
  deal_out(x);
  PetscCall(PetscMalloc3(ranks + WRITERS, &x->request, ranks, &x->from, ranks, &x->to));
  if (x->writer >= 0) {
    int code = SinewFileDescriptor_Private(x->file);

    /* calloc: what a failed read leaves here must not be garbage */
    PetscCall(PetscCalloc1((size_t)PetscMin(x->chunk_size, PetscMax(x->part, 1)), &x->chunk));
    if (code && x->kind == TRANSFER_WRITE)
      SinewBlame_Private(x->verdict, "cannot write %s: %s", x->file->path, strerror(code));
    else if (code)
      SinewBlame_Private(x->verdict, "%s: %s", x->file->path, strerror(code));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode exchange_finish(Exchange *x)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(x->box));
  PetscCall(PetscFree(x->chunk));
  PetscCall(PetscFree(x->staged));
  PetscCall(PetscFree3(x->request, x->from, x->to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFileTransfer_Private(SinewFile file, FileTransfer kind, const SinewArray *array, size_t size,
                                         PetscInt64 offset, void *data, uint32_t *crc, PetscBool *whole,
                                         Verdict *verdict)
{
  Exchange x = {.file = file, .kind = kind, .offset = offset, .data = data, .verdict = verdict};
  PetscInt64 summed;

  PetscFunctionBeginUser;
  PetscCall(exchange_start(&x, array, size));
  for (PetscInt64 round = 0; round * x.chunk_size < x.part; round++) {
    if (kind == TRANSFER_WRITE)
      PetscCall(round_write(&x, round));
    else if (kind == TRANSFER_READ)
      PetscCall(round_read(&x, round));
    else
      PetscCall(round_verify(&x, round));
  }
  PetscCallMPI(MPI_Allreduce(&x.crc, crc, 1, MPI_UINT32_T, MPI_BXOR, file->comm));
  PetscCallMPI(MPI_Allreduce(&x.summed, &summed, 1, MPIU_INT64, MPI_SUM, file->comm));
  *whole = (PetscBool)(summed == x.bytes);
  PetscCall(exchange_finish(&x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

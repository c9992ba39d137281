/*
  Which cells go where: boxes of one layout into padded boxes of another, and back (the adjoint).
  Both ends of a message list its rectangles in the same order: by periodic image, rows first.

  Ranks of one node that send each other halos put them into memory that both see, and the message says where. A rank
  that was told of the next halo knows that its own last one has been read: so two places in turn suffice.
*/
#include "neural/kernels_private.h"
#include "neural/segments_private.h"
#include <string.h>

typedef struct {
  SinewBox from, to; /* relative to the own boxes' first cells; only the own end is used when the other is remote */
} Piece;

typedef struct {
  PetscMPIInt rank;
  PetscInt first, count; /* pieces */
  PetscInt offset;       /* cells before it in the buffer */
  PetscInt cells;
  PetscMPIInt near; /* rank's number on the node, if the halo is read where it was written; else negative */
  size_t where;     /* then: bytes before it in its writer's segment */
} Message;

typedef struct {
  PetscInt messages, pieces, cells;
  Message *message;
  Piece *piece;
  char *buffer;
} Side;

struct _p_Exchange {
  MPI_Comm comm;
  PetscMPIInt tag;
  Side send, receive;
  PetscInt copies;
  Piece *copy;               /* within this rank */
  size_t reserved, provided; /* bytes per cell that there is to be room for, and that there is */
  MPI_Request *request;
  Segments segments;     /* of the ranks of the node: two places each */
  size_t place, turn;    /* bytes of one, and before the one whose turn it is */
  PetscBool in_place;    /* one layout: the boxes themselves are there already */
  PetscBool forth, back; /* whether messages are needed, and for the adjoint */
  PetscMPIInt rank;
};

/* ---- planning ---- */

static SinewBox intersect(SinewBox a, SinewBox b)
{
  const PetscInt y = PetscMax(a.y, b.y), x = PetscMax(a.x, b.x);

  return (SinewBox){y, x, PetscMax(0, PetscMin(a.y + a.ny, b.y + b.ny) - y),
                    PetscMax(0, PetscMin(a.x + a.nx, b.x + b.nx) - x)};
}

static SinewBox padded(SinewBox box, PetscInt halo)
{
  if (!box.ny || !box.nx) return box;
  return (SinewBox){box.y - halo, box.x - halo, box.ny + 2 * halo, box.nx + 2 * halo};
}

static SinewBox relative(SinewBox piece, SinewBox box)
{
  piece.y -= box.y;
  piece.x -= box.x;
  return piece;
}

/* What box `have` gives to the padded box around `want`: up to `most` pieces; returns their number. piece may be NULL.
 */
static PetscInt pieces_between(SinewLayout layout, SinewBox have, SinewBox want, PetscInt halo, PetscBool in_place,
                               Piece piece[])
{
  const SinewBox need = padded(want, halo);
  const PetscInt images_y = layout->periodic ? 1 + halo / layout->ny : 0,
                 images_x = layout->periodic ? 1 + halo / layout->nx : 0;
  PetscInt n = 0;

  for (PetscInt sy = -images_y; sy <= images_y; ++sy)
    for (PetscInt sx = -images_x; sx <= images_x; ++sx) {
      const SinewBox image = {have.y + sy * layout->ny, have.x + sx * layout->nx, have.ny, have.nx};
      const SinewBox common = intersect(image, need);

      if (!common.ny || !common.nx) continue;
      if (in_place && !sy && !sx && have.y == want.y && have.x == want.x) continue;
      if (piece) piece[n] = (Piece){relative(common, image), relative(common, want)};
      ++n;
    }
  return n;
}

static PetscInt cells_of(PetscInt n, const Piece piece[])
{
  PetscInt cells = 0;

  for (PetscInt k = 0; k < n; ++k) cells += piece[k].from.ny * piece[k].from.nx;
  return cells;
}

/* The box pair (have, want) between this rank and rank r, for sending or receiving. */
static PetscInt pieces_with(SinewLayout from, SinewLayout to, PetscInt halo, PetscBool sending, PetscMPIInt r,
                            Piece piece[])
{
  return pieces_between(from, sending ? from->box : from->boxes[r], sending ? to->boxes[r] : to->box, halo, from == to,
                        piece);
}

static PetscErrorCode plan_side(SinewLayout from, SinewLayout to, PetscInt halo, PetscBool sending, Side *side)
{
  PetscMPIInt size, me;

  PetscFunctionBeginUser;
  if (from->shared && to->shared) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_size(from->comm, &size));
  PetscCallMPI(MPI_Comm_rank(from->comm, &me));
  for (PetscMPIInt r = 0; r < size; ++r) {
    const PetscInt n = r == me ? 0 : pieces_with(from, to, halo, sending, r, NULL);

    side->messages += n > 0;
    side->pieces += n;
  }
  PetscCall(PetscCalloc2((size_t)side->messages, &side->message, (size_t)side->pieces, &side->piece));
  side->messages = side->pieces = 0;
  for (PetscMPIInt r = 0; r < size; ++r) {
    const PetscInt n = r == me ? 0 : pieces_with(from, to, halo, sending, r, NULL);
    Piece *piece = n ? side->piece + side->pieces : NULL;

    if (!n) continue;
    (void)pieces_with(from, to, halo, sending, r, piece);
    side->message[side->messages++] =
        (Message){.rank = r, .first = side->pieces, .count = n, .offset = side->cells, .cells = cells_of(n, piece)};
    side->pieces += n;
    side->cells += cells_of(n, piece);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ExchangeCreate(SinewLayout from, SinewLayout to, PetscInt halo, Exchange *exchange)
{
  Exchange e;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&e));
  PetscCall(PetscCommDuplicate(from->comm, &e->comm, &e->tag));
  PetscCallMPI(MPI_Comm_rank(e->comm, &e->rank));
  e->in_place = (PetscBool)(from == to);
  e->forth = (PetscBool)!from->shared;
  e->back = (PetscBool)!to->shared;
  PetscCall(plan_side(from, to, halo, PETSC_TRUE, &e->send));
  PetscCall(plan_side(from, to, halo, PETSC_FALSE, &e->receive));
  e->copies = pieces_between(from, from->box, to->box, halo, e->in_place, NULL);
  PetscCall(PetscMalloc1((size_t)e->copies, &e->copy));
  (void)pieces_between(from, from->box, to->box, halo, e->in_place, e->copy);
  PetscCall(PetscMalloc1((size_t)(e->send.messages + e->receive.messages), &e->request));
  *exchange = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ExchangeReserve(Exchange e, size_t bytes_per_cell)
{
  PetscFunctionBeginUser;
  e->reserved = PetscMax(e->reserved, bytes_per_cell);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- room ---- */

/* Which ranks of a side's messages are on the node, and get messages as well as they send them; without segments none.
 */
static PetscErrorCode find_near(Exchange e, const Side *other, Side *side)
{
  PetscShmComm node;
  PetscInt o = 0;

  PetscFunctionBeginUser;
  for (PetscInt m = 0; m < side->messages; ++m) side->message[m].near = -1;
  if (!e->segments.segment) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscShmCommGet(e->comm, &node));
  for (PetscInt m = 0; m < side->messages; ++m) {
    Message *k = &side->message[m];
    PetscMPIInt near;

    while (o < other->messages && other->message[o].rank < k->rank) ++o;
    if (o == other->messages || other->message[o].rank != k->rank) continue;
    PetscCall(PetscShmCommGlobalToLocal(node, k->rank, &near));
    if (near != MPI_PROC_NULL) k->near = near;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode provide_segments(Exchange e)
{
  MPI_Comm node;

  PetscFunctionBeginUser;
  PetscCall(SegmentsDestroy(&e->segments));
  e->place = (size_t)PetscMax(e->send.cells, e->receive.cells) * e->reserved;
  e->turn = 0;
  PetscCall(SegmentsNode(e->comm, 2 * e->place, &node));
  if (node != MPI_COMM_NULL) PetscCall(SegmentsCreate(node, 2 * e->place, &e->segments));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode provide_buffer(Side *side, size_t bytes_per_cell)
{
  PetscInt cells = 0; /* that are sent */

  PetscFunctionBeginUser;
  for (PetscInt m = 0; m < side->messages; ++m)
    if (side->message[m].near < 0) cells = side->cells;
  PetscCall(PetscFree(side->buffer));
  PetscCall(PetscMalloc1((size_t)cells * bytes_per_cell, &side->buffer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Room for all that has been reserved. */
static PetscErrorCode provide(Exchange e)
{
  PetscFunctionBeginUser;
  if (e->provided >= e->reserved) PetscFunctionReturn(PETSC_SUCCESS);
  e->provided = e->reserved;
  PetscCall(provide_segments(e));
  PetscCall(find_near(e, &e->receive, &e->send));
  PetscCall(find_near(e, &e->send, &e->receive));
  PetscCall(provide_buffer(&e->send, e->provided));
  PetscCall(provide_buffer(&e->receive, e->provided));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ExchangeDestroy(Exchange *exchange)
{
  Exchange e = *exchange;

  PetscFunctionBeginUser;
  *exchange = NULL;
  if (!e) PetscFunctionReturn(PETSC_SUCCESS);
  for (int s = 0; s < 2; ++s) {
    Side *side = s ? &e->send : &e->receive;

    PetscCall(PetscFree2(side->message, side->piece));
    PetscCall(PetscFree(side->buffer));
  }
  PetscCall(PetscFree(e->copy));
  PetscCall(PetscFree(e->request));
  PetscCall(SegmentsDestroy(&e->segments));
  PetscCall(PetscCommDestroy(&e->comm));
  PetscCall(PetscFree(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void ExchangeSides(Exchange e, SinewBox box, PetscInt halo, PetscBool side[4])
{
  for (int k = 0; k < 4; ++k) side[k] = PETSC_FALSE;
  for (PetscInt k = 0; k < e->send.pieces && e->forth; ++k) {
    const SinewBox r = e->send.piece[k].from;

    if (r.y + r.ny <= halo)
      side[0] = PETSC_TRUE;
    else if (r.y >= box.ny - halo)
      side[1] = PETSC_TRUE;
    else if (r.x + r.nx <= halo)
      side[2] = PETSC_TRUE;
    else if (r.x >= box.nx - halo)
      side[3] = PETSC_TRUE;
    else
      side[0] = side[1] = side[2] = side[3] = PETSC_TRUE;
  }
}

/* ---- moving ---- */

/* n values to, or added to, others. */
static void move_values(SinewDtype dtype, PetscBool add, size_t n, const void *from, void *to)
{
  if (add)
    (*KernelsOf(dtype)->sum)(n, from, to, to);
  else
    memcpy(to, from, n * SinewDtypeSize(dtype));
}

/* Tensor to buffer; returns the end of what was written. */
static char *pack(SinewTensor t, SinewBox r, char *buffer)
{
  const size_t bytes = (size_t)(r.nx * t->channels) * SinewDtypeSize(t->dtype);

  for (PetscInt b = 0; b < t->batch; ++b)
    for (PetscInt y = 0; y < r.ny; ++y, buffer += bytes) memcpy(buffer, TensorCell(t, b, r.y + y, r.x), bytes);
  return buffer;
}

static char *unpack(SinewTensor t, SinewBox r, PetscBool add, char *buffer)
{
  const size_t n = (size_t)(r.nx * t->channels), bytes = n * SinewDtypeSize(t->dtype);

  for (PetscInt b = 0; b < t->batch; ++b)
    for (PetscInt y = 0; y < r.ny; ++y, buffer += bytes)
      move_values(t->dtype, add, n, buffer, TensorCell(t, b, r.y + y, r.x));
  return buffer;
}

static void copy_within(SinewTensor from, SinewBox a, SinewTensor to, SinewBox c, PetscBool add)
{
  const size_t n = (size_t)(a.nx * from->channels);

  for (PetscInt b = 0; b < from->batch; ++b)
    for (PetscInt y = 0; y < a.ny; ++y)
      move_values(from->dtype, add, n, TensorCell(from, b, a.y + y, a.x), TensorCell(to, b, c.y + y, c.x));
}

/* Where a message's cells are, on their way out. */
static char *outgoing(Exchange e, const Side *side, const Message *k, size_t bytes)
{
  const size_t offset = (size_t)k->offset * bytes;

  return k->near < 0 ? side->buffer + offset : e->segments.segment[e->segments.rank] + e->turn + offset;
}

static char *incoming(Exchange e, const Side *side, const Message *k, size_t bytes)
{
  return k->near < 0 ? side->buffer + (size_t)k->offset * bytes : e->segments.segment[k->near] + k->where;
}

/* What is sent: a message's cells, or where they are. */
static PetscErrorCode contents(const Message *k, size_t bytes, PetscMPIInt *count)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMPIIntCast(k->near < 0 ? k->cells * (PetscInt)bytes : (PetscInt)sizeof(k->where), count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode post_receive(Exchange e, const Side *in, Message *k, size_t bytes, MPI_Request *request)
{
  void *to = k->near < 0 ? incoming(e, in, k, bytes) : (char *)&k->where;
  PetscMPIInt count;

  PetscFunctionBeginUser;
  PetscCall(contents(k, bytes, &count));
  PetscCallMPI(MPI_Irecv(to, count, MPI_BYTE, k->rank, e->tag, e->comm, request));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode post_send(Exchange e, const Side *out, Message *k, size_t bytes, MPI_Request *request)
{
  const void *from = k->near < 0 ? outgoing(e, out, k, bytes) : (char *)&k->where;
  PetscMPIInt count;

  PetscFunctionBeginUser;
  PetscCall(contents(k, bytes, &count));
  k->where = e->turn + (size_t)k->offset * bytes;
  PetscCallMPI(MPI_Isend(from, count, MPI_BYTE, k->rank, e->tag, e->comm, request));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode post(Exchange e, Side *out, Side *in, size_t bytes, SinewTensor source, PetscBool adjoint)
{
  MPI_Request *request = e->request;

  PetscFunctionBeginUser;
  PetscCheck(bytes <= e->reserved, PETSC_COMM_SELF, PETSC_ERR_PLIB, "exchange buffer too small");
  PetscCall(provide(e));
  for (PetscInt m = 0; m < in->messages; ++m) PetscCall(post_receive(e, in, &in->message[m], bytes, request++));
  for (PetscInt m = 0; m < out->messages; ++m) {
    Message *k = &out->message[m];
    char *buffer = outgoing(e, out, k, bytes);

    for (PetscInt p = k->first; p < k->first + k->count; ++p)
      buffer = pack(source, adjoint ? out->piece[p].to : out->piece[p].from, buffer);
  }
  if (e->segments.segment) PetscCall(SegmentsSync(&e->segments));
  for (PetscInt m = 0; m < out->messages; ++m) PetscCall(post_send(e, out, &out->message[m], bytes, request++));
  e->turn = e->place - e->turn;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode wait(Exchange e)
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Waitall((PetscMPIInt)(e->send.messages + e->receive.messages), e->request, MPI_STATUSES_IGNORE));
  if (e->segments.segment) PetscCall(SegmentsSync(&e->segments));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static size_t bytes_per_cell(SinewTensor t)
{
  return (size_t)(t->batch * t->channels) * SinewDtypeSize(t->dtype);
}

/* What a message brought into a tensor; adjoint: added to it. */
static void take_message(Exchange e, const Side *in, PetscInt m, SinewTensor to, PetscBool adjoint)
{
  const Message *k = &in->message[m];
  char *buffer = incoming(e, in, k, bytes_per_cell(to));

  for (PetscInt p = k->first; p < k->first + k->count; ++p)
    buffer = unpack(to, adjoint ? in->piece[p].from : in->piece[p].to, adjoint, buffer);
}

PetscErrorCode ExchangeBegin(Exchange e, SinewTensor from, SinewTensor to)
{
  PetscFunctionBeginUser;
  (void)to;
  if (e->forth) PetscCall(post(e, &e->send, &e->receive, bytes_per_cell(from), from, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ExchangeEnd(Exchange e, SinewTensor from, SinewTensor to)
{
  PetscFunctionBeginUser;
  for (PetscInt c = 0; c < e->copies; ++c) copy_within(from, e->copy[c].from, to, e->copy[c].to, PETSC_FALSE);
  if (!e->forth) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(wait(e));
  for (PetscInt m = 0; m < e->receive.messages; ++m) take_message(e, &e->receive, m, to, PETSC_FALSE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_copies(Exchange e, SinewTensor from, SinewTensor to)
{
  for (PetscInt c = 0; c < e->copies; ++c) copy_within(from, e->copy[c].to, to, e->copy[c].from, PETSC_TRUE);
}

PetscErrorCode ExchangeAdjoint(Exchange e, SinewTensor from, SinewTensor to)
{
  PetscInt m = 0;

  PetscFunctionBeginUser;
  if (e->back) PetscCall(post(e, &e->receive, &e->send, bytes_per_cell(from), to, PETSC_TRUE));
  if (e->forth) add_copies(e, to, from); /* while messages travel */
  if (e->back) PetscCall(wait(e));
  for (; e->back && m < e->send.messages && (e->forth || e->send.message[m].rank < e->rank); ++m)
    take_message(e, &e->send, m, from, PETSC_TRUE);
  if (!e->forth) add_copies(e, to, from); /* to what is shared all add in the order of ranks */
  for (; e->back && m < e->send.messages; ++m)
    take_message(e, &e->send, m, from, PETSC_TRUE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

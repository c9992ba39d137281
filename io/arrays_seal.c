/*
  The seal of a file: behind HDF5's last byte, where HDF5 does not look, a list of where the arrays lie and the CRC-32C
  of everything else (superblock, headers, names, attributes, heaps). It is checked before HDF5 parses a byte, because
  HDF5 covers by checksums of its own neither global heaps (long strings) nor padding, and may crash on what is damaged.
  Arrays have their own checksums, so that together every byte of a file is covered.

    magic, number of arrays, (offset, bytes) of each, file's length without the seal, checksum of the structure,
    checksum of the seal so far, length of the seal, magic

  Whoever opens the file for writing with HDF5 cuts it off in doing so (HDF5 truncates to what it allocated): such a
  file, like one that other programs made, has no seal, and is read unchecked. Numbers are little-endian.
*/
#include "io/arrays_private.h"
#include "io/crc32c.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char front[8] = {'S', 'i', 'n', 'e', 'w', 'S', 'e', 'a'},
                  back[8] = {'l', 'e', 'd', ' ', 'f', 'i', 'l', 'e'};

#define SEAL_HEAD (sizeof(front) + 8)            /* before the list */
#define SEAL_TAIL (8 + 4 + 4 + 8 + sizeof(back)) /* after it */
#define SEAL_MAX  ((PetscInt64)1 << 30)          /* a longer one is damaged */

static unsigned char *put(unsigned char *to, uint64_t value, int bytes)
{
  for (int i = 0; i < bytes; i++) to[i] = (unsigned char)(value >> (8 * i));
  return to + bytes;
}

static uint64_t get(const unsigned char *from, int bytes)
{
  uint64_t value = 0;

  for (int i = 0; i < bytes; i++) value |= (uint64_t)from[i] << (8 * i);
  return value;
}

/* ---- writing ---- */

int SinewSealWrite_Private(SinewFile file, PetscInt64 length, uint32_t crc)
{
  const size_t size = SEAL_HEAD + 16 * file->regions + SEAL_TAIL;
  unsigned char *seal = malloc(size), *at = seal;
  int code;

  if (!seal) return ENOMEM;
  memcpy(at, front, sizeof(front));
  at = put(at + sizeof(front), file->regions, 8);
  for (size_t i = 0; i < file->regions; i++) {
    at = put(at, (uint64_t)file->region[i].offset, 8);
    at = put(at, (uint64_t)file->region[i].bytes, 8);
  }
  at = put(at, (uint64_t)length, 8);
  at = put(at, crc, 4);
  at = put(at, SinewCrc32c(0, seal, (size_t)(at - seal)), 4);
  at = put(at, size, 8);
  memcpy(at, back, sizeof(back));
  code = SinewWriteBytes_Private(file->fd, seal, size, length);
  free(seal);
  return code;
}

/* ---- checking ---- */

/* The checksum of the bytes from begin to end goes on in *crc: 0, an errno, or -1. */
static int sum_bytes(int fd, PetscInt64 begin, PetscInt64 end, uint32_t *crc)
{
  char block[65536];

  while (begin < end) {
    const PetscInt64 left = end - begin;
    const size_t n = left < (PetscInt64)sizeof(block) ? (size_t)left : sizeof(block);
    const int code = SinewReadBytes_Private(fd, block, n, begin);

    if (code) return code;
    *crc = SinewCrc32c(*crc, block, n);
    begin += (PetscInt64)n;
  }
  return 0;
}

/* Whether the structure is what it was when it was sealed. */
static PetscBool structure_holds(SinewFile file, const unsigned char *seal, uint64_t arrays, PetscInt64 length)
{
  const unsigned char *tail = seal + SEAL_HEAD + 16 * arrays;
  PetscInt64 done = 0;
  uint32_t crc = 0;

  if ((PetscInt64)get(tail, 8) != length) return PETSC_FALSE;
  for (uint64_t i = 0; i <= arrays; i++) {
    const unsigned char *region = seal + SEAL_HEAD + 16 * i;
    const PetscInt64 offset = i < arrays ? (PetscInt64)get(region, 8) : length;
    const PetscInt64 bytes = i < arrays ? (PetscInt64)get(region + 8, 8) : 0;

    if (offset < done || offset > length || bytes < 0 || bytes > length - offset) return PETSC_FALSE;
    if (sum_bytes(file->fd, done, offset, &crc)) return PETSC_FALSE;
    done = offset + bytes;
  }
  return (PetscBool)(crc == (uint32_t)get(tail + 8, 4));
}

static PetscBool seal_holds(SinewFile file, const unsigned char *seal, PetscInt64 size, PetscInt64 length)
{
  const uint64_t arrays = get(seal + sizeof(front), 8);
  const size_t summed = (size_t)size - SEAL_TAIL + 12;

  if (memcmp(seal, front, sizeof(front)) || arrays != ((uint64_t)size - SEAL_HEAD - SEAL_TAIL) / 16) return PETSC_FALSE;
  if (SinewCrc32c(0, seal, summed) != (uint32_t)get(seal + summed, 4)) return PETSC_FALSE;
  return structure_holds(file, seal, arrays, length);
}

void SinewSealCheck_Private(SinewFile file, PetscBool *sealed, Verdict *verdict)
{
  unsigned char end[8 + sizeof(back)], *seal;
  PetscInt64 size;
  struct stat status;

  *sealed = PETSC_FALSE;
  if (fstat(file->fd, &status) || status.st_size < (PetscInt64)(SEAL_HEAD + SEAL_TAIL)) return;
  if (SinewReadBytes_Private(file->fd, end, sizeof(end), status.st_size - (PetscInt64)sizeof(end))) return;
  if (memcmp(end + 8, back, sizeof(back))) return;
  *sealed = PETSC_TRUE;
  size = (PetscInt64)get(end, 8);
  seal = size >= (PetscInt64)(SEAL_HEAD + SEAL_TAIL) && size <= PetscMin(SEAL_MAX, status.st_size) && size % 16 == 0
             ? malloc((size_t)size)
             : NULL;
  if (!seal || SinewReadBytes_Private(file->fd, seal, (size_t)size, status.st_size - size) ||
      !seal_holds(file, seal, size, status.st_size - size))
    SinewBlame_Private(verdict, "%s: damaged: attributes or structure do not match their checksum", file->path);
  free(seal);
}

/* Whether n bytes at that place are those of a mark, most of them: a mark may be damaged too. */
static PetscBool resembles(int fd, PetscInt64 offset, const char mark[], PetscInt64 n)
{
  char bytes[sizeof(front)];
  PetscInt64 equal = 0;

  if (n <= 0 || SinewReadBytes_Private(fd, bytes, (size_t)n, offset)) return PETSC_FALSE;
  for (PetscInt64 i = 0; i < n; i++) equal += bytes[i] == mark[i];
  return (PetscBool)(2 * equal > n);
}

void SinewSealMissing_Private(SinewFile file, Verdict *verdict)
{
  struct stat status;
  PetscInt64 more;
  haddr_t end = 0;

  if (H5Fget_eoa(file->h5, &end) < 0 || fstat(file->fd, &status)) return;
  more = PetscMin(status.st_size - (PetscInt64)end, (PetscInt64)sizeof(front));
  if (resembles(file->fd, (PetscInt64)end, front, more) ||
      (more == (PetscInt64)sizeof(back) && resembles(file->fd, status.st_size - more, back, more)))
    SinewBlame_Private(verdict, "%s: truncated or damaged", file->path);
}

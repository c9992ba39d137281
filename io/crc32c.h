#ifndef SINEW_IO_CRC32C_H
#define SINEW_IO_CRC32C_H
/*
  CRC-32C (Castagnoli: the checksum of iSCSI, ext4 and Btrfs), of streams and of streams in pieces.

  A CRC is linear, so the CRC of a concatenation follows from those of its pieces:

    crc(A B) = SinewCrc32cShift(crc(A), bytes of B) ^ crc(B)

  Hence ranks that hold pieces of one stream shift each by the number of bytes behind it, and the
  exclusive or of all of them is the CRC of the whole, whoever held which piece. The shift is a
  product in GF(2)[x] modulo the polynomial and costs a few hundred operations whatever the
  distance.

  Source: Mark Adler's crc32_combine in zlib 1.2.12 (for another polynomial).
*/
#include <stddef.h>
#include <stdint.h>

/* SinewCrc32c - continues the CRC `crc` (0 for an empty stream) with n bytes. Not collective. */
uint32_t SinewCrc32c(uint32_t crc, const void *bytes, size_t n);

/* SinewCrc32cShift - what a piece with the CRC `crc` adds to a stream in which `n` bytes follow. */
uint32_t SinewCrc32cShift(uint32_t crc, uint64_t n);

#endif

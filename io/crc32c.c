#include "io/crc32c.h"
#include <string.h>
#if defined(__x86_64__) && defined(__GNUC__)
#  include <nmmintrin.h>
#  define HAVE_INSTRUCTION 1
#endif

#define POLYNOMIAL 0x82f63b78u /* bits reflected: bit 31 is x^0 */

/* ---- by table, eight bytes at a time ("slicing by eight") ---- */
static uint32_t table[8][256];

static void make_table(void)
{
  for (uint32_t n = 0; n < 256; n++) {
    uint32_t c = n;

    for (int bit = 0; bit < 8; bit++) c = (c >> 1) ^ (c & 1 ? POLYNOMIAL : 0);
    table[0][n] = c;
  }
  for (int k = 1; k < 8; k++)
    for (int n = 0; n < 256; n++) table[k][n] = (table[k - 1][n] >> 8) ^ table[0][table[k - 1][n] & 255];
}

static uint32_t by_table(uint32_t c, const unsigned char *p, size_t n)
{
  if (!table[0][1]) make_table();
  for (; n >= 8; n -= 8, p += 8) {
    c ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    c = table[7][c & 255] ^ table[6][c >> 8 & 255] ^ table[5][c >> 16 & 255] ^ table[4][c >> 24] ^ table[3][p[4]] ^
        table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
  }
  for (; n; n--) c = (c >> 8) ^ table[0][(c ^ *p++) & 255];
  return c;
}

/* ---- by the instruction of SSE 4.2, chosen when running: portable builds have it too ---- */
#ifdef HAVE_INSTRUCTION
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const unsigned char *p, size_t n)
{
  uint64_t c = crc, word;

  for (; n >= 8; n -= 8, p += 8) {
    memcpy(&word, p, 8);
    c = _mm_crc32_u64(c, word);
  }
  for (; n; n--) c = _mm_crc32_u8((uint32_t)c, *p++);
  return (uint32_t)c;
}
#endif

uint32_t SinewCrc32c(uint32_t crc, const void *bytes, size_t n)
{
#ifdef HAVE_INSTRUCTION
  if (__builtin_cpu_supports("sse4.2")) return ~by_instruction(~crc, bytes, n);
#endif
  return ~by_table(~crc, bytes, n);
}

/* ---- pieces ---- */
/* a times b modulo the polynomial, bits reflected. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
  uint32_t product = 0;

  for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
    if (a & bit) product ^= b;
    b = (b >> 1) ^ (b & 1 ? POLYNOMIAL : 0);
  }
  return product;
}

uint32_t SinewCrc32cShift(uint32_t crc, uint64_t n)
{
  uint32_t power = 1u << 23; /* x^8: one byte */

  for (; n; n >>= 1) {
    if (n & 1) crc = multiply(power, crc);
    power = multiply(power, power);
  }
  return crc;
}

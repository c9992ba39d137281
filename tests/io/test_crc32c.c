/* CRC-32C: published values, pieces, and the plain definition. */
#include "io/crc32c.h"
#include "tests/harness.h"

static uint32_t by_definition(const unsigned char *p, size_t n)
{
  uint32_t c = ~0u;

  for (; n; n--) {
    c ^= *p++;
    for (int bit = 0; bit < 8; bit++) c = (c >> 1) ^ (c & 1 ? 0x82f63b78u : 0);
  }
  return ~c;
}

static void published_values(void **state)
{
  unsigned char bytes[32] = {0};

  (void)state;
  assert_int_equal(SinewCrc32c(0, "123456789", 9), 0xe3069283u);
  assert_int_equal(SinewCrc32c(0, bytes, 32), 0x8a9136aau); /* RFC 3720, B.4 */
  memset(bytes, 255, 32);
  assert_int_equal(SinewCrc32c(0, bytes, 32), 0x62a8ab43u);
  assert_int_equal(SinewCrc32c(0, NULL, 0), 0);
}

static void pieces(void **state)
{
  unsigned char bytes[1000];

  (void)state;
  for (size_t i = 0; i < sizeof(bytes); i++) bytes[i] = (unsigned char)(i * i + 7 * i / 3);
  for (size_t n = 0; n < 40; n++)
    for (size_t at = 0; at < 9; at++) assert_int_equal(SinewCrc32c(0, bytes + at, n), by_definition(bytes + at, n));
  for (size_t cut = 0; cut <= sizeof(bytes); cut += 37) {
    const uint32_t all = by_definition(bytes, sizeof(bytes)), first = SinewCrc32c(0, bytes, cut);

    assert_int_equal(SinewCrc32c(first, bytes + cut, sizeof(bytes) - cut), all);
    assert_int_equal(SinewCrc32cShift(first, sizeof(bytes) - cut) ^ SinewCrc32c(0, bytes + cut, sizeof(bytes) - cut),
                     all);
  }
}

static void shifts_add_up_beyond_four_gigabytes(void **state)
{
  const uint64_t far = 0x123456789aull;

  (void)state;
  assert_int_equal(SinewCrc32cShift(SinewCrc32cShift(0xdeadbeefu, far), 5), SinewCrc32cShift(0xdeadbeefu, far + 5));
  assert_int_equal(SinewCrc32cShift(0xdeadbeefu, 0), 0xdeadbeefu);
}

SINEW_TEST_MAIN(cmocka_unit_test(published_values), cmocka_unit_test(pieces),
                cmocka_unit_test(shifts_add_up_beyond_four_gigabytes))

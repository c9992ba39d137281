/* make_offset FILE ARRAY: prints where the array's bytes begin. */
#include <hdf5.h>
#include <stdio.h>

int main(int argc, char **argv)
{
  const hid_t file = argc == 3 ? H5Fopen(argv[1], H5F_ACC_RDONLY, H5P_DEFAULT) : -1;
  const hid_t array = file < 0 ? file : H5Dopen2(file, argv[2], H5P_DEFAULT);

  if (array < 0) return 1;
  return printf("%llu\n", (unsigned long long)H5Dget_offset(array)) < 0;
}

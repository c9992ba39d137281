#ifndef SINEW_IO_SAFETENSORS_H
#define SINEW_IO_SAFETENSORS_H
/*
  Weights as safetensors files, the format in which models are passed around: 8 bytes with the length
  of a header (little-endian), the header (JSON: for each tensor its dtype, shape and the bytes it
  takes; and texts under __metadata__), the tensors' bytes one after the other.

  Reading. SinewFileOpen knows such a file by its name's ending or its first bytes and shows it in
  the layout of Sinew's own files of networks, so that whatever reads weights reads both:

    tensor NAME                        /weights/NAME (a Lightning checkpoint's "model." before all names is dropped)
    normalizer.mean, normalizer.sd     /mean, /sd, one number a channel
    __metadata__ KEY: TEXT             attribute KEY of /config; a text of numbers is those numbers

  F64, F32, F16, BF16, BOOL and integers are read, converted to what the reader asks for. There are no
  checksums in this format. A file is refused, with one line, whose header does not fit into it or
  is no JSON, whose tensors overlap, leave bytes out, pass its end or do not fill their shape, or
  that names one twice.

  Source: github.com/huggingface/safetensors, the section "Format" of its README.
*/
#include "arrays.h"

/* Whether a name ends in ".safetensors". */
PETSC_EXTERN PetscBool SinewSafetensorsName(const char path[]);

/*
  SinewSafetensorsWrite - writes /weights, /mean, /sd and the attributes of /config of a file that is
  open for reading, the reverse of the above. Arrays pass through memory one at a time. Collective;
  rank 0 writes, to a temporary name that is renamed when the file is whole. SINEW_ERR_OUTPUT when
  it cannot.
*/
PETSC_EXTERN PetscErrorCode SinewSafetensorsWrite(SinewFile from, const char path[]);

#endif

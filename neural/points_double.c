/* Networks on points in double precision. */
#include "neural/dense_private.h"

#define REAL     double
#define FN(name) name##_double
#define MULTIPLY(ta, tb, m, n, k, A, lda, B, ldb, beta, C, ldc) \
  SinewGemm(ta, tb, m, n, k, 1, A, lda, B, ldb, beta, C, ldc)

#include "neural/points_template_private.h"

#include "neural/message_template_private.h"

#include "neural/itpnet_template_private.h"

const MessageMethods MessageMethodsDouble = {message_forward_double, message_backward_double};
const ItpnetMethods ItpnetMethodsDouble = {interpolate_double, interpolate_adjoint_double, cut_double,
                                           cut_adjoint_double};

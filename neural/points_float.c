/* Networks on points in single precision: products by oneDNN, whose sgemm is row-major (hence the exchanged arguments).
 */
#include <dnnl.h>

#define REAL     float
#define FN(name) name##_float
#define MULTIPLY(ta, tb, m, n, k, A, lda, B, ldb, beta, C, ldc) \
  (void)dnnl_sgemm(tb, ta, n, m, k, 1, B, ldb, A, lda, beta, C, ldc)

#include "neural/points_template_private.h"

#include "neural/message_template_private.h"

#include "neural/itpnet_template_private.h"

const MessageMethods MessageMethodsFloat = {message_forward_float, message_backward_float};
const ItpnetMethods ItpnetMethodsFloat = {interpolate_float, interpolate_adjoint_float, cut_float, cut_adjoint_float};

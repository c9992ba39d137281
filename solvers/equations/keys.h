#ifndef SINEW_SOLVERS_EQUATIONS_KEYS_H
#define SINEW_SOLVERS_EQUATIONS_KEYS_H
/* Short forms of the keys that most equations and initial conditions are made of; private to them. A change of any of
   them makes another problem: frozen. */
#include "solvers/equation.h"

#define KEY_REAL(Struct, member, value, text)                                                                    \
  {                                                                                                              \
    .name = #member, .type = SINEW_KEY_REAL, .offset = offsetof(Struct, member), .standard = value, .doc = text, \
    .change = SINEW_CHANGE_FROZEN                                                                                \
  }
/* At least 0. */
#define KEY_SIZE(Struct, member, value, text)                                                                    \
  {                                                                                                              \
    .name = #member, .type = SINEW_KEY_REAL, .offset = offsetof(Struct, member), .standard = value, .max = 1e30, \
    .doc = text, .change = SINEW_CHANGE_FROZEN                                                                   \
  }
/* More than 0. */
#define KEY_POSITIVE(Struct, member, value, text)                                                                \
  {                                                                                                              \
    .name = #member, .type = SINEW_KEY_REAL, .offset = offsetof(Struct, member), .standard = value, .max = 1e30, \
    .above_min = PETSC_TRUE, .doc = text, .change = SINEW_CHANGE_FROZEN                                          \
  }
#define KEY_REALS(Struct, member, value, text)                                                                  \
  {                                                                                                             \
    .name = #member, .type = SINEW_KEY_REALS, .offset = offsetof(Struct, member), .standard = value, .most = 3, \
    .least = 1, .doc = text, .change = SINEW_CHANGE_FROZEN                                                      \
  }
#define KEY_INT(Struct, member, value, low, high, text)                                                        \
  {                                                                                                            \
    .name = #member, .type = SINEW_KEY_INT, .offset = offsetof(Struct, member), .standard = value, .min = low, \
    .max = high, .doc = text, .change = SINEW_CHANGE_FROZEN                                                    \
  }
#define KEY_CHOICE(Struct, member, value, names, text)                                                \
  {                                                                                                   \
    .name = #member, .type = SINEW_KEY_CHOICE, .offset = offsetof(Struct, member), .standard = value, \
    .choices = names, .doc = text, .change = SINEW_CHANGE_FROZEN                                      \
  }
#define KEY_EXPRESSION(Struct, member, value, text)                                                                    \
  {                                                                                                                    \
    .name = #member, .type = SINEW_KEY_EXPRESSION, .offset = offsetof(Struct, member), .standard = value, .doc = text, \
    .change = SINEW_CHANGE_FROZEN                                                                                      \
  }
#define KEY_EXPRESSIONS(Struct, member, value, count, text)                                                            \
  {                                                                                                                    \
    .name = #member, .type = SINEW_KEY_EXPRESSIONS, .offset = offsetof(Struct, member), .standard = value, .least = 1, \
    .most = count, .doc = text, .change = SINEW_CHANGE_FROZEN                                                          \
  }
#define KEY_END  \
  {              \
    .name = NULL \
  }

#endif

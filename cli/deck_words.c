#include "cli/deck_words.h"

#include <stdlib.h>
#include <string.h>

/* Seconds from 90, 1:30, 1:30:00 or 1-12:00:00; negative when it is none of these. */
static PetscReal read_duration(const char *text)
{
  const char *dash = strchr(text, '-');
  PetscReal total = 0, days = 0;
  int parts = 0;
  char *end;

  if (dash) {
    days = strtod(text, &end);
    if (end != dash) return -1;
    text = dash + 1;
  }
  for (const char *at = text;; at = end + 1) {
    const PetscReal value = strtod(at, &end);

    if (end == at || value < 0 || ++parts > 3) return -1;
    total = 60 * total + value;
    if (*end == 0) break;
    if (*end != ':') return -1;
  }
  return total + 86400 * days;
}

/* The value of an option that needs one. */
static PetscErrorCode value_of(int argc, char **argv, int *k, const char **value)
{
  PetscFunctionBeginUser;
  if (*k + 1 >= argc) SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "sinew %s: %s needs a value", argv[0], argv[*k]);
  *value = argv[++*k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_option(int argc, char **argv, int *k, PetscBool running, DeckWords *w)
{
  const char *name = argv[*k], *value;

  PetscFunctionBeginUser;
  if (running && !strcmp(name, "--restart"))
    PetscCall(value_of(argc, argv, k, &w->options.restart));
  else if (running && !strcmp(name, "--quiet"))
    w->options.quiet = PETSC_TRUE;
  else if (running && !strcmp(name, "--wall-time")) {
    PetscCall(value_of(argc, argv, k, &value));
    w->options.wall_time = read_duration(value);
    if (!(w->options.wall_time > 0))
      SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT,
              "sinew run: --wall-time: expected seconds, M:SS, H:MM:SS or D-H:MM:SS, found \"%s\"", value);
  } else if (running && !strcmp(name, "--allow-change")) {
    PetscCall(value_of(argc, argv, k, &value));
    w->allowed[w->options.allowed_count++] = value;
  } else
    SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "sinew %s: no option %s", argv[0], name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode stem(const char file[], size_t size, char name[])
{
  const char *slash = strrchr(file, '/');
  char *dot;

  PetscFunctionBeginUser;
  PetscCall(PetscStrncpy(name, slash ? slash + 1 : file, size));
  dot = strrchr(name, '.');
  if (dot && dot > name) *dot = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ReadDeckWords(int argc, char **argv, PetscBool running, DeckWords *w)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(w, sizeof(*w)));
  if (argc > WORDS_MAX) SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "sinew %s: more than %d words", argv[0], WORDS_MAX);
  PetscCall(PetscStrncpy(w->command_line, "sinew", sizeof(w->command_line)));
  for (int k = 0; k < argc; k++) {
    PetscCall(PetscStrlcat(w->command_line, " ", sizeof(w->command_line)));
    PetscCall(PetscStrlcat(w->command_line, argv[k], sizeof(w->command_line)));
  }
  for (int k = 1; k < argc; k++) {
    if (!strncmp(argv[k], "--", 2))
      PetscCall(read_option(argc, argv, &k, running, w));
    else if (!w->file)
      w->file = argv[k];
    else
      w->overrides[w->count++] = argv[k];
  }
  if (!w->file) SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "sinew %s: which deck?", argv[0]);
  PetscCall(stem(w->file, sizeof(w->name), w->name));
  w->options.name = w->name;
  w->options.allowed = w->allowed;
  w->options.command_line = w->command_line;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  sinew plot - pictures of the fields in Sinew's files.

  Curves and planes come from io/section.h and are painted by io/image.h; here are the words of the
  command line, the choice between one picture of all files (curves) and one picture a file (planes),
  and the texts on them.
*/
#include "cli/command.h"
#include "io/image.h"
#include "io/section.h"
#include <math.h>
#include <stdlib.h>

static const char usage[] = "usage: sinew plot FILE.h5... [-o out.png] [--field NAME] [--component x|y|z|magnitude] "
                            "[--slice z=0.5] [--line y=0.5] [--range 0,1] [--colormap NAME] [--lines] [--title TEXT]";

typedef struct {
  int files;
  char **file; /* points into argv */
  const char *out;
  SinewSectionRequest section;
  SinewImageStyle style;
} Words;

/* ---- words ---- */

static PetscErrorCode wrong(const char what[], const char word[], const char expected[])
{
  PetscFunctionBeginUser;
  SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "plot: %s '%s': expected %s", what, word, expected);
}

static PetscErrorCode parse_component(const char text[], int *component)
{
  static const char *const name[] = {"magnitude", "x", "y", "z"};

  PetscFunctionBeginUser;
  for (int n = 0; n < 4; n++)
    if (!strcmp(text, name[n])) {
      *component = n - 1;
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  PetscCall(wrong("--component", text, "x, y, z or magnitude"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "z=0.5" */
static PetscErrorCode parse_cut(const char option[], const char text[], SinewSectionRequest *section)
{
  static const char axes[] = "xyz";
  const char *axis = text[0] ? strchr(axes, text[0]) : NULL;
  char *end = NULL;
  double at = 0;

  PetscFunctionBeginUser;
  if (axis && text[1] == '=') at = strtod(text + 2, &end);
  if (!end || end == text + 2 || *end || !isfinite(at))
    PetscCall(wrong(option, text, "an axis and a coordinate, like z=0.5"));
  section->cut[axis - axes] = PETSC_TRUE;
  section->at[axis - axes] = at;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode parse_range(const char text[], SinewImageStyle *style)
{
  char *comma, *end = NULL;

  PetscFunctionBeginUser;
  style->min = strtod(text, &comma);
  if (comma > text && *comma == ',') style->max = strtod(comma + 1, &end);
  if (!end || end == comma + 1 || *end || !(style->min < style->max) || !isfinite(style->min) || !isfinite(style->max))
    PetscCall(wrong("--range", text, "two numbers, the smaller one first, like 0,1"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode parse_colormap(const char text[], SinewImageStyle *style)
{
  char known[128] = "";
  size_t used = 0;

  PetscFunctionBeginUser;
  style->colormap = text;
  for (int n = 0; SinewColormaps[n]; n++) {
    if (!strcmp(text, SinewColormaps[n])) PetscFunctionReturn(PETSC_SUCCESS);
    used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", n ? ", " : "", SinewColormaps[n]);
    used = PetscMin(used, sizeof(known) - 1);
  }
  PetscCall(wrong("--colormap", text, known));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_option(Words *w, const char option[], const char text[])
{
  PetscFunctionBeginUser;
  if (!strcmp(option, "-o") || !strcmp(option, "--output"))
    w->out = text;
  else if (!strcmp(option, "--field"))
    w->section.field = text;
  else if (!strcmp(option, "--title"))
    w->style.title = text;
  else if (!strcmp(option, "--component"))
    PetscCall(parse_component(text, &w->section.component));
  else if (!strcmp(option, "--slice"))
    PetscCall(parse_cut(option, text, &w->section));
  else if (!strcmp(option, "--line")) {
    PetscCall(parse_cut(option, text, &w->section));
    w->section.curve = PETSC_TRUE;
  } else if (!strcmp(option, "--range"))
    PetscCall(parse_range(text, &w->style));
  else if (!strcmp(option, "--colormap"))
    PetscCall(parse_colormap(text, &w->style));
  else
    SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "plot: unknown option %s; %s", option, usage);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One word that starts with '-': "--lines", "--field rho" or "--field=rho". Moves *n to its last word. */
static PetscErrorCode parse_option(int argc, char **argv, int *n, Words *w)
{
  const char *word = argv[*n], *equals = strchr(word, '=');
  char option[32];

  PetscFunctionBeginUser;
  if (!strcmp(word, "--lines")) {
    w->style.lines = PETSC_TRUE;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  snprintf(option, sizeof(option), "%.*s", equals ? (int)(equals - word) : (int)strlen(word), word);
  if (!equals && *n + 1 >= argc)
    SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "plot: unknown option or no value: %s; %s", option, usage);
  PetscCall(set_option(w, option, equals ? equals + 1 : argv[++*n]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* w->file has room for argc names. */
static PetscErrorCode parse_words(int argc, char **argv, Words *w)
{
  PetscFunctionBeginUser;
  w->section.component = SINEW_COMPONENT_DEFAULT;
  for (int n = 1; n < argc; n++) {
    if (argv[n][0] == '-' && argv[n][1])
      PetscCall(parse_option(argc, argv, &n, w));
    else
      w->file[w->files++] = argv[n];
  }
  if (!w->files) SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "plot: no file given; %s", usage);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- texts ---- */

/* Length of a path without its ".h5". */
static int stem(const char path[])
{
  const size_t n = strlen(path);

  return (int)(n > 3 && !strcmp(path + n - 3, ".h5") ? n - 3 : n);
}

static const char *output_of(const Words *w, const char file[], size_t size, char path[])
{
  if (w->out) return w->out;
  snprintf(path, size, "%.*s.png", stem(file), file);
  return path;
}

static void add_text(size_t size, char text[], const char more[])
{
  const size_t used = strlen(text);

  if (more[0]) snprintf(text + used, size - used, "%s%s", used ? ", " : "", more);
}

static void add_time(size_t size, char text[], const SinewSection *s)
{
  char time[48];

  if (!s->has_time) return;
  snprintf(time, sizeof(time), "t = %.5g", s->time);
  add_text(size, text, time);
}

/* "rho, z = 0.5, t = 1.25"; the time only where it is that of all that is shown. */
static void make_title(const SinewSection *s, PetscBool with_time, size_t size, char title[])
{
  title[0] = 0;
  add_text(size, title, s->name);
  add_text(size, title, s->where);
  if (with_time) add_time(size, title, s);
}

/* "run_0012, t = 1.25" */
static void make_label(const char file[], const SinewSection *s, size_t size, char label[])
{
  const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;

  snprintf(label, size, "%.*s", stem(name), name);
  add_time(size, label, s);
}

/* ---- pictures ---- */

static PetscErrorCode say_written(const char path[])
{
  PetscFunctionBeginUser;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s\n", path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode paint_plane(const Words *w, const char file[], const SinewSection *s)
{
  char path[PETSC_MAX_PATH_LEN], title[256];
  const char *out = output_of(w, file, sizeof(path), path);
  SinewImageStyle style = w->style;

  PetscFunctionBeginUser;
  make_title(s, PETSC_TRUE, sizeof(title), title);
  if (!style.title) style.title = title;
  PetscCall(SinewImageField(PETSC_COMM_WORLD, out, s->n[0], s->n[1], s->x, s->y, s->value, &style));
  PetscCall(say_written(out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode paint_curves(const Words *w, const SinewSection sections[])
{
  const char *const axis[] = {"x", "y", "z"};
  char path[PETSC_MAX_PATH_LEN], title[256], (*label)[96];
  const char *out = output_of(w, w->file[0], sizeof(path), path);
  SinewImageStyle style = w->style;
  PetscErrorCode painted;
  SinewCurve *curve;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc2((size_t)w->files, &curve, (size_t)w->files, &label));
  for (int n = 0; n < w->files; n++) {
    if (w->files > 1) make_label(w->file[n], &sections[n], sizeof(label[n]), label[n]);
    curve[n].label = label[n];
    curve[n].n = sections[n].n[0];
    curve[n].x = sections[n].x;
    curve[n].y = sections[n].value;
  }
  make_title(&sections[0], (PetscBool)(w->files == 1), sizeof(title), title);
  if (!style.title) style.title = title;
  painted =
      SinewImageCurves(PETSC_COMM_WORLD, out, w->files, curve, axis[sections[0].axis[0]], sections[0].name, &style);
  PetscCall(PetscFree2(curve, label));
  PetscCall(painted);
  PetscCall(say_written(out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Curves share a picture and are kept; a plane is painted at once, so that memory holds one. */
static PetscErrorCode plot_files(const Words *w, SinewSection sections[])
{
  PetscFunctionBeginUser;
  for (int n = 0; n < w->files; n++) {
    SinewSection *s = &sections[n];

    PetscCall(SinewSectionRead(PETSC_COMM_WORLD, w->file[n], &w->section, s));
    if (s->dim != sections[0].dim || (s->dim == 1 && s->axis[0] != sections[0].axis[0]))
      SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "plot: %s and %s do not go into the same kind of picture", w->file[0],
              w->file[n]);
    if (s->dim == 1) continue;
    if (w->files > 1 && w->out)
      SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT,
              "plot: -o names one picture, and %d planes make one each; use --line "
              "for curves in one picture",
              w->files);
    PetscCall(paint_plane(w, w->file[n], s));
    PetscCall(SinewSectionDestroy(s));
  }
  if (sections[0].dim == 1) PetscCall(paint_curves(w, sections));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode plot(int argc, char **argv, Words *w)
{
  SinewSection *sections;
  PetscErrorCode plotted;

  PetscFunctionBeginUser;
  PetscCall(parse_words(argc, argv, w));
  PetscCall(PetscCalloc1((size_t)w->files, &sections));
  plotted = plot_files(w, sections);
  for (int n = 0; n < w->files; n++) PetscCall(SinewSectionDestroy(&sections[n]));
  PetscCall(PetscFree(sections));
  PetscCall(plotted);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CommandPlot(int argc, char **argv, int *code)
{
  PetscErrorCode plotted;
  Words w = {0};

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)argc + 1, &w.file));
  plotted = plot(argc, argv, &w);
  PetscCall(PetscFree(w.file));
  PetscCall(plotted);
  *code = SINEW_EXIT_DONE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

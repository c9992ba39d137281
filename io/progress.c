#include "progress.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double redraw = 0.2;     /* seconds between two drawings on a terminal */
static const double memory = 30;      /* seconds that the means look back */
static const double pause_floor = 60; /* a gap is a pause from here on ... */
static const double pause_ratio = 20; /* ... when it is so many times the mean gap */

struct _p_SinewProgress {
  const char *word[2]; /* for t and dt */
  FILE *out;
  PetscBool prints, terminal;
  double interval, t_begin, t_end, cells;
  double begun, printed; /* clock of the first update, of the last print */
  PetscBool started;
  PetscInt step;
  double t, dt, now;                    /* the last update */
  double advance, steps, updates, wall; /* sums that fade with the memory */
  int drawn;                            /* characters on the terminal's line */
};

/* ---- words for numbers ---- */

void SinewFormatDuration(double seconds, size_t size, char text[])
{
  long long s, days;

  if (!(seconds >= 0) || seconds > 1e12) {
    (void)snprintf(text, size, "-");
    return;
  }
  s = llround(seconds);
  days = s / 86400;
  if (days)
    (void)snprintf(text, size, "%lldd %02lld:%02lld:%02lld", days, s / 3600 % 24, s / 60 % 60, s % 60);
  else if (s >= 3600)
    (void)snprintf(text, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
  else
    (void)snprintf(text, size, "%lld:%02lld", s / 60, s % 60);
}

/* 3.5e-04 becomes 3.5e-4 */
static void tidy_exponent(char text[])
{
  char *to = strchr(text, 'e'), *from;

  if (!to) return;
  from = ++to;
  if (*from == '-') ++to;
  ++from;
  while (*from == '0' && from[1]) ++from;
  memmove(to, from, strlen(from) + 1);
}

/* Four digits; a whole number keeps a decimal, so that times look like times. */
static void format_time(double t, size_t size, char text[])
{
  (void)snprintf(text, size, "%.4g", t);
  if (isfinite(t) && !strpbrk(text, ".e") && strlen(text) + 3 <= size) strcat(text, ".0");
  tidy_exponent(text);
}

static void format_dt(double dt, size_t size, char text[])
{
  (void)snprintf(text, size, dt != 0 && fabs(dt) < 0.01 ? "%.1e" : "%.3g", dt);
  tidy_exponent(text);
}

static void format_speed(double speed, size_t size, char text[])
{
  static const char *const prefixes[] = {"", "k", "M", "G", "T", "P"};
  size_t i = 0;

  while (speed >= 999.5 && i + 1 < sizeof(prefixes) / sizeof(prefixes[0])) {
    speed /= 1000;
    ++i;
  }
  (void)snprintf(text, size, "%.3g %scells/s", speed, prefixes[i]);
}

/* ---- the line ---- */

static PetscBool has_end(SinewProgress p)
{
  return (PetscBool)(isfinite(p->t_end) && p->t_end < PETSC_MAX_REAL);
}

static void append(char line[], size_t size, const char format[], const char word[])
{
  size_t length = strlen(line);

  (void)snprintf(line + length, size - length, format, word);
}

static void make_line(SinewProgress p, size_t size, char line[])
{
  char word[64];
  double whole = p->t_end - p->t_begin, share = whole != 0 ? (p->t - p->t_begin) / whole : 1;

  (void)snprintf(line, size, "step %" PetscInt_FMT, p->step);
  format_time(p->t, sizeof(word), word);
  append(line, size, "  %s ", p->word[0]);
  append(line, size, "%s", word);
  if (has_end(p)) {
    format_time(p->t_end, sizeof(word), word);
    append(line, size, " / %s", word);
    (void)snprintf(word, sizeof(word), "%.0f", floor(100 * fmin(fmax(share, 0), 1) + 1e-9));
    append(line, size, " (%s %%)", word);
  }
  format_dt(p->dt, sizeof(word), word);
  append(line, size, "  %s ", p->word[1]);
  append(line, size, "%s", word);
  if (p->cells > 0 && p->wall > 0) {
    format_speed(p->cells * p->steps / p->wall, sizeof(word), word);
    append(line, size, "  %s", word);
  }
  SinewFormatDuration(p->now - p->begun, sizeof(word), word);
  append(line, size, "  elapsed %s", word);
  if (has_end(p)) {
    SinewFormatDuration(SinewProgressRemaining(p), sizeof(word), word);
    append(line, size, "  ETA %s", word);
  }
}

static int terminal_width(FILE *out)
{
  struct winsize window = {0};

  return !ioctl(fileno(out), TIOCGWINSZ, &window) && window.ws_col ? window.ws_col : 80;
}

/* mpirun hands out pseudo-terminals without a size: then what counts is where mpirun itself prints. */
static PetscBool is_terminal(FILE *out)
{
  const char *kind = getenv("TERM");
  char link[64], target[64];
  struct winsize window = {0};
  ssize_t length;

  if (!isatty(fileno(out)) || (kind && !strcmp(kind, "dumb"))) return PETSC_FALSE;
  if (!ioctl(fileno(out), TIOCGWINSZ, &window) && window.ws_col) return PETSC_TRUE;
  (void)snprintf(link, sizeof(link), "/proc/%ld/fd/%d", (long)getppid(), fileno(out));
  length = readlink(link, target, sizeof(target) - 1);
  if (length < 0) return PETSC_FALSE;
  target[length] = 0;
  return (PetscBool)(!strncmp(target, "/dev/pts/", 9) || !strncmp(target, "/dev/tty", 8));
}

/* A line as wide as the terminal would wrap, and could not be taken back. */
static void draw(SinewProgress p, char line[])
{
  int width = terminal_width(p->out) - 1, length = (int)strlen(line);

  if (length > width) {
    length = width > 0 ? width : 0;
    line[length] = 0;
  }
  (void)fprintf(p->out, "\r%s%*s", line, p->drawn > length ? p->drawn - length : 0, "");
  p->drawn = length;
}

static void print(SinewProgress p)
{
  char line[256];

  make_line(p, sizeof(line), line);
  if (p->terminal)
    draw(p, line);
  else
    (void)fprintf(p->out, "%s\n", line);
  (void)fflush(p->out);
}

/* ---- the means ---- */

static void remember(SinewProgress p, PetscInt step, double t, double now)
{
  double gap = fmax(now - p->now, 0), usual = p->updates > 0 ? p->wall / p->updates : gap, keep;

  if (gap > pause_floor && gap > pause_ratio * usual) gap = usual;
  keep = exp(-gap / memory);
  p->advance = keep * p->advance + (t - p->t);
  p->steps = keep * p->steps + (double)(step - p->step);
  p->updates = keep * p->updates + 1;
  p->wall = keep * p->wall + gap;
}

double SinewProgressRate(SinewProgress p)
{
  return p->wall > 0 ? p->steps / p->wall : 0;
}

double SinewProgressRemaining(SinewProgress p)
{
  double left = p->t_end - p->t;

  if (!has_end(p)) return -1;
  if (left * (p->t_end - p->t_begin) <= 0) return 0;
  return p->advance / left > 0 ? left / p->advance * p->wall : -1;
}

/* ---- the life of a report ---- */

PetscErrorCode SinewProgressCreate(MPI_Comm comm, FILE *out, PetscReal interval, PetscReal t_begin, PetscReal t_end,
                                   double cells, SinewProgress *progress)
{
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(PetscNew(progress));
  (*progress)->out = out;
  (*progress)->prints = (PetscBool)(rank == 0 && out);
  (*progress)->terminal = (PetscBool)(rank == 0 && out && is_terminal(out));
  (*progress)->interval = (*progress)->terminal ? redraw : interval < 0 ? 30 : (double)interval;
  (*progress)->t_begin = (double)t_begin;
  (*progress)->t_end = (double)t_end;
  (*progress)->cells = cells;
  (*progress)->word[0] = "t";
  (*progress)->word[1] = "dt";
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewProgressSetWords(SinewProgress progress, const char t[], const char dt[])
{
  PetscFunctionBeginUser;
  progress->word[0] = t;
  progress->word[1] = dt;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewProgressUpdate(SinewProgress progress, PetscInt step, PetscReal t, PetscReal dt, double now)
{
  PetscFunctionBeginUser;
  if (progress->started)
    remember(progress, step, (double)t, now);
  else
    progress->begun = progress->printed = now;
  progress->step = step;
  progress->t = (double)t;
  progress->dt = (double)dt;
  progress->now = now;
  if (progress->started && progress->prints && now - progress->printed >= progress->interval) {
    print(progress);
    progress->printed = now;
  }
  progress->started = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewProgressFinish(SinewProgress progress)
{
  PetscFunctionBeginUser;
  if (progress->drawn) {
    (void)fprintf(progress->out, "\r%*s\r", progress->drawn, "");
    (void)fflush(progress->out);
    progress->drawn = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewProgressDestroy(SinewProgress *progress)
{
  PetscFunctionBeginUser;
  if (*progress) PetscCall(SinewProgressFinish(*progress));
  PetscCall(PetscFree(*progress));
  PetscFunctionReturn(PETSC_SUCCESS);
}

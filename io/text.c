/* The stroke font of the pictures: why strokes and not bitmaps is that titles, tick labels and
 * turned labels need different sizes and directions, and that strokes stay smooth in all of them.
 */
#include "io/raster_private.h"
#include <math.h>

/*
  One string a character, ASCII 32 to 126: its width in grid units, then strokes. A stroke is a
  letter and points of two characters each, x then y. Heights are 0 (base line) to 9, A (10: top of
  capitals), B, C; z, y, x are -1, -2, -3.

    -  lines from point to point
    ~  a curve: first and last point are on it, those between pull (quadratic B-spline)
    o  a closed curve, all points pull
    .  a dot
*/
/* clang-format off */
static const char *const glyphs[] = {
  "2",                                      /*   */ "0 -0A03 .00",                            /* ! */
  "3 -0A07 -3A37",                          /* " */ "6 -2A10 -5A40 -0767 -0363",              /* # */
  "6 ~686A0A0565600002 -3C3y",              /* $ */ "8 o0A3A3606 o54848050 -7A10",            /* % */
  "7 -7016 ~16070A5A5725 ~2504006074",      /* & */ "0 -0A07",                                /* ' */
  "2 ~2B08012y",                            /* ( */ "2 ~0B28210y",                            /* ) */
  "4 -2A26 -0947 -0749",                    /* * */ "6 -3238 -0565",                          /* + */
  "1 -110y",                                /* , */ "5 -0555",                                /* - */
  "0 .00",                                  /* . */ "4 -0z4B",                                /* / */
  "6 o0A6A6000",                            /* 0 */ "6 -183A30 -1050",                        /* 1 */
  "6 ~080A6A6644 -440060",                  /* 2 */ "6 ~080A6A6525 ~2565600002",              /* 3 */
  "6 -404A0363",                            /* 4 */ "6 -5A0A05 ~051666600002",                /* 5 */
  "6 o06666000 ~030A5A",                    /* 6 */ "6 -0A6A20",                              /* 7 */
  "6 o0A6A6505 o05656000",                  /* 8 */ "6 o0A6A6404 ~676010",                    /* 9 */
  "0 .00 .06",                              /* : */ "1 .16 -110y",                            /* ; */
  "6 -690561",                              /* < */ "6 -0767 -0363",                          /* = */
  "6 -096501",                              /* > */ "5 ~080A5A5624 -2423 .20",                /* ? */
  "9 ~70000A9A9373 o37676333 -6764 ~646373", /* @ */ "6 -003A60 -1353",                       /* A */
  "6 -000A3A ~3A5A5535 -3505 ~35656030 -3000", /* B */ "6 ~686A0A006062",                     /* C */
  "6 -2A0A0020 ~2A6A6020",                  /* D */ "5 -5A0A0050 -0545",                      /* E */
  "5 -5A0A00 -0545",                        /* F */ "6 ~686A0A006064 -646535",                /* G */
  "6 -000A -606A -0565",                    /* H */ "0 -000A",                                /* I */
  "4 -4A43 ~43400002",                      /* J */ "6 -000A -6A04 -2660",                    /* K */
  "5 -0A0050",                              /* L */ "8 -000A438A80",                          /* M */
  "6 -000A606A",                            /* N */ "7 o0A7A7000",                            /* O */
  "6 -000A3A ~3A6A6434 -3404",              /* P */ "7 o0A7A7000 -437z",                      /* Q */
  "6 -000A3A ~3A6A6535 -3505 -3560",        /* R */ "6 ~686A0A0565600002",                    /* S */
  "6 -0A6A -3A30",                          /* T */ "6 -0A03 ~03006063 -636A",                /* U */
  "6 -0A306A",                              /* V */ "8 -0A2048608A",                          /* W */
  "6 -0A60 -6A00",                          /* X */ "6 -0A356A -3530",                        /* Y */
  "6 -0A6A0060",                            /* Z */ "2 -2B0B0y2y",                            /* [ */
  "4 -0B4z",                                /* \ */ "2 -0B2B2y0y",                            /* ] */
  "6 -073A67",                              /* ^ */ "6 -0y6y",                                /* _ */
  "2 -0A28",                                /* ` */ "5 ~06075754 -5450 -5424 ~24040020 ~205053", /* a */
  "5 -0A00 o07575000",                      /* b */ "5 ~555707005052",                        /* c */
  "5 -5A50 o07575000",                      /* d */ "5 -0454 ~545707004051",                  /* e */
  "3 -1018 ~181A3A -0737",                  /* f */ "5 o07575000 -5750 ~505x0x0y",            /* g */
  "5 -000A ~04075754 -5450",                /* h */ "0 -0007 .0A",                            /* i */
  "2 -272z ~2z2x0x .2A",                    /* j */ "5 -000A -5702 -2450",                    /* k */
  "2 -0A02 ~020020",                        /* l */ "8 -0007 ~04074744 -4440 ~44478784 -8480", /* m */
  "5 -0007 ~04075754 -5450",                /* n */ "5 o07575000",                            /* o */
  "5 -070x o07575000",                      /* p */ "5 -575x o07575000",                      /* q */
  "3 -0007 ~040737",                        /* r */ "5 ~5657070453500001",                    /* s */
  "3 -1A12 ~121030 -0737",                  /* t */ "5 -0703 ~03005053 -5750",                /* u */
  "6 -073067",                              /* v */ "8 -0720466087",                          /* w */
  "5 -0750 -5700",                          /* x */ "6 -0730 -672x",                          /* y */
  "5 -07570050",                            /* z */ "3 ~3B1B1504 ~04131y3y",                  /* { */
  "0 -0B0y",                                /* | */ "3 ~0B2B2534 ~34232y0y",                  /* } */
  "6 ~04274265",                            /* ~ */ "6 -000A6A6000",                          /* others */
};
/* clang-format on */
enum { GAP = 3, CURVE_STEPS = 6, POINTS_MAX = 12 };

typedef struct {
  SinewInk *ink;
  double x, y; /* of the glyph's origin */
  double scale;
  PetscBool turned;
} pen;

/* The glyph of the next character; moves text on by its bytes. */
static const char *next_glyph(const char **text)
{
  const unsigned char c = (unsigned char)*(*text)++;

  if (c >= 32 && c < 127) return glyphs[c - 32];
  while (((unsigned char)**text & 0xc0u) == 0x80u) (*text)++;
  return glyphs[127 - 32];
}

static int glyph_width(const char glyph[])
{
  return glyph[0] - '0';
}

double SinewTextWidth(const char text[], double scale)
{
  int width = 0;

  while (*text) width += glyph_width(next_glyph(&text)) + GAP;
  return width ? (width - GAP) * scale : 0;
}

static double coordinate(char c)
{
  if (c >= 'x') return c - 'z' - 1;
  return c >= 'A' ? c - 'A' + 10 : c - '0';
}

static void stroke(const pen *p, const double a[2], const double b[2], double radius)
{
  const double s = p->scale;
  double from[2] = {p->x + s * a[0], p->y - s * a[1]}, to[2] = {p->x + s * b[0], p->y - s * b[1]};

  if (p->turned) {
    from[0] = p->x - s * a[1], from[1] = p->y - s * a[0];
    to[0] = p->x - s * b[1], to[1] = p->y - s * b[0];
  }
  SinewInkStroke(p->ink, from, to, radius * s);
}

static void arc(const pen *p, const double a[2], const double pull[2], const double b[2], double radius)
{
  double from[2] = {a[0], a[1]}, to[2];

  for (int n = 1; n <= CURVE_STEPS; n++) {
    const double t = (double)n / CURVE_STEPS, r = 1 - t;

    for (int d = 0; d < 2; d++) to[d] = r * r * a[d] + 2 * r * t * pull[d] + t * t * b[d];
    stroke(p, from, to, radius);
    from[0] = to[0], from[1] = to[1];
  }
}

static void middle(const double a[2], const double b[2], double m[2])
{
  m[0] = (a[0] + b[0]) / 2;
  m[1] = (a[1] + b[1]) / 2;
}

static void curve(const pen *p, int n, double at[][2], double radius)
{
  double from[2] = {at[0][0], at[0][1]}, to[2];

  for (int i = 1; i < n - 1; i++) {
    if (i == n - 2)
      to[0] = at[n - 1][0], to[1] = at[n - 1][1];
    else
      middle(at[i], at[i + 1], to);
    arc(p, from, at[i], to, radius);
    from[0] = to[0], from[1] = to[1];
  }
}

static void loop(const pen *p, int n, double at[][2], double radius)
{
  for (int i = 0; i < n; i++) {
    double from[2], to[2];

    middle(at[(i + n - 1) % n], at[i], from);
    middle(at[i], at[(i + 1) % n], to);
    arc(p, from, at[i], to, radius);
  }
}

static void draw_glyph(const pen *p, const char glyph[], double radius)
{
  const char *c = glyph + 1;

  while (*c == ' ') {
    double at[POINTS_MAX][2];
    const char kind = c[1];
    int n = 0;

    for (c += 2; *c && *c != ' ' && n < POINTS_MAX; c += 2, n++) {
      at[n][0] = coordinate(c[0]);
      at[n][1] = coordinate(c[1]);
    }
    if (kind == '~') curve(p, n, at, radius);
    if (kind == 'o') loop(p, n, at, radius);
    if (kind == '.') stroke(p, at[0], at[0], 1.35 * radius);
    if (kind == '-')
      for (int i = 1; i < n; i++) stroke(p, at[i - 1], at[i], radius);
  }
}

void SinewCanvasText(SinewCanvas *canvas, double x, double y, const char text[], const SinewTextStyle *style)
{
  const double radius = 0.72, back = style->align * SinewTextWidth(text, style->scale);
  pen p = {&canvas->ink, x, y, style->scale, style->turned};
  const char *rest = text;

  /* strokes on pixel centres are crisp */
  if (style->turned)
    p.y = floor(y + back) + 0.5, p.x = floor(x) - 0.5;
  else
    p.x = floor(x - back) + 0.5, p.y = floor(y) - 0.5;
  while (*rest) {
    const char *glyph = next_glyph(&rest);
    const double step = (glyph_width(glyph) + GAP) * style->scale;

    draw_glyph(&p, glyph, radius);
    if (style->turned)
      p.y -= step;
    else
      p.x += step;
  }
  SinewCanvasSoak(canvas, &canvas->ink, 0, 0, style->color, 1);
  memset(canvas->ink.cover, 0, (size_t)canvas->width * (size_t)canvas->height);
}

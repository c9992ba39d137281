#include "io/series_private.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The XML of a temporal collection. One line a state, so that a collection is cut without a parser. */

#define HEAD                   \
  "<?xml version=\"1.0\" ?>\n" \
  "<Xdmf Version=\"3.0\"><Domain><Grid Name=\"series\" GridType=\"Collection\" CollectionType=\"Temporal\">\n"
#define TAIL       "</Grid></Domain></Xdmf>\n"
#define STATE_HEAD "<Grid Name=\"mesh\" GridType=\"Uniform\"><Time Value=\""
#define STATE_TAIL "</Grid>"

/* ---- text ---- */
static PetscBool text_room(Text *text, size_t more)
{
  if (text->used + more >= text->size) {
    const size_t size = 2 * text->size + more + 1;
    char *grown = realloc(text->text, size);

    if (!grown) text->failed = PETSC_TRUE;
    if (!grown) return PETSC_FALSE;
    text->text = grown;
    text->size = size;
  }
  return PETSC_TRUE;
}

void SinewTextAdd_Private(Text *text, const char format[], ...)
{
  va_list list;
  int n;

  va_start(list, format);
  n = vsnprintf(NULL, 0, format, list);
  va_end(list);
  if (text->failed || n < 0 || !text_room(text, (size_t)n + 1)) return;
  va_start(list, format);
  vsnprintf(text->text + text->used, (size_t)n + 1, format, list);
  va_end(list);
  text->used += (size_t)n;
}

static void add_escaped(Text *text, const char raw[])
{
  for (; *raw; raw++) {
    switch (*raw) {
    case '&': SinewTextAdd_Private(text, "&amp;"); break;
    case '<': SinewTextAdd_Private(text, "&lt;"); break;
    case '>': SinewTextAdd_Private(text, "&gt;"); break;
    case '"': SinewTextAdd_Private(text, "&quot;"); break;
    case '\'': SinewTextAdd_Private(text, "&apos;"); break;
    default: SinewTextAdd_Private(text, "%c", *raw);
    }
  }
}

/* The shortest text that reads back as the same number. */
static void add_number(Text *text, double value)
{
  char number[32];

  for (int digits = 15; digits <= 17; digits++) {
    snprintf(number, sizeof(number), "%.*g", digits, value);
    if (strtod(number, NULL) == value) break;
  }
  SinewTextAdd_Private(text, "%s", number);
}

/* ---- a state ---- */
/* Axes that the mesh does not use have one layer of nodes. */
static PetscInt nodes_along(const SinewMesh *mesh, int axis)
{
  return axis < mesh->dim ? mesh->cells[axis] + 1 : 1;
}

static void add_item(Text *text, const char dims[], int precision, const char file[], const char path[],
                     const char name[])
{
  SinewTextAdd_Private(text, "<DataItem Format=\"HDF\" NumberType=\"Float\" Precision=\"%d\" Dimensions=\"%s\">",
                       precision, dims);
  add_escaped(text, file);
  SinewTextAdd_Private(text, ":%s", path);
  add_escaped(text, name);
  SinewTextAdd_Private(text, "</DataItem>");
}

static void add_mesh(Text *text, const SinewMesh *mesh, const char mesh_file[])
{
  const PetscInt x = nodes_along(mesh, 0), y = nodes_along(mesh, 1), z = nodes_along(mesh, 2);
  char dims[96];

  SinewTextAdd_Private(
      text, "<Topology TopologyType=\"%s\" Dimensions=\"%" PetscInt_FMT " %" PetscInt_FMT " %" PetscInt_FMT "\"/>",
      mesh->uniform ? "3DCoRectMesh" : "3DSMesh", z, y, x);
  SinewTextAdd_Private(text, "<Geometry GeometryType=\"%s\">", mesh->uniform ? "ORIGIN_DXDYDZ" : "XYZ");
  if (mesh->uniform) {
    SinewTextAdd_Private(text, "<DataItem Format=\"XML\" Dimensions=\"3\">");
    for (int d = 2; d >= 0; d--) {
      add_number(text, mesh->lower[d]);
      SinewTextAdd_Private(text, d ? " " : "</DataItem><DataItem Format=\"XML\" Dimensions=\"3\">");
    }
    for (int d = 2; d >= 0; d--) {
      add_number(text, d < mesh->dim ? (mesh->upper[d] - mesh->lower[d]) / (double)mesh->cells[d] : 1);
      SinewTextAdd_Private(text, d ? " " : "</DataItem>");
    }
  } else {
    snprintf(dims, sizeof(dims), "%" PetscInt_FMT " %" PetscInt_FMT " %" PetscInt_FMT " 3", z, y, x);
    add_item(text, dims, 8, mesh_file, "/mesh/nodes", "");
  }
  SinewTextAdd_Private(text, "</Geometry>");
}

static void add_field(Text *text, const SinewMesh *mesh, const char data[], const SinewSeriesField *field)
{
  char dims[96];

  snprintf(dims, sizeof(dims), "%" PetscInt_FMT " %" PetscInt_FMT " %" PetscInt_FMT "%s", mesh->cells[2],
           mesh->cells[1], mesh->cells[0], field->components == 3 ? " 3" : "");
  SinewTextAdd_Private(text, "<Attribute Name=\"");
  add_escaped(text, field->name);
  SinewTextAdd_Private(text, "\" Center=\"Cell\" AttributeType=\"%s\">", field->components == 3 ? "Vector" : "Scalar");
  add_item(text, dims, (int)SinewDtypeSize(field->dtype), data, "/fields/", field->name);
  SinewTextAdd_Private(text, "</Attribute>");
}

char *SinewXdmfLine_Private(double t, const SinewMesh *mesh, const char data[], const char mesh_file[], PetscInt count,
                            const SinewSeriesField fields[])
{
  Text text = {0};

  SinewTextAdd_Private(&text, "%s", STATE_HEAD);
  add_number(&text, t);
  SinewTextAdd_Private(&text, "\"/>");
  add_mesh(&text, mesh, mesh_file);
  for (PetscInt f = 0; f < count; f++) add_field(&text, mesh, data, &fields[f]);
  SinewTextAdd_Private(&text, "%s", STATE_TAIL);
  if (text.failed) free(text.text);
  return text.failed ? NULL : text.text;
}

char *SinewXdmfBodyLine_Private(double t, const SinewSeriesBody *body, const char data[])
{
  char dims[64];
  Text text = {0};

  SinewTextAdd_Private(&text, "%s", STATE_HEAD);
  add_number(&text, t);
  SinewTextAdd_Private(&text, "\"/><Topology TopologyType=\"%s\" NumberOfElements=\"%" PetscInt_FMT "\">",
                       body->corners == 3 ? "Triangle" : "Tetrahedron", body->cells);
  SinewTextAdd_Private(&text,
                       "<DataItem Format=\"HDF\" NumberType=\"Int\" Precision=\"8\" Dimensions=\"%" PetscInt_FMT
                       " %" PetscInt_FMT "\">",
                       body->cells, body->corners);
  add_escaped(&text, data);
  SinewTextAdd_Private(&text, ":/mesh/cells</DataItem></Topology><Geometry GeometryType=\"XYZ\">");
  snprintf(dims, sizeof(dims), "%" PetscInt_FMT " 3", body->vertices);
  add_item(&text, dims, 8, data, "/mesh/nodes", "");
  SinewTextAdd_Private(&text, "</Geometry><Attribute Name=\"displacement\" Center=\"Node\" AttributeType=\"Vector\">");
  add_item(&text, dims, 8, data, "/fields/", "displacement");
  SinewTextAdd_Private(&text, "</Attribute>%s", STATE_TAIL);
  if (text.failed) free(text.text);
  return text.failed ? NULL : text.text;
}

/* ---- the collection ---- */
void SinewXdmfCollection_Private(PetscInt count, const Entry entry[], Text *text)
{
  SinewTextAdd_Private(text, "%s", HEAD);
  for (PetscInt i = 0; i < count; i++) SinewTextAdd_Private(text, "%s\n", entry[i].line);
  SinewTextAdd_Private(text, "%s", TAIL);
}

/* The next line, cut off from what follows in *rest; NULL at the end. */
static char *next_line(char **rest)
{
  char *line = *rest, *end = strchr(line, '\n');

  if (!end) return NULL;
  *end = 0;
  *rest = end + 1;
  return line;
}

static PetscBool parse_state(const char line[], Entry *entry)
{
  const size_t head = strlen(STATE_HEAD), tail = strlen(STATE_TAIL), n = strlen(line);
  char *end;

  if (n < head + tail || strncmp(line, STATE_HEAD, head) || strcmp(line + n - tail, STATE_TAIL)) return PETSC_FALSE;
  entry->time = strtod(line + head, &end);
  if (end == line + head || *end != '"') return PETSC_FALSE;
  entry->line = strdup(line);
  return (PetscBool)(entry->line != NULL);
}

PetscBool SinewXdmfParse_Private(char text[], PetscInt *count, Entry **entry)
{
  char *line, *rest = text + strlen(HEAD);
  PetscBool good = (PetscBool)!strncmp(text, HEAD, strlen(HEAD)), ended = PETSC_FALSE;
  PetscInt size = 0;

  *count = 0;
  *entry = NULL;
  while (good && !ended && (line = next_line(&rest))) {
    ended = (PetscBool)(strlen(line) + 1 == strlen(TAIL) && !strncmp(line, TAIL, strlen(line)));
    if (ended) break;
    if (*count == size) {
      Entry *grown = realloc(*entry, (size_t)(size = 2 * size + 16) * sizeof(Entry));

      if (!grown) return PETSC_FALSE;
      *entry = grown;
    }
    good = parse_state(line, &(*entry)[*count]);
    if (good) (*count)++;
  }
  return (PetscBool)(good && ended);
}

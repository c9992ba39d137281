/* `sinew list`: the keys of a table, for people. */
#include "io/deck_private.h"
#include <math.h>

#define WIDTH_MAX 32 /* a longer cell pushes its own line only */

enum { COLUMN_KEY, COLUMN_TYPE, COLUMN_DEFAULT, COLUMN_RANGE, COLUMN_UNIT, COLUMN_DOC, COLUMNS };

typedef struct {
  DeckBuffer cell[COLUMNS];
} Row;

typedef struct {
  Row *row;
  PetscInt count, capacity;
} Table;

static const char *type_name(SinewKeyType type)
{
  static const char *const names[] = {"bool",       "int",  "real",  "text",  "choice",   "duration", "bytes",
                                      "expression", "ints", "reals", "words", "formulas", "section",  "map"};

  return names[type];
}

static PetscErrorCode fill_type(const SinewKey *key, DeckBuffer *cell)
{
  PetscInt least, most;

  PetscFunctionBeginUser;
  DeckListLimits(key, &least, &most);
  PetscCall(DeckAppend(cell, type_name(key->type)));
  if (!DeckIsList(key->type)) PetscFunctionReturn(PETSC_SUCCESS);
  if (least == most)
    PetscCall(DeckPrint(cell, " %" PetscInt_FMT, least));
  else
    PetscCall(DeckPrint(cell, " %" PetscInt_FMT "-%" PetscInt_FMT, least, most));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_range(const SinewKey *key, DeckBuffer *cell)
{
  const SinewKeyType type = DeckEntryType(key->type);
  const double endless = type == SINEW_KEY_INT ? DECK_INT_ENDLESS : DECK_REAL_ENDLESS;
  double lower, upper;

  PetscFunctionBeginUser;
  if (type == SINEW_KEY_CHOICE) {
    PetscCall(DeckPrintNames(cell, DeckCountNames(key->choices), key->choices, ", "));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  DeckBounds(key, &lower, &upper);
  if (type == SINEW_KEY_DURATION || type == SINEW_KEY_BYTES) lower = PetscMax(lower, 0);
  if (type == SINEW_KEY_BOOL || type == SINEW_KEY_STRING || type == SINEW_KEY_EXPRESSION || type >= SINEW_KEY_SECTION ||
      (lower <= -endless && upper >= endless))
    PetscFunctionReturn(PETSC_SUCCESS);
  if (lower <= -endless || upper >= endless) {
    PetscCall(DeckAppend(cell, lower <= -endless ? "<= " : key->above_min ? "> " : ">= "));
    PetscCall(DeckPrintReal(cell, lower <= -endless ? upper : lower));
  } else {
    PetscCall(DeckAppend(cell, key->above_min ? "(" : "["));
    PetscCall(DeckPrintReal(cell, lower));
    PetscCall(DeckAppend(cell, ", "));
    PetscCall(DeckPrintReal(cell, upper));
    PetscCall(DeckAppend(cell, "]"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_row(Table *table, Row **row)
{
  PetscFunctionBeginUser;
  PetscCall(DeckGrow(table->count, sizeof(*table->row), &table->capacity, &table->row));
  *row = &table->row[table->count++];
  PetscCall(PetscMemzero(*row, sizeof(**row)));
  for (int c = 0; c < COLUMNS; c++) PetscCall(DeckAppend(&(*row)->cell[c], ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_rows(Table *table, const char path[], const SinewKey keys[])
{
  PetscFunctionBeginUser;
  for (const SinewKey *key = keys; key && key->name; key++) {
    Row *row;

    PetscCall(add_row(table, &row));
    PetscCall(DeckPrint(&row->cell[COLUMN_KEY], "%s%s%s", path, *path ? "." : "", key->name));
    PetscCall(fill_type(key, &row->cell[COLUMN_TYPE]));
    PetscCall(DeckAppend(&row->cell[COLUMN_DEFAULT], key->standard ? key->standard : key->required ? "required" : "-"));
    PetscCall(fill_range(key, &row->cell[COLUMN_RANGE]));
    PetscCall(DeckAppend(&row->cell[COLUMN_UNIT], key->unit ? key->unit : ""));
    PetscCall(DeckAppend(&row->cell[COLUMN_DOC], key->doc ? key->doc : ""));
    if (key->type == SINEW_KEY_SECTION) {
      char *inner;

      PetscCall(PetscStrallocpy(row->cell[COLUMN_KEY].text, &inner));
      PetscCall(add_rows(table, inner, key->section));
      PetscCall(PetscFree(inner));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void print_row(FILE *out, const Row *row, const int width[])
{
  int blanks = 0; /* owed; paid when more text follows, so that no line ends in blanks */

  for (int c = 0; c < COLUMNS; c++) {
    const DeckBuffer *cell = &row->cell[c];

    if (!width[c]) continue;
    if (cell->length) {
      fprintf(out, "%*s%s", blanks, "", cell->text);
      blanks = 0;
    }
    blanks += PetscMax(width[c] - (int)cell->length, 0) + 2;
  }
  fputc('\n', out);
}

/* A column that is empty is left out with its title. */
static void print_table(FILE *out, const Table *table)
{
  int width[COLUMNS] = {0};

  for (PetscInt r = 1; r < table->count; r++)
    for (int c = 0; c < COLUMNS; c++)
      width[c] = PetscMax(width[c], (int)PetscMin(table->row[r].cell[c].length, WIDTH_MAX));
  for (int c = 0; c < COLUMNS; c++)
    if (width[c]) width[c] = PetscMax(width[c], (int)table->row[0].cell[c].length);
  for (PetscInt r = 0; r < table->count; r++) print_row(out, &table->row[r], width);
}

PetscErrorCode SinewKeysPrint(FILE *out, const char path[], const SinewKey keys[])
{
  static const char *const titles[] = {"key", "type", "default", "range", "unit", "meaning"};
  Table table = {NULL, 0, 0};
  Row *row;

  PetscFunctionBeginUser;
  PetscCall(add_row(&table, &row));
  for (int c = 0; c < COLUMNS; c++) PetscCall(DeckAppend(&row->cell[c], titles[c]));
  PetscCall(add_rows(&table, path, keys));
  print_table(out, &table);
  for (PetscInt r = 0; r < table.count; r++)
    for (int c = 0; c < COLUMNS; c++) PetscCall(PetscFree(table.row[r].cell[c].text));
  PetscCall(PetscFree(table.row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

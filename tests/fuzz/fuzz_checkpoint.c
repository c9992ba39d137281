/* Restarts from checkpoints whose arrays and attributes are not what a run wrote. */
#define _GNU_SOURCE
#include "tests/fuzz/fuzz.h"

#include "solvers/simulation.h"

static const char *const decks[] = {
    "equation: {type: euler}\ngrid: {cells: [8, 6]}\ninitial: {type: kelvin_helmholtz}\n"
    "reference: {stepper: {type: ssp}}\ntime: {end: 0.01}\n",
    "equation: {type: burgers, viscosity: 0.01}\ngrid: {cells: [8, 8]}\n"
    "initial: {type: expression, u: \"exp(-((x - 0.5)^2 + (y - 0.5)^2) / 0.05)\"}\nstepper: {type: ssp}\n"
    "mesh_motion: {type: monge_ampere}\ntime: {end: 0.01}\n",
    "equation: {type: advection, velocity: [1]}\ngrid: {cells: [16]}\ninitial: {type: sine}\n"
    "stepper: {type: insr, dt: 0.01, points: 32, network: {width: 6, depth: 1, omega: 3}}\ntime: {end: 0.01}\n"};
#define DECKS (sizeof(decks) / sizeof(decks[0]))

static char *names[256], *keys[256]; /* of what a checkpoint holds */
static size_t name_count, key_count;
static uint8_t *base[DECKS];
static size_t base_size[DECKS];

static PetscErrorCode make(const char deck_text[], const char restart[], const char *const overrides[], SinewDeck *deck,
                           SinewSimulation *simulation)
{
  const SinewSimulationOptions options = {.name = "fuzz", .quiet = PETSC_TRUE, .restart = restart};

  PetscFunctionBeginUser;
  PetscCall(SinewDeckCreateFromText(PETSC_COMM_SELF, "fuzz.yaml", deck_text, 1, overrides, deck));
  PetscCall(SinewSimulationCreate(PETSC_COMM_SELF, *deck, &options, simulation));
  PetscCall(SinewSimulationSetUp(*simulation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *directory(void)
{
  static char text[300];

  snprintf(text, sizeof(text), "output={directory: %s, series: false, history_every: 0, status: 0}", fuzz_path("d"));
  return text;
}

static herr_t add_key(hid_t object, const char key[], const H5A_info_t *info, void *context)
{
  (void)object, (void)info, (void)context;
  for (size_t i = 0; i < key_count; i++)
    if (!strcmp(keys[i], key)) return 0;
  if (key_count < 256) keys[key_count++] = strdup(key);
  return 0;
}

static herr_t add_name(hid_t object, const char name[], const H5O_info_t *info, void *context)
{
  char path[256];

  (void)info, (void)context;
  snprintf(path, sizeof(path), "/%s", strcmp(name, ".") ? name : "");
  if (name_count < 256) names[name_count++] = strdup(path);
  (void)H5Aiterate_by_name(object, name, H5_INDEX_NAME, H5_ITER_INC, NULL, add_key, NULL, H5P_DEFAULT);
  return 0;
}

/* The checkpoint at the end of a deck's run, unsealed. */
static PetscErrorCode run(size_t which)
{
  const char *const overrides[] = {directory()};
  SinewDeck deck;
  SinewSimulation simulation;
  char path[512];
  int code;
  FILE *file;
  hid_t h5;

  PetscFunctionBeginUser;
  PetscCall(make(decks[which], NULL, overrides, &deck, &simulation));
  PetscCall(SinewSimulationRun(simulation, &code));
  PetscCall(SinewSimulationDestroy(&simulation));
  PetscCall(SinewDeckDestroy(&deck));
  snprintf(path, sizeof(path), "cp $(ls %s/checkpoints/*.h5 | tail -n 1) %s && rm -r %s", fuzz_path("d"),
           fuzz_path("x.h5"), fuzz_path("d"));
  if (system(path)) abort();
  h5 = H5Fopen(fuzz_path("x.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
  (void)H5Ovisit(h5, H5_INDEX_NAME, H5_ITER_INC, add_name, NULL);
  H5Adelete(h5, "format_version");
  (void)H5Ldelete(h5, "/nothing", H5P_DEFAULT);
  {
    const int64_t one = 1;
    hid_t space = H5Screate(H5S_SCALAR),
          a = H5Acreate2(h5, "format_version", H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT);

    H5Awrite(a, H5T_NATIVE_INT64, &one);
    H5Aclose(a);
    H5Sclose(space);
  }
  H5Fclose(h5);
  file = fopen(fuzz_path("x.h5"), "rb");
  base[which] = malloc(1 << 22);
  base_size[which] = fread(base[which], 1, 1 << 22, file);
  fclose(file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  fuzz_begin(argc, argv);
  for (size_t which = 0; which < DECKS; which++) {
    const PetscErrorCode code = run(which);

    if (code) {
      fprintf(stderr, "deck %zu does not run: %s\n", which, fuzz_line);
      abort();
    }
  }
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *path = fuzz_path("x.h5"), *const overrides[] = {directory()};
  Input in = {data, size};
  const size_t which = take(&in) % DECKS;
  SinewDeck deck = NULL;
  SinewSimulation simulation = NULL;
  hid_t file;

  fuzz_write(path, base[which], base_size[which]);
  file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  if (file < 0) abort();
  FuzzBuild(&in, file, name_count, (const char *const *)names, key_count, (const char *const *)keys);
  H5Fclose(file);
  fuzz_verdict(make(decks[which], path, overrides, &deck, &simulation));
  (void)SinewSimulationDestroy(&simulation);
  (void)SinewDeckDestroy(&deck);
  return 0;
}

#!/usr/bin/env bash
# TIMEOUT 180
# LABELS shell install
# Installs into a place of its own and builds a program of somebody else's on it, by CMake and by pkg-config.
set -euo pipefail
build=$(cd .. && pwd)
if grep -q '^SINEW_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; then
  echo "a program without sanitizers cannot load a library with them"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
env -u DESTDIR cmake --install "$build" --prefix "$work/prefix" >"$work/log" || { cat "$work/log"; exit 1; }
# what is installed must not lean on the tree it came from, so move it
mv "$work/prefix" "$work/moved"
prefix=$work/moved

mkdir "$work/outside"
cat >"$work/outside/main.c" <<'C'
#include <sinew/sinew.h>
#include <sinew/io/progress.h>
int main(int argc, char **argv)
{
  char text[32];

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  SinewFormatDuration(3661, sizeof(text), text);
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s %d %s\n", SINEW_VERSION, SinewExitCode(SINEW_ERR_BREAKDOWN), text));
  PetscCall(PetscFinalize());
  return 0;
}
C
cat >"$work/outside/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.21)
project(Outside LANGUAGES C)
find_package(Sinew 0.1 REQUIRED)
add_executable(outside main.c)
target_link_libraries(outside Sinew::sinew)
CMAKE

expect() {
  local said
  said=$("${@:2}")
  [ "$said" = "$1" ] || { echo "expected '$1', got '$said' from ${*:2}"; exit 1; }
}
version=$(sed -n 's/^#define SINEW_VERSION  *"\(.*\)"/\1/p' "$prefix/include/sinew/io/version.h")

by_cmake() {
  cmake -G Ninja -S "$work/outside" -B "$work/outside/build" -DCMAKE_PREFIX_PATH="$prefix" &&
    cmake --build "$work/outside/build"
}
by_cmake >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
expect "$version 3 1:01:01" "$work/outside/build/outside"

pc=$(dirname "$(find "$prefix" -name sinew.pc)")
export PKG_CONFIG_PATH=$pc${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
expect "$version" pkg-config --modversion sinew
# shellcheck disable=SC2046,SC2086
${CC:-cc} "$work/outside/main.c" -o "$work/by_pkg_config" $(pkg-config --cflags --libs sinew) ${LDFLAGS:-}
LD_LIBRARY_PATH=$(pkg-config --variable=libdir sinew)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
  expect "$version 3 1:01:01" "$work/by_pkg_config"

if [ -x "$prefix/bin/sinew" ]; then ldd "$prefix/bin/sinew" | grep "not found" && exit 1; fi
! grep -rlF "${SINEW_SOURCE:?}" "$prefix/lib" "$prefix/include" --include='*.cmake' --include='*.pc' --include='*.h'

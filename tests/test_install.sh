#!/usr/bin/env bash
# TIMEOUT 180
# LABELS shell install
# Installs into a place of its own and builds the program of examples/embed on it, by CMake and by pkg-config.
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

expect() {
  local said
  said=$("${@:2}")
  [ "$said" = "$1" ] || { echo "expected '$1', got '$said' from ${*:2}"; exit 1; }
}
version=$(sed -n 's/^#define SINEW_VERSION  *"\(.*\)"/\1/p' "$prefix/include/sinew/io/version.h")

outside=${SINEW_SOURCE:?}/examples/embed
says="250 steps: -0.225 to 1.207, mass changed by 0e+00"
by_cmake() {
  cmake -G Ninja -S "$outside" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" && cmake --build "$work/build"
}
by_cmake >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
expect "$says" "$work/build/host"
expect "$says" mpirun -n 2 "$work/build/host"

pc=$(dirname "$(find "$prefix" -name sinew.pc)")
export PKG_CONFIG_PATH=$pc${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
expect "$version" pkg-config --modversion sinew
# shellcheck disable=SC2046,SC2086
${CC:-cc} "$outside/host.c" -o "$work/by_pkg_config" $(pkg-config --cflags --libs sinew) -lm ${LDFLAGS:-}
LD_LIBRARY_PATH=$(pkg-config --variable=libdir sinew)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
  expect "$says" "$work/by_pkg_config"

if [ -x "$prefix/bin/sinew" ]; then ldd "$prefix/bin/sinew" | grep "not found" && exit 1; fi
! grep -rlF "${SINEW_SOURCE:?}" "$prefix/lib" "$prefix/include" --include='*.cmake' --include='*.pc' --include='*.h'

#!/usr/bin/env bash
# TIMEOUT 240
# LABELS shell package
# The Debian package of this build, unpacked into a root of its own: what it depends on, and the quickstart
# (on fewer cells) from there.
# ./bootstrap package builds the one for other machines of this architecture.
set -euo pipefail
build=$(cd .. && pwd)
for program in cpack dpkg-deb dpkg-shlibdeps; do
  command -v $program >/dev/null || { echo "# no $program: no packages of Debian here, skipped"; exit 77; }
done
if grep -q '^SINEW_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; then
  echo "# a build with sanitizers is not for packages, skipped"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$*"; exit 1; }

env -u DESTDIR cpack --config "$build/CPackConfig.cmake" -G DEB -B "$work/made" -D CPACK_DEBIAN_COMPRESSION_TYPE=gzip \
  >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
package=$(echo "$work"/made/*.deb)
dpkg-deb --info "$package"
depends=$(dpkg-deb --field "$package" Depends)
for name in libpetsc libhdf5 libopenmpi openmpi-bin libyaml libdnnl; do
  [[ $depends == *$name* ]] || fail "does not depend on $name: $depends"
done

root=$work/root
dpkg-deb --extract "$package" "$root"
sinew=$root/usr/bin/sinew
! ldd "$sinew" | grep "not found" || exit 1
library=$(ldd "$sinew" | awk '/libsinew/ {print $3}')
[[ $(realpath "$library") == $(realpath "$root")/usr/lib/* ]] || fail "the library is not the package's: $library"
! grep -rlF "$build" "$root" --include='*.cmake' --include='*.pc' --include='*.h' || exit 1
[ -f "$root/usr/share/sinew/examples/quickstart.yaml" ] || fail "no examples in $(cd "$root" && find . -name '*.yaml')"

cd "$work"
mpirun -n 2 "$sinew" run "$root/usr/share/sinew/examples/quickstart.yaml" "grid.cells=[96,96]" time.end=0.5 output.directory=out >log 2>&1 || { cat log; exit 1; }
grep "^RESULT status=done code=0" log || { cat log; exit 1; }
"$sinew" info "$(ls out/checkpoints/*.h5 | tail -n 1)"
[ -s out/fields.xmf ] && [ -s out/history.csv ] && ls out/*.png

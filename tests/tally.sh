#!/bin/sh
# After a ctest run: the line "N passed, M failed[, K skipped]" out of the log that ctest is about to
# publish. Argument: the build folder. SINEW_TALLY=no keeps quiet, for callers that count themselves.
[ "${SINEW_TALLY:-yes}" = no ] && exit 0
cd "$1/Testing/Temporary" || exit 0
skipped=$(grep -c : LastTestsDisabled.log 2>/dev/null)
awk -v skipped="${skipped:-0}" '
  before ~ /^-----/ && $0 == "Test Passed." { ++passed }
  before ~ /^-----/ && $0 == "Test Failed." { ++failed }
  { before = $0 }
  END {
    printf "%d passed, %d failed", passed - skipped, failed
    if (skipped) printf ", %d skipped", skipped
    print ""
  }' LastTest.log.tmp

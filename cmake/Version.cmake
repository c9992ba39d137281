# Run as a script (cmake -DSOURCE=... -DVERSION=... -DOUTPUT=... -P Version.cmake) at every build:
# writes io/version.h, and touches it only when something changed. Outside a git checkout (a tarball)
# the revision is "unknown".
set(GIT_REVISION "")
find_program(GIT git)
if(GIT)
  get_filename_component(above ${SOURCE} DIRECTORY)
  set(ENV{GIT_CEILING_DIRECTORIES} ${above}) # a tarball unpacked inside somebody's repository is not that repository
  execute_process(COMMAND ${GIT} -c safe.directory=* -C ${SOURCE} describe --always --dirty --tags
                  OUTPUT_VARIABLE GIT_REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT GIT_REVISION)
  set(GIT_REVISION unknown)
endif()
string(REPLACE "." ";" parts ${VERSION})
list(GET parts 0 MAJOR)
list(GET parts 1 MINOR)
list(GET parts 2 PATCH)
configure_file(${SOURCE}/cmake/version.h.in ${OUTPUT} @ONLY)

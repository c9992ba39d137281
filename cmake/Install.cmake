# The library, the program, the headers, a CMake package, a pkg-config file; cpack -G DEB makes a package.

# ---- headers: public ones stand beside their sources and include each other by relative path ----
file(GLOB_RECURSE SINEW_HEADERS RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS
     io/*.h meshes/*.h operators/*.h neural/*.h solvers/*.h)
list(FILTER SINEW_HEADERS EXCLUDE REGEX "_(private|kernels)\\.h$")
# for those who write equations and trainings in this tree
list(FILTER SINEW_HEADERS EXCLUDE REGEX "^solvers/(equations/|trainings/|training_type)")
list(SORT SINEW_HEADERS)
set(umbrella "#ifndef SINEW_SINEW_H\n#define SINEW_SINEW_H\n/* Generated: all of Sinew. */\n#include \"io/version.h\"\n")
foreach(header ${SINEW_HEADERS})
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sinew/${folder})
  string(APPEND umbrella "#include \"${header}\"\n")
  file(STRINGS ${header} rooted REGEX "#include \"(io|meshes|operators|neural|solvers)/")
  if(rooted)
    message(WARNING "${header} is public, and must include its neighbours by relative path: ${rooted}")
  endif()
endforeach()
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/generated/sinew.h CONTENT "${umbrella}\n#endif\n")
install(FILES ${PROJECT_BINARY_DIR}/generated/sinew.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sinew)
install(FILES ${PROJECT_BINARY_DIR}/generated/io/version.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sinew/io)

# ---- library, program ----
file(RELATIVE_PATH to_lib /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
install(TARGETS sinew EXPORT SinewTargets)
set_target_properties(sinew PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
if(TARGET sinew_program)
  set_target_properties(sinew_program PROPERTIES INSTALL_RPATH "$ORIGIN/${to_lib}" INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS sinew_program)
endif()

# ---- decks to begin with; not in share/doc, which images of containers leave out ----
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DATADIR}/sinew USE_SOURCE_PERMISSIONS
        PATTERN "*.c" EXCLUDE PATTERN "out" EXCLUDE)
install(DIRECTORY examples/embed DESTINATION ${CMAKE_INSTALL_DATADIR}/sinew/examples)

# ---- for CMake and for pkg-config ----
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Sinew)
configure_package_config_file(cmake/SinewConfig.cmake.in SinewConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(SinewConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/SinewConfig.cmake ${PROJECT_BINARY_DIR}/SinewConfigVersion.cmake
        DESTINATION ${package_dir})
install(EXPORT SinewTargets NAMESPACE Sinew:: DESTINATION ${package_dir})

file(RELATIVE_PATH SINEW_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" SINEW_PC_UP "${SINEW_PC_UP}")
pkg_search_module(MPI_PC QUIET ompi-c mpich)
set(SINEW_PC_MPI "")
if(MPI_PC_FOUND)
  set(SINEW_PC_MPI ", ${MPI_PC_MODULE_NAME}")
endif()
set(SINEW_PC_PRIVATE "") # a shared library brings its own
set(SINEW_PC_DNNL "")
if(NOT BUILD_SHARED_LIBS)
  set(SINEW_PC_PRIVATE "${HDF5_MODULE_NAME} yaml-0.1 muparser libpng fftw3")
  set(SINEW_PC_DNNL "${DNNL_LIBRARY} ${FFTW_MPI_LIBRARY}")
endif()
configure_file(cmake/sinew.pc.in sinew.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sinew.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# ---- Debian package (configure with SINEW_ARCH=portable: it is for other machines too) ----
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sinew)
set(CPACK_PACKAGE_CONTACT "The Sinew developers <noreply@sinew.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS openmpi-bin)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "petsc-dev, libopenmpi-dev, pkg-config")
set(CPACK_STRIP_FILES ON)
include(CPack)

# The private copy of libbpf (vm/libbpf/private_libbpf.sh says what it is) and the door for hosts that call libbpf's own
# API. Defines
#   skep_private_libbpf_header  interface target for code that includes private_libbpf.hpp; carries the order of building
#   skep_add_private_libbpf(T)  puts the copy's object into the library T
#   skep_libbpf_door            static library with libbpf's public names, its system calls redirected to Skep
include_guard(GLOBAL)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBBPF REQUIRED libbpf>=1.4)
find_library(SKEP_LIBBPF_ARCHIVE NAMES libbpf.a HINTS ${LIBBPF_LIBRARY_DIRS} ${LIBBPF_LIBDIR} REQUIRED)

set(_libbpf_source ${PROJECT_SOURCE_DIR}/vm/libbpf)
set(SKEP_PRIVATE_LIBBPF_DIR ${PROJECT_BINARY_DIR}/private_libbpf)
set(_libbpf_products ${SKEP_PRIVATE_LIBBPF_DIR}/private_libbpf.o ${SKEP_PRIVATE_LIBBPF_DIR}/private_libbpf.hpp
  ${SKEP_PRIVATE_LIBBPF_DIR}/libbpf_door.o)
set(SKEP_PRIVATE_LIBBPF_COMMAND ${CMAKE_COMMAND} -E env LD=${CMAKE_LINKER} NM=${CMAKE_NM} OBJCOPY=${CMAKE_OBJCOPY}
  READELF=${CMAKE_READELF} CC=${CMAKE_C_COMPILER} sh ${_libbpf_source}/private_libbpf.sh)

add_custom_command(OUTPUT ${_libbpf_products}
  COMMAND ${SKEP_PRIVATE_LIBBPF_COMMAND} ${SKEP_LIBBPF_ARCHIVE} ${_libbpf_source}/symbols.txt ${SKEP_PRIVATE_LIBBPF_DIR}
  DEPENDS ${_libbpf_source}/private_libbpf.sh ${_libbpf_source}/symbols.txt ${SKEP_LIBBPF_ARCHIVE}
  COMMENT "Making the private copy of ${SKEP_LIBBPF_ARCHIVE}" VERBATIM)
add_custom_target(skep_private_libbpf DEPENDS ${_libbpf_products})

add_library(skep_private_libbpf_header INTERFACE)
target_include_directories(skep_private_libbpf_header SYSTEM INTERFACE
  $<BUILD_INTERFACE:${SKEP_PRIVATE_LIBBPF_DIR}> ${LIBBPF_INCLUDE_DIRS})
target_link_libraries(skep_private_libbpf_header INTERFACE elf z)
add_dependencies(skep_private_libbpf_header skep_private_libbpf)

function(skep_add_private_libbpf target)
  # In the caller's scope, this file's variables and what is known about the custom command's outputs may be missing.
  set(object ${PROJECT_BINARY_DIR}/private_libbpf/private_libbpf.o)
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  target_sources(${target} PRIVATE ${object})
  target_link_libraries(${target} PUBLIC elf z)
  add_dependencies(${target} skep_private_libbpf)
endfunction()

set_source_files_properties(${SKEP_PRIVATE_LIBBPF_DIR}/libbpf_door.o PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
add_library(skep_libbpf_door STATIC ${SKEP_PRIVATE_LIBBPF_DIR}/libbpf_door.o)
set_target_properties(skep_libbpf_door PROPERTIES LINKER_LANGUAGE C)
add_dependencies(skep_libbpf_door skep_private_libbpf)
target_link_libraries(skep_libbpf_door PUBLIC skep::skep)

# skep_bpf_object(NAME SOURCE [FLAGS...])
# Compiles a BPF program in C to ${CMAKE_CURRENT_BINARY_DIR}/NAME.bpf.o; the target NAME_bpf builds it, and its property
# BPF_OBJECT is the path. Needs clang, which the library itself does not: without it, calling this is the error.
include_guard(GLOBAL)
find_program(SKEP_BPF_CLANG NAMES clang-19 clang DOC "clang that compiles BPF programs")

function(skep_bpf_object name source)
  if(NOT SKEP_BPF_CLANG)
    message(FATAL_ERROR "${source}: clang is needed to compile BPF programs (or configure with -DSKEP_TESTS=OFF)")
  endif()
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
  get_filename_component(source ${source} ABSOLUTE)
  # The examples' headers come first: the distribution's <linux/bpf.h> may be older than the programs.
  set(includes)
  if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/examples/include)
    list(APPEND includes -I${PROJECT_SOURCE_DIR}/examples/include)
  endif()
  foreach(dir IN LISTS LIBBPF_INCLUDE_DIRS)
    list(APPEND includes -isystem ${dir})
  endforeach()
  # <asm/types.h> lies in the host's multi-arch folder, which clang does not search for BPF.
  if(CMAKE_C_LIBRARY_ARCHITECTURE)
    list(APPEND includes -idirafter /usr/include/${CMAKE_C_LIBRARY_ARCHITECTURE})
  endif()
  add_custom_command(OUTPUT ${object}
    COMMAND ${SKEP_BPF_CLANG} --target=bpf -mcpu=v3 -O2 -g -Wall ${includes} ${ARGN} -MD -MF ${object}.d -c ${source} -o ${object}
    DEPENDS ${source} DEPFILE ${object}.d
    COMMENT "Compiling ${name}.bpf.o" VERBATIM)
  add_custom_target(${name}_bpf ALL DEPENDS ${object})
  set_target_properties(${name}_bpf PROPERTIES BPF_OBJECT ${object})
endfunction()

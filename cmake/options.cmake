# Compiler options that every target of Skep shares, as the interface target skep_options.
add_library(skep_options INTERFACE)
target_compile_options(skep_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wcast-qual
  -Wno-missing-field-initializers)
# Programs alias memory of every type through their pointers, as in the kernel.
target_compile_options(skep_options INTERFACE -fno-strict-aliasing)
# g++ 12 sees overlaps and overflows in inlined std::string and std::vector code that cannot be (GCC bug 105329 and its kin).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(skep_options INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
# With sanitizers g++ also sees uninitialised reads that cannot be, in <regex> for one (GCC bug 105562).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND SKEP_SANITIZE)
  target_compile_options(skep_options INTERFACE -Wno-maybe-uninitialized)
endif()
if(SKEP_WERROR)
  target_compile_options(skep_options INTERFACE -Werror)
endif()
if(SKEP_SANITIZE)
  target_compile_options(skep_options INTERFACE -fsanitize=${SKEP_SANITIZE} -fno-omit-frame-pointer -g1 -O1)
  target_link_options(skep_options INTERFACE -fsanitize=${SKEP_SANITIZE})
  if(SKEP_SANITIZE MATCHES undefined)
    target_compile_options(skep_options INTERFACE -fno-sanitize-recover=undefined)
    target_link_options(skep_options INTERFACE -fno-sanitize-recover=undefined)
  endif()
endif()
target_include_directories(skep_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)

# skep_folder(NAME SOURCES ... [LINK ...])
# One folder of the architecture as an object library skep_NAME. LINK names the packages that its sources use.
function(skep_folder name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(skep_${name} OBJECT ${arg_SOURCES})
  target_link_libraries(skep_${name} PUBLIC skep_options fmt::fmt ${arg_LINK})
endfunction()

# skep_library(NAME FOLDER...)
# The one library that users link, skep::skep, from the objects of all folders.
function(skep_library name)
  set(folders ${ARGN})
  add_library(${name} STATIC)
  add_library(skep::skep ALIAS ${name})
  foreach(folder IN LISTS folders)
    target_link_libraries(${name} PUBLIC skep_${folder})
  endforeach()
endfunction()

# skep_test(NAME SOURCES...)
# One Catch2 executable; each of its test cases is a ctest test. Its first label is NAME.
function(skep_test name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE skep::skep Catch2::Catch2WithMain)
  target_compile_options(${name} PRIVATE -O1)  # tests are compiled more often than they run
  catch_discover_tests(${name} TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS ${name} SKIP_RETURN_CODE 4)
endfunction()

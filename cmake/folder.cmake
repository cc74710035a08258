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

# skep_test(NAME [THREADS] SOURCES...)
# One Catch2 executable; each of its test cases is a ctest test. Its label is NAME, with THREADS "NAME (threads)": what runs
# under the thread sanitizer too, and what the target threaded_tests builds.
add_custom_target(threaded_tests)
function(skep_test name)
  cmake_parse_arguments(arg "THREADS" "" "" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE skep::skep Catch2::Catch2WithMain)
  target_compile_options(${name} PRIVATE -O1)  # tests are compiled more often than they run
  set(label ${name})
  if(arg_THREADS)
    string(APPEND label " (threads)")
    add_dependencies(threaded_tests ${name})
  endif()
  catch_discover_tests(${name} TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${label}" SKIP_RETURN_CODE 4)
endfunction()

# The two kinds of target a room has: its library and its unit tests.

option(NATS3_FUZZ "Build the fuzz targets (needs clang)" OFF)
set(NATS3_SANITIZE "" CACHE STRING "Sanitizers to build with, such as address,undefined")

add_compile_options(-Wall -Wextra -Wno-missing-field-initializers -Wpedantic -Wshadow -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  # stable_sort of GCC 12's library uses what C++17 deprecated, and only clang reports it.
  add_compile_options(-Wno-deprecated-declarations)
endif()
if(NATS3_SANITIZE)
  add_compile_options(-fsanitize=${NATS3_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${NATS3_SANITIZE})
endif()
if(NATS3_SANITIZE MATCHES address AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # Its instrumentation hides from GCC that std::regex initialises what it uses.
  add_compile_options(-Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Its optimizer takes a string that is assigned a literal for one that overlaps it
  # (GCC bug 105651).
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-Wno-restrict>)
endif()
find_program(NATS3_MOLD mold)
if(NATS3_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# nats3_library(<room> SOURCES <file>... DEPS <target>...)
# Makes the static library nats3_<room>; its headers are included as "<room>/<file>.h".
function(nats3_library room)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(nats3_${room} STATIC ${ARG_SOURCES})
  target_include_directories(nats3_${room} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(nats3_${room} PUBLIC ${ARG_DEPS})
endfunction()

# nats3_test(<name> SOURCES <file>... DEPS <target>...)
# Makes a GoogleTest program and registers each of its cases with ctest. Tests run in the repository's
# root, so that no path of this machine is compiled in and ccache serves every clone.
function(nats3_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NATS3_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 10")
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  include(GoogleTest)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
                       WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
                       PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
                                  ENVIRONMENT "TSAN_OPTIONS=suppressions=tests/tsan.supp")
endfunction()

# nats3_embed(<target> FILE <file> FUNCTION <namespaces>::<name>)
# Compiles the bytes of a file of the repository into <target>, where the function gives them as a
# std::string_view. The file's header declares it; here is only the definition.
function(nats3_embed target)
  cmake_parse_arguments(ARG "" "FILE;FUNCTION" "" ${ARGN})
  string(REGEX REPLACE "^.*::" "" name ${ARG_FUNCTION})
  set(made ${CMAKE_CURRENT_BINARY_DIR}/${name}.embedded.cc)
  add_custom_command(OUTPUT ${made}
    COMMAND ${CMAKE_COMMAND} -D IN=${ARG_FILE} -D OUT=${made} -D FUNCTION=${ARG_FUNCTION}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${ARG_FILE} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${made})
endfunction()

# How every target of ours is compiled.
add_library(holdfast_flags INTERFACE)
target_compile_options(holdfast_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  -Wcast-qual -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough -Wswitch-enum -Werror -fno-omit-frame-pointer)
target_compile_definitions(holdfast_flags INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_USE_STD_STRING_VIEW
  HOLDFAST_VERSION="${PROJECT_VERSION}")
target_include_directories(holdfast_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
target_link_options(holdfast_flags INTERFACE -fuse-ld=lld-19)

set(HOLDFAST_SANITIZE "" CACHE STRING "address,undefined or thread or empty")
if(HOLDFAST_SANITIZE)
  target_compile_options(holdfast_flags INTERFACE -fsanitize=${HOLDFAST_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(holdfast_flags INTERFACE -fsanitize=${HOLDFAST_SANITIZE})
endif()

option(HOLDFAST_FUZZ "Build what libFuzzer runs (tests/fuzz), and nothing else" OFF)
if(HOLDFAST_FUZZ)
  target_compile_options(holdfast_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

# holdfast_room(NAME LINK ...): the static library of one folder. core/ has the code of include/holdfast: its part merge/
# is a library of its own, the rest is `core`.
function(holdfast_room name)
  cmake_parse_arguments(ROOM "" "" "LINK" ${ARGN})
  set(folders ${name})
  if(name STREQUAL "core")
    set(folders core/base core/model core/ports)
  elseif(name STREQUAL "merge")
    set(folders core/merge)
  endif()
  set(patterns ${folders})
  list(TRANSFORM patterns PREPEND ${PROJECT_SOURCE_DIR}/)
  list(TRANSFORM patterns APPEND /*.cc)
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  if(NOT sources)
    add_library(holdfast_${name} INTERFACE)
    target_link_libraries(holdfast_${name} INTERFACE holdfast_flags ${ROOM_LINK})
    return()
  endif()
  add_library(holdfast_${name} STATIC ${sources})
  target_link_libraries(holdfast_${name} PUBLIC holdfast_flags ${ROOM_LINK})
  # Asio costs some 3 s a file; the rooms that are made of it share its parse.
  if(name MATCHES "^(net|watchers|engine|simulator|app)$")
    target_compile_options(holdfast_${name} PRIVATE -fpch-instantiate-templates)
    target_precompile_headers(holdfast_${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/asio_precompiled.h)
  endif()
endfunction()

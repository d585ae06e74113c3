# How everything here is compiled, and the two functions that rooms and their tests are made with.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O3 -g")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
file(STRINGS ${CMAKE_SOURCE_DIR}/sdk/include/perdure/status.h PERDURE_ABI_MAJOR REGEX "^#define PDR_ABI_MAJOR ")
string(REGEX MATCH "[0-9]+" PERDURE_ABI_MAJOR "${PERDURE_ABI_MAJOR}")
set(PERDURE_PLUGIN_OUTPUT ${CMAKE_BINARY_DIR}/lib/perdure/plugins/${PERDURE_ABI_MAJOR})

add_compile_definitions(_GNU_SOURCE PERDURE_VERSION="${PROJECT_VERSION}")
add_compile_definitions(PDR_VISIBLE_MINOR=PDR_ABI_MINOR) # a host sees every member of its own headers
# No contraction into fused multiply-adds: the same source gives the same bits whatever the compiler may use.
add_compile_options(-ffp-contract=off -fstack-protector-strong -fno-strict-aliasing)
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(PERDURE_SANITIZE)
  add_compile_options(-fsanitize=${PERDURE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PERDURE_SANITIZE})
endif()

set(PERDURE_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Wformat=2
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes> $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>)
if(PERDURE_WERROR)
  list(APPEND PERDURE_WARNINGS -Werror)
endif()

# perdure_room(NAME x SOURCES a.c ... [USES rooms ...] [LIBS libraries ...]): a static library room_x.
function(perdure_room)
  cmake_parse_arguments(R "" "NAME" "SOURCES;USES;LIBS" ${ARGN})
  add_library(room_${R_NAME} STATIC ${R_SOURCES})
  target_include_directories(room_${R_NAME} PUBLIC ${CMAKE_SOURCE_DIR}/core ${CMAKE_SOURCE_DIR}/sdk/include)
  target_compile_options(room_${R_NAME} PRIVATE ${PERDURE_WARNINGS})
  list(TRANSFORM R_USES PREPEND room_)
  target_link_libraries(room_${R_NAME} PRIVATE ${R_USES} ${R_LIBS})
endfunction()

# Environment that every test gets. intercept_tls_get_addr=0: the runtime of GCC up to 13 takes some thread-local blocks for those
# of a glibc before 2.25, and LeakSanitizer then reads from a wild address (google/sanitizers#1322).
function(perdure_test_environment NAME)
  set_property(TEST ${NAME} APPEND PROPERTY ENVIRONMENT
    PERDURE_SOURCE_DIR=${CMAKE_SOURCE_DIR} PERDURE_BUILD_DIR=${CMAKE_BINARY_DIR} TORCH_ROOT=${PERDURE_TORCH_ROOT}
    XDG_CACHE_HOME=${CMAKE_BINARY_DIR}/cache
    ASAN_OPTIONS=detect_container_overflow=0:intercept_tls_get_addr=0:allocator_may_return_null=1)
  set_property(TEST ${NAME} PROPERTY SKIP_RETURN_CODE 77)
endfunction()

# perdure_unit_test(ROOM x NAME y [SOURCES more ...] [LIBS ...]): tests/unit/x/test_y.c as CTest unit.x.y.
function(perdure_unit_test)
  cmake_parse_arguments(T "" "ROOM;NAME" "SOURCES;LIBS" ${ARGN})
  set(target test_${T_ROOM}_${T_NAME})
  set(main test_${T_NAME}.c)
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${main})
    set(main test_${T_NAME}.cpp)
  endif()
  add_executable(${target} ${main} ${T_SOURCES})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/core ${CMAKE_SOURCE_DIR}/sdk/include)
  target_compile_options(${target} PRIVATE ${PERDURE_WARNINGS})
  target_link_libraries(${target} PRIVATE room_${T_ROOM} ${T_LIBS} cmocka m)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME unit.${T_ROOM}.${T_NAME} COMMAND ${target})
  set_property(TEST unit.${T_ROOM}.${T_NAME} PROPERTY LABELS unit)
  perdure_test_environment(unit.${T_ROOM}.${T_NAME})
endfunction()

# perdure_script_test(NAME a.b LABEL l COMMAND ...): a script as a CTest; exit 77 skips.
function(perdure_script_test)
  cmake_parse_arguments(T "" "NAME;LABEL" "COMMAND" ${ARGN})
  add_test(NAME ${T_NAME} COMMAND ${T_COMMAND})
  set_property(TEST ${T_NAME} PROPERTY LABELS ${T_LABEL})
  perdure_test_environment(${T_NAME})
endfunction()

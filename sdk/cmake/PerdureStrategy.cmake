# perdure_add_strategy(NAME source ...): a strategy as a shared object NAME.so that exports perdure_plugin and nothing else.
#
# Needs the headers alone: set PERDURE_INCLUDE to the folder that holds perdure/ when this file does not lie in its SDK.
# In Perdure's own tree the object goes to PERDURE_PLUGIN_OUTPUT, elsewhere to where CMake builds.

set(PERDURE_STRATEGY_FOLDER ${CMAKE_CURRENT_LIST_DIR})
if(NOT PERDURE_INCLUDE)
  set(PERDURE_INCLUDE ${CMAKE_CURRENT_LIST_DIR}/../include)
endif()

function(perdure_add_strategy NAME)
  add_library(${NAME} MODULE ${ARGN})
  target_include_directories(${NAME} PRIVATE ${PERDURE_INCLUDE})
  target_compile_options(${NAME} PRIVATE -Wall -Wextra -Wconversion -fvisibility=hidden ${PERDURE_WARNINGS})
  target_link_libraries(${NAME} PRIVATE m)
  target_link_options(${NAME} PRIVATE LINKER:--version-script=${PERDURE_STRATEGY_FOLDER}/strategy.map)
  if(NOT PERDURE_SANITIZE) # a sanitizer's run-time is found in the program
    target_link_options(${NAME} PRIVATE LINKER:-z,defs)
  endif()
  set_target_properties(${NAME} PROPERTIES PREFIX "" SUFFIX ".so")
  if(PERDURE_PLUGIN_OUTPUT)
    set_target_properties(${NAME} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PERDURE_PLUGIN_OUTPUT})
  endif()
endfunction()

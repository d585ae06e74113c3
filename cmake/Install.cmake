# What `cmake --install` puts where. The program finds all of it from where it lies itself (core/base/program.h), so a prefix may
# be moved as a whole; for the same reason libraries are in lib/ on every system, and never in lib64/ or lib/x86_64-linux-gnu/.
# Two parts: `program`, for who runs scenarios, and `sdk`, for who writes strategies (cmake/Packages.cmake).

set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS # a plugin in a folder that everyone may write to is refused
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(share share/perdure)

# ---- program ----

install(TARGETS perdure RUNTIME DESTINATION bin COMPONENT program)
foreach(object perdure_engine perdure_fetch perdure_archive) # perdure_archive: where libarchive was found
  if(TARGET ${object})
    install(TARGETS ${object} LIBRARY DESTINATION lib COMPONENT program)
  endif()
endforeach()

# Every strategy of plugins/, a folder each.
get_property(folders DIRECTORY ${CMAKE_SOURCE_DIR}/plugins PROPERTY SUBDIRECTORIES)
foreach(folder ${folders})
  get_property(strategies DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  install(TARGETS ${strategies} LIBRARY DESTINATION lib/perdure/plugins/${PERDURE_ABI_MAJOR} COMPONENT program)
endforeach()

install(FILES examples/data/digits.csv.gz DESTINATION ${share}/data COMPONENT program)
file(GLOB scenarios RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS examples/*/*.yaml)
list(FILTER scenarios EXCLUDE REGEX own-strategy) # goes with its sources, below
foreach(scenario ${scenarios})
  get_filename_component(folder ${scenario} DIRECTORY)
  install(FILES ${scenario} DESTINATION ${share}/${folder} COMPONENT program)
endforeach()

# What fetches LibTorch, with the hashes of the one that was built against, where they are known.
install(PROGRAMS scripts/perdure-setup-torch DESTINATION bin COMPONENT program)
install(FILES scripts/common.sh scripts/torch.sh scripts/unpack.py DESTINATION ${share}/setup COMPONENT program)
foreach(list cpu ${PERDURE_TORCH_VERSION})
  if(EXISTS ${CMAKE_SOURCE_DIR}/scripts/libtorch-${list}.txt)
    file(STRINGS scripts/libtorch-${list}.txt version REGEX "^torch==[0-9.]+")
    if(version MATCHES "^torch==${PERDURE_TORCH_VERSION}( |$)")
      install(FILES scripts/libtorch-${list}.txt DESTINATION ${share}/setup RENAME libtorch.txt COMPONENT program)
      if(list STREQUAL cpu)
        install(FILES scripts/libtorch-gpu.txt DESTINATION ${share}/setup COMPONENT program)
      endif()
    endif()
  endif()
endforeach()

# Man pages and completions (core/cli/CMakeLists.txt). Debian's zsh reads those of packages in a folder of its own.
install(DIRECTORY ${CMAKE_BINARY_DIR}/share/words/ DESTINATION share COMPONENT program)
install(FILES ${CMAKE_BINARY_DIR}/share/words/zsh/site-functions/_perdure DESTINATION share/zsh/vendor-completions COMPONENT program)
install(FILES scripts/perdure-setup-torch.1 DESTINATION share/man/man1 COMPONENT program)

install(FILES LICENSE DESTINATION share/doc/perdure RENAME copyright COMPONENT program)
install(FILES README.md CHANGELOG.md DESTINATION share/doc/perdure COMPONENT program)

# ---- sdk ----

include(CMakePackageConfigHelpers)
set(generated ${CMAKE_BINARY_DIR}/sdk)
install(DIRECTORY sdk/include/perdure DESTINATION include COMPONENT sdk FILES_MATCHING PATTERN "*.h")
install(DIRECTORY examples/own-strategy examples/strategies DESTINATION ${share}/examples COMPONENT sdk
  PATTERN "*.so" EXCLUDE PATTERN build EXCLUDE PATTERN runs EXCLUDE
  PATTERN lines EXCLUDE PATTERN avalanche.json EXCLUDE) # which count lines, and need the checkout
configure_file(sdk/cmake/perdure.pc.in ${generated}/perdure.pc @ONLY)
configure_file(sdk/cmake/PerdureConfig.cmake.in ${generated}/PerdureConfig.cmake @ONLY)
write_basic_package_version_file(${generated}/PerdureConfigVersion.cmake COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES ${generated}/perdure.pc DESTINATION lib/pkgconfig COMPONENT sdk)
install(FILES ${generated}/PerdureConfig.cmake ${generated}/PerdureConfigVersion.cmake
  sdk/cmake/PerdureStrategy.cmake sdk/cmake/strategy.map DESTINATION lib/cmake/Perdure COMPONENT sdk)
install(FILES LICENSE DESTINATION share/doc/perdure-dev RENAME copyright COMPONENT sdk)

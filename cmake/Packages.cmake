# Debian packages, by `cpack` in the build folder: perdure, and perdure-dev for who writes strategies. LibTorch is no part of them
# and no dependency: perdure-setup-torch fetches it, or TORCH_ROOT names one.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME perdure)
set(CPACK_PACKAGE_VENDOR "The Perdure developers")
set(CPACK_PACKAGE_CONTACT "The Perdure developers") # whoever hands packages out: cpack -D CPACK_PACKAGE_CONTACT="NAME <ADDRESS>"
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program sdk)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME perdure)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "Trains a network task after task, measures what it forgets, and compares
strategies, as one scenario file says. Strategies are shared objects behind
one small C interface.

LibTorch is not in it: perdure-setup-torch fetches the one that it was built
against.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PERDURE_TORCH_ROOT}/lib) # found there, and in no package: left out
# python3-pip: perdure-setup-torch. libmicrohttpd12: output.metrics_port, opened when it is asked for.
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "python3-pip, ca-certificates, libmicrohttpd12")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "perdure-dev")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/cmake/debian/postrm)

set(CPACK_DEBIAN_SDK_PACKAGE_NAME perdure-dev)
set(CPACK_DEBIAN_SDK_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_SDK_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_SDK_PACKAGE_DEPENDS "perdure (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_SDK_PACKAGE_RECOMMENDS "gcc | c-compiler, make, pkgconf")
set(CPACK_COMPONENT_SDK_DESCRIPTION "Headers for strategies: what one is compiled against, by make, pkg-config or CMake's
 find_package(Perdure). perdure plugin new makes one to begin with.")
include(CPack)

# LibTorch as it lies in the Python wheel: -DTORCH_ROOT or $TORCH_ROOT, else .deps/libtorch/torch (scripts/setup).
# Never find_package(Torch): its configuration of the CUDA wheel demands a CUDA toolkit even for the CPU.

set(TORCH_ROOT "" CACHE PATH "Folder with LibTorch's lib/ and include/")
set(PERDURE_TORCH_ROOT ${TORCH_ROOT})
if(NOT PERDURE_TORCH_ROOT AND DEFINED ENV{TORCH_ROOT})
  set(PERDURE_TORCH_ROOT $ENV{TORCH_ROOT})
endif()
if(NOT PERDURE_TORCH_ROOT)
  set(PERDURE_TORCH_ROOT ${CMAKE_SOURCE_DIR}/.deps/libtorch/torch)
endif()

foreach(library torch_cpu c10)
  if(NOT EXISTS ${PERDURE_TORCH_ROOT}/lib/lib${library}.so)
    message(FATAL_ERROR "found no lib/lib${library}.so in ${PERDURE_TORCH_ROOT}; expected LibTorch >= 2.6 there\n"
      "hint: run scripts/setup, or set TORCH_ROOT to the folder that holds LibTorch's lib/ and include/")
  endif()
endforeach()

# The version stands in another header since 2.9.
set(PERDURE_TORCH_VERSION 0)
foreach(header torch/headeronly/version.h torch/version.h torch/csrc/api/include/torch/version.h)
  if(EXISTS ${PERDURE_TORCH_ROOT}/include/${header})
    file(STRINGS ${PERDURE_TORCH_ROOT}/include/${header} lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
    string(REGEX MATCHALL "[0-9]+" numbers "${lines}")
    list(LENGTH numbers count)
    if(count EQUAL 3)
      list(JOIN numbers "." PERDURE_TORCH_VERSION)
      break()
    endif()
  endif()
endforeach()
if(PERDURE_TORCH_VERSION VERSION_LESS 2.6)
  message(FATAL_ERROR "found LibTorch ${PERDURE_TORCH_VERSION} in ${PERDURE_TORCH_ROOT}; expected 2.6 or later")
endif()

# Wheels before 2.7 were built with the old std::string. Which one it is shows in the symbols: c10::Error's constructor
# takes a std::string, whose new form carries __cxx11 in its name.
file(STRINGS ${PERDURE_TORCH_ROOT}/lib/libc10.so symbols LIMIT_COUNT 1
  REGEX "_ZN3c105ErrorC[12]ENS_14SourceLocationENSt7__cxx1112basic_string")
set(PERDURE_TORCH_CXX11_ABI 0)
if(symbols)
  set(PERDURE_TORCH_CXX11_ABI 1)
endif()

file(GLOB nvidia_folders ${PERDURE_TORCH_ROOT}/../nvidia/*/lib)
add_library(perdure_torch INTERFACE)
target_include_directories(perdure_torch SYSTEM INTERFACE
  ${PERDURE_TORCH_ROOT}/include ${PERDURE_TORCH_ROOT}/include/torch/csrc/api/include)
target_compile_definitions(perdure_torch INTERFACE _GLIBCXX_USE_CXX11_ABI=${PERDURE_TORCH_CXX11_ABI})
target_link_directories(perdure_torch INTERFACE ${PERDURE_TORCH_ROOT}/lib)
target_link_libraries(perdure_torch INTERFACE -Wl,--no-as-needed torch_cpu c10 -Wl,--as-needed)
foreach(folder ${PERDURE_TORCH_ROOT}/lib ${nvidia_folders})
  target_link_options(perdure_torch INTERFACE -Wl,-rpath-link,${folder})
endforeach()
message(STATUS "LibTorch ${PERDURE_TORCH_VERSION} (C++11 string ABI: ${PERDURE_TORCH_CXX11_ABI}) in ${PERDURE_TORCH_ROOT}")
set(PerdureTorch_FOUND TRUE)

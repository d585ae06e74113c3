/* The sparse products with vectors of 512 bits; compiled for processors that have them, see CMakeLists.txt. */
#define LANES 16
#define NAMED(function) function##_512
#include "engine/planned_sparse_loops.h"

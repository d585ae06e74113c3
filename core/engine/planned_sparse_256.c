/* The sparse products with vectors of 256 bits; compiled for processors that have them, see CMakeLists.txt. */
#define LANES 8
#define NAMED(function) function##_256
#include "engine/planned_sparse_loops.h"

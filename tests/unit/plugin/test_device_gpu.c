/* test_device.c on a GPU; skipped where there is none. */
#define DEVICE "cuda:0"
#include "test_device.c"

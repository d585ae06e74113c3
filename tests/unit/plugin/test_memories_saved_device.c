/* test_memories_saved.c with rows on the run's device. */
#define WHERE "device"
#include "test_memories_saved.c"

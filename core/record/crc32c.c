/* See crc32c.h. A byte at a time: a point of a trace is a hundred of them, every tenth step. */
#include "record/crc32c.h"

static const uint32_t POLYNOMIAL = 0x82F63B78; /* reflected */

static uint32_t table_entry(uint32_t byte)
{
    for (int bit = 0; bit < 8; bit++)
        byte = byte & 1 ? byte >> 1 ^ POLYNOMIAL : byte >> 1;
    return byte;
}

uint32_t crc32c(const void *bytes, size_t count)
{
    static uint32_t table[256];
    const uint8_t *at = bytes;
    uint32_t crc = UINT32_MAX;
    if (!table[1])
        for (uint32_t i = 0; i < 256; i++)
            table[i] = table_entry(i);
    for (; count > 0; count--, at++)
        crc = table[(crc ^ *at) & 255] ^ crc >> 8;
    return ~crc;
}

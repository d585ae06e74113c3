/* A raster of bytes, on its way from whoever has something to show to the file that it becomes. */
#ifndef PERDURE_BASE_PICTURE_H
#define PERDURE_BASE_PICTURE_H
#include <stdint.h>

typedef struct picture {
    int64_t width, height;
    int64_t channels;      /* 1: grey, 3: red, green, blue */
    const uint8_t *pixels; /* [height, width, channels]; borrowed */
} picture;

#endif

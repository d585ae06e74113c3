/* samples/NAME.png: pictures that strategies show, put together in memory and written whole. */
#include <dirent.h>
#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/record.h"

static png_image image_of(const picture *p)
{
    return (png_image){.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)p->width,
                       .height = (png_uint_32)p->height,
                       .format = p->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
}

/* Room for the most that it may take, of which the kernel gives what is written: to count first would compress twice. */
int record_picture_png(const picture *p, const char *path, void **bytes, size_t *count, error *e)
{
    png_image image = image_of(p);
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    *bytes = alloc_zero(size, 1);
    if (png_image_write_to_memory(&image, *bytes, &size, 0, p->pixels, 0, NULL)) {
        *count = size;
        return 0;
    }
    free(*bytes);
    *bytes = NULL;
    return error_set(e, EXIT_INTERNAL, "%s: the picture cannot be written: %s", path, image.message);
}

int record_picture(const char *folder, const char *name, const picture *p, error *e)
{
    char *samples = alloc_format("%s/samples", folder), *path = alloc_format("%s/%s.png", samples, name);
    void *bytes = NULL;
    size_t count = 0;
    int code = record_picture_png(p, path, &bytes, &count, e);
    if (!code && !(code = folder_make(samples, e)))
        code = file_write(path, bytes, count, e);
    free(bytes);
    free(path);
    free(samples);
    return code;
}

static bool is_picture(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && !strcmp(name + length - 4, ".png");
}

int record_pictures_remove(const char *folder, error *e)
{
    char *samples = alloc_format("%s/samples", folder);
    DIR *names = opendir(samples);
    struct dirent *one;
    int code = 0;
    while (names && !code && (one = readdir(names)))
        if (is_picture(one->d_name) && unlinkat(dirfd(names), one->d_name, 0) != 0 && errno != ENOENT)
            code = error_system(e, EXIT_IO, "%s/%s: cannot be removed", samples, one->d_name);
    if (names)
        closedir(names);
    rmdir(samples); /* where something else lies in it, it stays */
    free(samples);
    return code;
}

/* Pictures in the folder of a cell: what was shown is what a reader gets, and they go with the cell. read_png.py is the
 * other reader: `test_record_picture --write FOLDER` leaves it the same two pictures. */
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"
#include "base/alloc.h"
#include "base/file.h"
#include "record/record.h"

static const uint8_t grey[6] = {0, 1, 127, 128, 254, 255};
static const uint8_t colours[12] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 80, 200};
static const picture pictures[2] = {{3, 2, 1, grey}, {2, 2, 3, colours}};

static void read_back(const char *path, const picture *want)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_file(&image, path));
    assert_int_equal(image.width, want->width);
    assert_int_equal(image.height, want->height);
    image.format = want->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    uint8_t got[64] = {0};
    assert_int_equal(PNG_IMAGE_SIZE(image), want->width * want->height * want->channels);
    assert_true(png_image_finish_read(&image, NULL, got, 0, NULL));
    assert_memory_equal(got, want->pixels, (size_t)(want->width * want->height * want->channels));
}

static char *below(const char *folder, const char *name) { return alloc_format("%s/%s", folder, name); }

static void pictures_read_back_to_the_bit(void **state)
{
    (void)state;
    char folder[] = "/tmp/perdure-picture-XXXXXX";
    error e = {0};
    assert_non_null(mkdtemp(folder));
    char *path = below(folder, "samples/a.png"), *other = below(folder, "samples/kept.txt"),
         *samples = below(folder, "samples");
    for (int i = 0; i < 2; i++) { /* the second replaces the first */
        assert_int_equal(record_picture(folder, "a", &pictures[i], &e), 0);
        read_back(path, &pictures[i]);
    }
    assert_int_equal(file_write(other, "x", 1, &e), 0);
    assert_int_equal(record_remove(folder, true, &e), 0);
    assert_false(file_exists(path));
    assert_true(file_exists(other)); /* what Perdure does not write stays */
    assert_int_equal(unlink(other), 0);
    assert_int_equal(record_remove(folder, true, &e), 0);
    assert_false(folder_exists(samples));
    assert_int_equal(rmdir(folder), 0);
    free(path);
    free(other);
    free(samples);
}

static void a_folder_in_the_way_is_said(void **state)
{
    (void)state;
    char folder[] = "/tmp/perdure-picture-XXXXXX";
    error e = {0};
    assert_non_null(mkdtemp(folder));
    char *in_the_way = below(folder, "samples");
    assert_int_equal(file_write(in_the_way, "x", 1, &e), 0);
    assert_int_equal(record_picture(folder, "a", &pictures[0], &e), EXIT_CREATE);
    assert_non_null(strstr(e.text, "/samples: found no way to create this folder"));
    assert_int_equal(unlink(in_the_way), 0);
    assert_int_equal(rmdir(folder), 0);
    free(in_the_way);
}

int main(int count, char **arguments)
{
    if (count == 3 && !strcmp(arguments[1], "--write")) {
        error e = {0};
        return record_picture(arguments[2], "grey", &pictures[0], &e) ||
               record_picture(arguments[2], "colours", &pictures[1], &e);
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(pictures_read_back_to_the_bit),
                                       cmocka_unit_test(a_folder_in_the_way_is_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

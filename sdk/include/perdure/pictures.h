/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * perdure/pictures.h: extension "perdure.pictures/1", a draft: pictures in the folder of the cell.
 *
 *     const pdr_pictures_api *pictures = host->extension(host, PDR_PICTURES);
 *     if (pictures)
 *         pictures->grid(s, "after-task-1", samples, 10);
 *
 * What a strategy generates or keeps is best judged by looking at it.
 */
#ifndef PERDURE_PICTURES_H
#define PERDURE_PICTURES_H

#include <perdure/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The id to ask host->extension() for. */
#define PDR_PICTURES "perdure.pictures/1"

/** What the extension answers with; borrowed, as long as the host. */
typedef struct pdr_pictures_api {
    uint32_t struct_size, reserved;

    /** [waits] Writes n rows as one picture, samples/STRATEGY.NAME.png in the folder of the cell, whole or not at all;
     * one of that name is replaced. rows [n, H, W] or [n, 1, H, W] grey, [n, 3, H, W] red, green and blue: values in
     * 0..1, 0 black, 1 the full colour, cut to that range and rounded to one of 256. `columns` of them stand side by
     * side, row by row, edge to edge; what is left of the last line is black. name: 1 to 64 lower-case letters, digits,
     * '-', '_'. Where a cell has no folder nothing is read and nothing written.
     * PDR_EINVALID: no rows, another shape, columns below 1, another name, more than 2^26 pixels. PDR_ENOTFINITE: a
     * value that is no number or infinite. PDR_EIO: the file cannot be written. */
    pdr_status (*grid)(pdr_scope *s, const char *name, const pdr_tensor *rows, int64_t columns);
} pdr_pictures_api;

#ifdef __cplusplus
}
#endif
#endif

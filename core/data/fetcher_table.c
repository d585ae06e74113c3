/* What libperdure_fetch.so shows: one function, and behind it the table of fetch.h, with holes where the build had no
 * library. */
#include "data/transfer.h"

__attribute__((visibility("default"))) const fetcher *perdure_fetcher(uint32_t version);

static const fetcher table = {
    .version = FETCHER_VERSION,
#ifdef PERDURE_CURL
    .curl = transfer_library,
    .download = transfer_download,
#endif
#ifdef PERDURE_ARCHIVE
    .archive = unarchive_library,
    .unpack = unarchive,
#endif
};

const fetcher *perdure_fetcher(uint32_t version) { return version == FETCHER_VERSION ? &table : NULL; }

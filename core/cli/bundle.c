/* `perdure bundle RUN FILE`: a run as one archive that another machine can verify. */
#include "run/bundle.h"

#include <stdio.h>

#include "cli/cli.h"

static int bundle_run(const call *c, error *e)
{
    bundle_options o = {call_has(c, "--checkpoints"), call_has(c, "--data"), call_value(c, "--licence")};
    const char *file = c->arguments[1];
    long count = 0;
    int code = bundle_write(c->arguments[0], file, &o, &count, e);
    if (!code)
        fprintf(stderr, "perdure: %ld files are in %s\n", count, file);
    return code;
}

static const option_row options[] = {
    {"--data", NULL, "puts the data files in as well; think of their licence"},
    {"--checkpoints", NULL, "checkpoints and memories on disk as well"},
    {"--licence", "NAME", "of the archive, for its metadata: CC-BY-4.0"},
    {NULL, NULL, NULL},
};

const command command_bundle = {
    .name = "bundle",
    .arguments = "RUN FILE",
    .summary = "A run as one archive (tar.gz) that another machine can verify",
    .detail = "RUN: the folder of a run that has ended. In it are scenario, plan, manifests, results, logs, weights, "
              "plugins that do\n"
              "not come with Perdure, a README.md and ro-crate-metadata.json (a Process Run Crate). The same run gives "
              "the same\n"
              "bytes; times are SOURCE_DATE_EPOCH, or that of the last cell. The manifests name the machine and the "
              "paths of\n"
              "files: who must stay unnamed reads them first.",
    .options = options,
    .least = 2,
    .most = 2,
    .run = bundle_run,
};

/* perdure: the table of contents of the program. Each row is a file of core/cli; what they have in common (options,
 * help, "did you mean", exit codes) is in core/cli/cli.c. From a command the way goes scenario -> plan -> run -> train
 * -> record -> report, one folder each. */
#include "cli/cli.h"

static const command *const commands[] = {
    &command_run,      /* trains and compares the methods of a scenario */
    &command_check,    /* all that is wrong with a scenario, or its plan */
    &command_report,   /* the tables of a run that is there, in other forms */
    &command_compare,  /* runs side by side, and what differs in how they were made */
    &command_verify,   /* whether a run is what its manifests say, and comes out again */
    &command_bundle,   /* a run as one archive that another machine can verify */
    &command_cite,     /* what to cite of a scenario, as BibTeX */
    &command_bench,    /* speed of methods beside the bare engine loop, on this machine */
    &command_list,     /* strategies, sets, networks, metrics */
    &command_describe, /* one of them, or the scenario file itself */
    &command_memory,   /* a memory on disk: what it holds, whether it is whole */
    &command_data,     /* data sets: which are at hand, bringing one in */
    &command_plugin,   /* for authors of strategies: whether one keeps the rules */
    &command_doctor,   /* whether this machine can run it all */
    &command_help,     NULL,
};

int main(int argc, char **argv) { return cli_main(commands, argc, argv); }

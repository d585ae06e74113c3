/* `perdure doctor`: whether this machine can run it all, line by line, and for each line that is not good what to do. */
#include <perdure/status.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/findings.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif
#ifdef __OPTIMIZE__
#define OPTIMIZED true
#else
#define OPTIMIZED false
#endif

static void program_look(findings *f)
{
    f->section = "program";
    finding_add(f, GOOD, "perdure", NULL, "%s, plugin ABI %u.%u", PERDURE_VERSION, PDR_ABI_VERSION >> 16,
                PDR_ABI_VERSION & 0xffffu);
    bool fast = OPTIMIZED && !SANITIZED;
    finding_add(f, fast ? GOOD : WARNING, "build", fast ? NULL : "slow: build with -DCMAKE_BUILD_TYPE=Release",
#ifdef __clang__
                "%s"
#else
                "GCC %s"
#endif
                "%s%s",
                __VERSION__, OPTIMIZED ? ", optimised" : ", not optimised", SANITIZED ? ", with AddressSanitizer" : "");
}

static int doctor_run(const call *c, error *e)
{
    findings f = {.rows = json_array()};
    program_look(&f);
    torch_look(&f);
    machine_look(&f);
    disks_look(&f);
    parts_look(&f);
    bool bad = findings_bad(&f);
    int code;
    if (call_has(c, "--json"))
        code =
            cli_json(json_pack("{s:s, s:b, s:O}", "schema", "perdure.doctor/1", "good", !bad, "findings", f.rows), e);
    else
        code = findings_print(&f, e);
    json_decref(f.rows);
    return code ? code : bad ? EXIT_FAILED : 0;
}

static const option_row options[] = {
    {"--json", NULL, "one object on standard output: perdure.doctor/1"},
    {NULL, NULL, NULL},
};

const command command_doctor = {
    .name = "doctor",
    .arguments = "",
    .summary = "Whether this machine can run it all: LibTorch, CUDA, GPUs, limits, disks, plugins",
    .detail = "Each line is good, a warning or bad, with what to do. Exit 0 unless a line is bad, then 1.",
    .options = options,
    .run = doctor_run,
};

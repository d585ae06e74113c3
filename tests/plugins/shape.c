/* SPDX-License-Identifier: Apache-2.0 */
/* One fault a copy: what is wrong with this plugin is what its file is named for (abort.so, name_null.so). The rows below
 * are all that it can be. A file of another name is a good strategy that does nothing. */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tiny.h"

typedef struct {
    int64_t rows;
    const char *word;
} config;

static pdr_param params[3] = {
    {.key = "rows", .help = "unused", .type = PDR_PARAM_INT, .offset = 0, .fallback = "5", .min = 1, .max = 10}};

static pdr_status after_run(void *self) { return self ? PDR_OK : PDR_ERROR; }
static pdr_status before_run(void *self, int64_t steps) { return self && steps >= 0 ? PDR_OK : PDR_ERROR; }

/* Longer than this host's, as a newer header's would be; only its first bytes are a pdr_hooks. */
static struct {
    pdr_hooks known;
    uint64_t tail[4];
} hooks = {{PDR_HOOKS, .after_run = after_run}, {0, 0, 0, 0}};

static char wanted[32]; /* the name of this file, without .so */

static pdr_status make(const pdr_host *host, const void *filled, void **self)
{
    static char words[3000];
    (void)filled;
    *self = words;
    if (!strcmp(wanted, "create_fails"))
        return host->fail(host, PDR_EINVALID, "no licence for 3 rows");
    if (!strcmp(wanted, "create_says_nothing"))
        return PDR_ENOMEM;
    if (!strcmp(wanted, "create_shouts")) {
        memset(words, 'x', sizeof words - 1);
        memcpy(words, "\x1b[31mred\nline caf\xe9", 18);
        return host->fail(host, PDR_EINVALID, words);
    }
    return PDR_OK;
}

static void unmake(void *self) { (void)self; }

static struct {
    pdr_plugin known;
    uint64_t tail[4];
} plugin = {{.abi_version = PDR_ABI_VERSION,
             .struct_size = sizeof(pdr_plugin),
             .name = "shape",
             .version = "1.0",
             .summary = "wrong on purpose",
             .params = params,
             .param_size = sizeof(pdr_param),
             .config_size = sizeof(config),
             .state_version = 1,
             .hooks = &hooks.known,
             .create = make,
             .destroy = unmake},
            {1, 2, 3, 4}};

static char long_name[100001];
static const char *const bad_words[] = {"fine", "\x1b[2J", NULL};

/* ---- what the descriptor can be ---- */

static void abi_garbage(pdr_plugin *p) { p->abi_version = 0xdeadbeefu; }
static void abi_zero(pdr_plugin *p) { p->abi_version = 9; }
static void abi_two(pdr_plugin *p) { p->abi_version = 2u << 16; }
static void abi_newer(pdr_plugin *p) { p->abi_version = PDR_ABI_VERSION + 1; }
static void size_small(pdr_plugin *p) { p->struct_size = 64; }
static void size_large(pdr_plugin *p) { p->struct_size = 8192; }
static void size_odd(pdr_plugin *p) { p->struct_size = sizeof *p + 4; }
static void size_newer(pdr_plugin *p) { p->struct_size = sizeof plugin, hooks.known.struct_size = sizeof hooks; }
static void hooks_small(pdr_plugin *p) { p->hooks = &hooks.known, hooks.known.struct_size = 4; }
static void hooks_large(pdr_plugin *p) { p->hooks = &hooks.known, hooks.known.struct_size = 8000; }
static void hooks_odd(pdr_plugin *p) { p->hooks = &hooks.known, hooks.known.struct_size = 20; }
static void hooks_older(pdr_plugin *p)
{
    hooks.known.before_run = before_run;
    hooks.known.struct_size = offsetof(pdr_hooks, before_run) + sizeof(void *);
    (void)p;
}
static void hooks_none(pdr_plugin *p) { (void)p, hooks.known.after_run = NULL; }
static pdr_status save(void *p, pdr_state *out)
{
    (void)p;
    (void)out;
    return PDR_OK;
}
static void save_alone(pdr_plugin *p) { (void)p, hooks.known.save = save; }
static void hooks_null(pdr_plugin *p) { p->hooks = NULL; }
static void create_null(pdr_plugin *p) { p->create = NULL; }
static void destroy_null(pdr_plugin *p) { p->destroy = NULL; }
static void version_null(pdr_plugin *p) { p->version = NULL; }
static void summary_null(pdr_plugin *p) { p->summary = NULL; }
static void summary_wild(pdr_plugin *p) { p->summary = "clears \x1b[2J the screen"; }
static void paper_wild(pdr_plugin *p) { p->paper = "caf\xe9 2019"; }
static void name_null(pdr_plugin *p) { p->name = NULL; }
static void name_empty(pdr_plugin *p) { p->name = ""; }
static void name_long(pdr_plugin *p) { p->name = memset(long_name, 'n', sizeof long_name - 1); }
static void name_latin(pdr_plugin *p) { p->name = "caf\xe9"; }
static void name_control(pdr_plugin *p) { p->name = "\x1b[31mred\n"; }
static void name_wild(pdr_plugin *p) { p->name = (const char *)(uintptr_t)0x10; }
static void param_size(pdr_plugin *p) { p->param_size = 8; }
static void param_type(pdr_plugin *p) { (void)p, params[0].type = 99; }
static void param_offset(pdr_plugin *p) { p->config_size = 4; }
static void param_unaligned(pdr_plugin *p) { (void)p, params[0].offset = 4; }
static void param_default(pdr_plugin *p) { (void)p, params[0].fallback = "99"; }
static void param_words(pdr_plugin *p) { (void)p, params[0].fallback = "many"; }
static void param_range(pdr_plugin *p) { (void)p, params[0].min = 11; }
static void param_twice(pdr_plugin *p) { (void)p, params[1] = params[0]; }
static void param_overlap(pdr_plugin *p) { (void)p, params[1] = params[0], params[1].key = "more"; }
static void param_key(pdr_plugin *p) { (void)p, params[0].key = "Rows\x1b"; }
static void param_help(pdr_plugin *p) { (void)p, params[0].help = NULL; }
static void param_help_wild(pdr_plugin *p) { (void)p, params[0].help = "clears \x1b[2J"; }
static void param_choices(pdr_plugin *p) { (void)p, params[0].type = PDR_PARAM_CHOICE; }
static void param_choices_wild(pdr_plugin *p)
{
    params[0] = (pdr_param){
        .key = "kind", .help = "unused", .type = PDR_PARAM_CHOICE, .fallback = "fine", .choices = bad_words};
    (void)p;
}
static void param_none(pdr_plugin *p) { (void)p, params[0].key = NULL; }
static void flags_task(pdr_plugin *p) { p->flags = PDR_NEEDS_TASK_ID; }
static void flags_newer(pdr_plugin *p) { p->flags = PDR_RANK_SAFE | 1u << 20; }
static const void *answer(const char *id) { return id ? NULL : id; }
static void extension_some(pdr_plugin *p) { p->extension = answer; }
static void config_huge(pdr_plugin *p) { p->config_size = UINT64_MAX; }

/* ---- what the code can do ---- */

static void die(int number)
{
    signal(number, SIG_DFL); /* whatever a sanitizer set */
    raise(number);
}
static void bus(pdr_plugin *p) { (void)p, die(SIGBUS); }
static void segv(pdr_plugin *p) { (void)p, die(SIGSEGV); }
static void abort_words(pdr_plugin *p)
{
    (void)p, fprintf(stderr, "shape: no licence\x1b[2J\nsecond line\n"), die(SIGABRT);
}
static void exit_3(pdr_plugin *p) { (void)p, exit(3); }
static void exit_0(pdr_plugin *p) { (void)p, _exit(0); }
static void hang(pdr_plugin *p)
{
    (void)p;
    for (;;)
        pause();
}
/* Leaves a process behind that holds every descriptor open. */
static void orphan(pdr_plugin *p)
{
    (void)p;
    if (fork() == 0)
        sleep(3), _exit(0);
    die(SIGABRT);
}
static void chatter(pdr_plugin *p) { (void)p, printf("words where results belong\n"); }
static void flood(pdr_plugin *p)
{
    (void)p;
    for (int i = 0; i < 3000; i++)
        fprintf(stderr, "%0100d\n", i);
    die(SIGABRT);
}

static const struct row {
    const char *name;
    void (*change)(pdr_plugin *p);
    int when; /* 0: a change of the descriptor; 1: done by the constructor; 2: by perdure_plugin(); 3: by the destructor */
} rows[] = {
    {"abi_garbage", abi_garbage, 0},
    {"abi_zero", abi_zero, 0},
    {"abi_two", abi_two, 0},
    {"abi_newer", abi_newer, 0},
    {"size_small", size_small, 0},
    {"size_large", size_large, 0},
    {"size_odd", size_odd, 0},
    {"size_newer", size_newer, 0},
    {"hooks_small", hooks_small, 0},
    {"hooks_large", hooks_large, 0},
    {"hooks_odd", hooks_odd, 0},
    {"hooks_older", hooks_older, 0},
    {"hooks_none", hooks_none, 0},
    {"save_alone", save_alone, 0},
    {"hooks_null", hooks_null, 0},
    {"create_null", create_null, 0},
    {"destroy_null", destroy_null, 0},
    {"version_null", version_null, 0},
    {"summary_null", summary_null, 0},
    {"summary_wild", summary_wild, 0},
    {"paper_wild", paper_wild, 0},
    {"name_null", name_null, 0},
    {"name_empty", name_empty, 0},
    {"name_long", name_long, 0},
    {"name_latin", name_latin, 0},
    {"name_control", name_control, 0},
    {"name_wild", name_wild, 0},
    {"param_size", param_size, 0},
    {"param_type", param_type, 0},
    {"param_offset", param_offset, 0},
    {"param_unaligned", param_unaligned, 0},
    {"param_default", param_default, 0},
    {"param_words", param_words, 0},
    {"param_range", param_range, 0},
    {"param_twice", param_twice, 0},
    {"param_overlap", param_overlap, 0},
    {"param_key", param_key, 0},
    {"param_help", param_help, 0},
    {"param_help_wild", param_help_wild, 0},
    {"param_choices", param_choices, 0},
    {"param_choices_wild", param_choices_wild, 0},
    {"param_none", param_none, 0},
    {"flags_task", flags_task, 0},
    {"flags_newer", flags_newer, 0},
    {"extension_some", extension_some, 0},
    {"config_huge", config_huge, 0},
    {"load_bus", bus, 1},
    {"load_segv", segv, 1},
    {"load_abort", abort_words, 1},
    {"load_exit_3", exit_3, 1},
    {"load_exit_0", exit_0, 1},
    {"load_hang", hang, 1},
    {"load_orphan", orphan, 1},
    {"load_chatter", chatter, 1},
    {"load_flood", flood, 1},
    {"entry_segv", segv, 2},
    {"entry_exit_0", exit_0, 2},
    {"entry_hang", hang, 2},
    {"entry_chatter", chatter, 2},
    {"unload_segv", segv, 3},
    {"unload_exit_0", exit_0, 3},
};

static const struct row *row_wanted(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, wanted))
            return &rows[i];
    return NULL;
}

__attribute__((constructor)) static void begin(void)
{
    static const char here;
    Dl_info about;
    if (!dladdr(&here, &about))
        return;
    const char *slash = strrchr(about.dli_fname, '/');
    snprintf(wanted, sizeof wanted, "%s", slash ? slash + 1 : about.dli_fname);
    wanted[strcspn(wanted, ".")] = '\0';
    const struct row *row = row_wanted();
    if (row && row->when == 1)
        row->change(&plugin.known);
}

__attribute__((destructor)) static void end(void)
{
    const struct row *row = row_wanted();
    if (row && row->when == 3)
        row->change(&plugin.known);
}

PDR_EXPORT const pdr_plugin *perdure_plugin(void)
{
    const struct row *row = row_wanted();
    if (!strcmp(wanted, "entry_null"))
        return NULL;
    if (!strcmp(wanted, "entry_garbage"))
        return (const pdr_plugin *)(uintptr_t)0xdead0000;
    if (row && (row->when == 0 || row->when == 2))
        row->change(&plugin.known);
    return &plugin.known;
}

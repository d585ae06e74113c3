/* What `doctor` says of plugins, data sets, and libraries that a build may lack. */
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/findings.h"
#include "cli/probe.h"
#include "data/data.h"
#include "plugin/plugin.h"
#include "run/endpoint.h"

/* ---- plugins ---- */

static void plugin_look(findings *f, const char *name)
{
    const plugin *p = NULL;
    error e = {0};
    size_t count = 0;
    if (plugin_find(name, &p, &e)) {
        finding_add(f, WARNING, "plugin", e.hint[0] ? e.hint : "take it out of the folder, or build it again", "%s",
                    e.text);
        return;
    }
    char **files = plugin_files(name, &count);
    const pdr_plugin *d = p->descriptor;
    finding_add(f, count > 1 ? WARNING : GOOD, "plugin",
                count > 1 ? "the first folder that has it counts: take one of the files away" : NULL,
                "%s %s, ABI %u.%u, %s%s%s", d->name, d->version ? d->version : "", d->abi_version >> 16,
                d->abi_version & 0xffffu, p->path, count > 1 ? ", which hides " : "", count > 1 ? files[1] : "");
    plugin_names_free(files, count);
}

static void plugins_look(findings *f)
{
    size_t count = 0;
    char **names = plugin_names(&count), *path = alloc_text(plugin_search_path());
    f->section = "plugins";
    for (char *rest = path, *folder; (folder = strsep(&rest, "\n"));) {
        bool there = folder_exists(folder);
        if (folder[0] != '\0')
            finding_add(f, there ? GOOD : WARNING, "plugin folder",
                        there ? NULL : "it is not there: install the plugins, or correct PERDURE_PLUGIN_PATH", "%s",
                        folder);
    }
    for (size_t i = 0; i < count; i++)
        plugin_look(f, names[i]);
    if (count == 0)
        finding_add(f, WARNING, "plugin", "PERDURE_PLUGIN_PATH names folders with strategies", "none found");
    free(path);
    plugin_names_free(names, count);
}

/* ---- data sets ---- */

static void sets_look(findings *f)
{
    char *root = data_root(NULL);
    text here = {0}, missing = {0};
    for (int64_t i = 0; i < data_set_count; i++) {
        text *to = data_at_hand(&data_sets[i], root) ? &here : &missing;
        text_addf(to, "%s%s", to->length ? ", " : "", data_sets[i].name);
    }
    f->section = "data";
    finding_add(f, GOOD, "data sets", NULL, "at hand: %s%s%s", here.at ? here.at : "none",
                missing.length ? "; by 'perdure data fetch': " : "", missing.length ? missing.at : "");
    text_free(&here);
    text_free(&missing);
    free(root);
}

/* ---- libraries ---- */

static void libraries_look(findings *f)
{
    probe_libraries found = {0};
    error e = {0};
    f->section = "libraries";
    int major, minor, patch;
    mdb_version(&major, &minor, &patch);
    finding_add(f, GOOD, "LMDB", NULL, "%d.%d.%d", major, minor, patch);
    if (endpoint_possible(&e))
        finding_add(f, WARNING, "libmicrohttpd", e.hint[0] ? e.hint : "a textfile needs none", "%s", e.text);
    else
        finding_add(f, GOOD, "libmicrohttpd", NULL, "output.metrics_port can be a port");
    e = (error){0};
    if (probe_fetch(&found, &e)) {
        finding_add(f, WARNING, "data fetch", e.hint[0] ? e.hint : "build Perdure again", "%s", e.text);
        return;
    }
    finding_add(f, found.curl[0] ? GOOD : WARNING, "libcurl",
                found.curl[0] ? NULL : "Debian: apt-get install libcurl4-openssl-dev, and build again", "%s",
                found.curl[0] ? found.curl : "built without: no `data fetch` over https");
    finding_add(f, found.archive[0] ? GOOD : WARNING, "libarchive",
                found.archive[0] ? NULL : "Debian: apt-get install libarchive-dev, and build again", "%s",
                found.archive[0] ? found.archive : "built without: no `data fetch` of archives (CIFAR)");
}

void parts_look(findings *f)
{
    plugins_look(f);
    sets_look(f);
    libraries_look(f);
}

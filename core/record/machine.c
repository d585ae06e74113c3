/* See machine.h. Asks the kernel only: nothing of LibTorch or CUDA runs for it. */
#include "record/machine.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/alloc.h"

#ifndef PERDURE_VERSION
#error "PERDURE_VERSION comes from CMake"
#endif

/* What stands behind "KEY : " in a line of that key; NULL: another line. Cuts the line's end off. */
static char *line_value(char *line, const char *key)
{
    size_t length = strlen(key);
    if (strncmp(line, key, length) != 0 || line[length + strspn(line + length, " \t")] != ':')
        return NULL;
    char *value = strchr(line, ':') + 1;
    value += strspn(value, " \t");
    value[strcspn(value, "\n")] = '\0';
    return value[0] ? value : NULL;
}

/* x86 has a "model name", small boards a "Model"; servers of ARM only tell the numbers of maker and part. */
char *machine_processor(FILE *cpuinfo)
{
    static const char *const names[] = {"model name", "Model", "cpu model"};
    char line[1024], maker[32] = "", part[32] = "", *found = NULL, *value;
    while (!found && fgets(line, sizeof line, cpuinfo)) {
        for (size_t i = 0; !found && i < sizeof names / sizeof *names; i++)
            found = alloc_text(line_value(line, names[i]));
        if (!found && (value = line_value(line, "CPU implementer")))
            snprintf(maker, sizeof maker, "%s", value);
        else if (!found && (value = line_value(line, "CPU part")))
            snprintf(part, sizeof part, "%s", value);
    }
    if (!found && maker[0])
        found = alloc_format("CPU implementer %s, part %s", maker, part[0] ? part : "unknown");
    return found;
}

static json_t *text_or_null(const char *words)
{
    json_t *made = words ? json_string(words) : NULL; /* NULL for what is no UTF-8, too */
    return made ? made : json_null();
}

static json_t *positive_or_null(long long value) { return value > 0 ? json_integer(value) : json_null(); }

static json_t *processor_json(void)
{
    FILE *cpuinfo = fopen("/proc/cpuinfo", "re");
    char *name = cpuinfo ? machine_processor(cpuinfo) : NULL;
    json_t *out = text_or_null(name);
    free(name);
    if (cpuinfo)
        fclose(cpuinfo);
    return out;
}

/* Where there are more cores than a cpu_set_t has room for, the call fails and all count as usable. */
static long usable_cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);
}

json_t *machine_json(void)
{
    struct utsname kernel = {0};
    json_t *out = json_object();
    uname(&kernel);
    char *system = alloc_format("%s %s", kernel.sysname, kernel.release);
    json_object_set_new(out, "processor", processor_json());
    json_object_set_new(out, "architecture", text_or_null(kernel.machine));
    json_object_set_new(out, "cores", positive_or_null(sysconf(_SC_NPROCESSORS_ONLN)));
    json_object_set_new(out, "usable_cores", positive_or_null(usable_cores()));
    json_object_set_new(out, "memory_bytes",
                        positive_or_null((long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE)));
    json_object_set_new(out, "system", text_or_null(system));
    free(system);
    return out;
}

json_t *machine_engine_json(const engine_info *engine)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "perdure", PERDURE_VERSION, "torch", engine->torch, "torch_built",
                     engine->torch_built, "cpu", engine->cpu, "device", engine->device);
}

double machine_load(void)
{
    double load[1];
    return getloadavg(load, 1) == 1 ? load[0] : -1;
}

/* What a start leaves in memory: loading LibTorch runs constructors all over its code and reads its tables of symbols and
 * relocations, more than 40 MB of the file that training hardly touches again. */
#include "engine/resident.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A library with relocations in its code has pages there that are no longer the file's. */
static bool code_is_relocated(const ElfW(Dyn) * d)
{
    for (; d && d->d_tag != DT_NULL; d++)
        if (d->d_tag == DT_TEXTREL || (d->d_tag == DT_FLAGS && (d->d_un.d_val & DF_TEXTREL)))
            return true;
    return false;
}

/* Whole pages of a segment that nobody may write. */
static void segment_drop(const struct dl_phdr_info *object, const ElfW(Phdr) * segment)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = object->dlpi_addr + segment->p_vaddr;
    const uintptr_t first = (start + page - 1) / page * page, end = (start + segment->p_filesz) / page * page;
    if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W) && end > first)
        (void)madvise((void *)first, end - first, MADV_DONTNEED); /* a wish */
}

static int object_drop(struct dl_phdr_info *object, size_t size, void *name)
{
    (void)size;
    const ElfW(Dyn) *dynamic = NULL;
    if (!object->dlpi_name || !strstr(object->dlpi_name, name))
        return 0;
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_DYNAMIC)
            dynamic = (const void *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
    for (int i = 0; !code_is_relocated(dynamic) && i < object->dlpi_phnum; i++)
        segment_drop(object, &object->dlpi_phdr[i]);
    return 0;
}

void resident_drop(const char *library) { dl_iterate_phdr(object_drop, (void *)(uintptr_t)library); }

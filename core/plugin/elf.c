/* The header of a shared object, read before the loader maps it.
 *
 * The loader says "no such file" of an object for another machine, and maps one that was cut off, which then kills with
 * SIGBUS. What is wrong inside a whole object is for the loader to find, in a child (probe.c). */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "plugin/inside.h"

/* The program's own header, as it lies in memory: what this machine is. */
static const ElfW(Ehdr) * elf_own(void)
{
    static const char here;
    Dl_info about;
    return dladdr(&here, &about) ? about.dli_fbase : NULL;
}

static const char *machine_words(const ElfW(Ehdr) * h, char *out, size_t room)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{EM_X86_64, "x86-64"}, {EM_386, "i386"},       {EM_AARCH64, "AArch64"}, {EM_ARM, "ARM"},
                 {EM_RISCV, "RISC-V"},  {EM_PPC64, "POWER 64"}, {EM_S390, "s390"}};
    int bits = h->e_ident[EI_CLASS] == ELFCLASS32 ? 32 : 64;
    const char *order = h->e_ident[EI_DATA] == ELFDATA2MSB ? ", big-endian" : "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == h->e_machine) {
            snprintf(out, room, "%s (%d bits%s)", names[i].name, bits, order);
            return out;
        }
    snprintf(out, room, "machine %d (%d bits%s)", h->e_machine, bits, order);
    return out;
}

static int machine_check(const ElfW(Ehdr) * h, const char *path, error *e)
{
    const ElfW(Ehdr) *own = elf_own();
    char found[64], expected[64];
    if (!own || (h->e_machine == own->e_machine && h->e_ident[EI_CLASS] == own->e_ident[EI_CLASS] &&
                 h->e_ident[EI_DATA] == own->e_ident[EI_DATA]))
        return 0;
    return error_set(e, EXIT_UNAVAILABLE, "%s: found an object for %s; expected one for %s, as this program is", path,
                     machine_words(h, found, sizeof found), machine_words(own, expected, sizeof expected));
}

static int type_check(const ElfW(Ehdr) * h, const char *path, error *e)
{
    if (h->e_type == ET_DYN)
        return 0;
    error_set(e, EXIT_UNAVAILABLE, "%s: found %s; expected a shared object", path,
              h->e_type == ET_REL    ? "an object that is not linked"
              : h->e_type == ET_EXEC ? "a program"
                                     : "an ELF file of another kind");
    return h->e_type == ET_REL ? error_hint(e, "cc -shared links it") : EXIT_UNAVAILABLE;
}

/* Where the last segment that is loaded ends; the file may be longer. */
static uint64_t elf_needs(const plugin_file *f, const ElfW(Ehdr) * h)
{
    uint64_t needs = sizeof *h;
    for (unsigned i = 0; i < h->e_phnum; i++) {
        ElfW(Phdr) p;
        uint64_t at = h->e_phoff + (uint64_t)i * sizeof p;
        if (pread(f->fd, &p, sizeof p, (off_t)at) != (ssize_t)sizeof p)
            return at + sizeof p; /* the table itself is cut off */
        uint64_t end = p.p_offset + p.p_filesz;
        if (p.p_type == PT_LOAD && end > needs)
            needs = end;
    }
    return needs;
}

static int whole_check(const plugin_file *f, const ElfW(Ehdr) * h, const char *path, error *e)
{
    uint64_t needs = h->e_phentsize == sizeof(ElfW(Phdr)) ? elf_needs(f, h) : 0;
    if ((uint64_t)f->about.st_size >= needs)
        return 0;
    error_set(e, EXIT_UNAVAILABLE, "%s: found %lld bytes; expected at least %llu, as its header declares", path,
              (long long)f->about.st_size, (unsigned long long)needs);
    return error_hint(e, "it was cut off: copy or build it again");
}

int elf_check(const plugin_file *f, const char *path, error *e)
{
    ElfW(Ehdr) h;
    memset(&h, 0, sizeof h);
    ssize_t count = pread(f->fd, &h, sizeof h, 0);
    if (count <= 0)
        return error_set(e, EXIT_UNAVAILABLE, "%s: found an empty file; expected a shared object", path);
    if (memcmp(h.e_ident, ELFMAG, SELFMAG) != 0) {
        char first[9] = "";
        memcpy(first, &h, 8);
        return error_set(e, EXIT_UNAVAILABLE,
                         "%s: found a file that begins with \"%s\"; expected a shared object (ELF)", path,
                         text_quoted(first));
    }
    if (count < (ssize_t)sizeof h)
        return error_set(e, EXIT_UNAVAILABLE,
                         "%s: found %zd bytes; expected a shared object (ELF), whose header has %zu", path, count,
                         sizeof h);
    int code = machine_check(&h, path, e);
    if (!code && !(code = type_check(&h, path, e)))
        code = whole_check(f, &h, path, e);
    return code;
}

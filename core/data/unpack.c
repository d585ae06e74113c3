/* Gzip streams, unpacked as they are read. zlib's own gzread would do for good files, but it passes over garbage behind a
 * stream, takes a file that is not packed at all, and does not say where one is damaged. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "base/alloc.h"
#include "data/source.h"

enum { UNPACK_ROOM = 1 << 17, GZIP_ONLY = 16 + MAX_WBITS, GZIP_HEADER = 10 };

struct unpacker {
    z_stream z;
    int fd;
    const char *path;
    int64_t taken;  /* bytes read from the file */
    int64_t member; /* gzip streams may stand one behind the other: the number of this one */
    bool ended;
    unsigned char room[UNPACK_ROOM];
};

unpacker *unpack_open(int fd, const char *path)
{
    unpacker *u = alloc_zero(1, sizeof *u);
    u->fd = fd;
    u->path = path;
    u->member = 1;
    if (inflateInit2(&u->z, GZIP_ONLY) != Z_OK) {
        free(u);
        return NULL;
    }
    return u;
}

void unpack_close(unpacker *u)
{
    if (!u)
        return;
    inflateEnd(&u->z);
    free(u);
}

static int64_t unpack_failed(const unpacker *u, error *e)
{
    long long at = (long long)(u->taken - u->z.avail_in), member = (long long)u->member;
    bool header = u->z.total_in <= GZIP_HEADER;
    if (header && member == 1)
        error_set(e, EXIT_DATA, "%s: found no gzip stream; expected one, as the name ends in .gz", u->path);
    else if (header)
        error_set(e, EXIT_DATA, "%s: found other bytes behind gzip member %lld; expected the end of the file", u->path,
                  member - 1);
    else
        error_set(e, EXIT_DATA, "%s: found a damaged gzip stream (member %lld, byte %lld: %s); expected a whole one",
                  u->path, member, at, u->z.msg ? u->z.msg : "bad data");
    return -1;
}

static int64_t unpack_cut_off(const unpacker *u, error *e)
{
    error_set(e, EXIT_DATA, "%s: found a gzip stream that is cut off (member %lld, byte %lld); expected a whole one",
              u->path, (long long)u->member, (long long)u->taken);
    return -1;
}

/* More packed bytes: 1, at the end of the file 0, -1. */
static int unpack_fill(unpacker *u, error *e)
{
    ssize_t n;
    do
        n = read(u->fd, u->room, sizeof u->room);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        error_system(e, EXIT_IO, "%s: cannot be read", u->path);
        return -1;
    }
    u->z.next_in = u->room;
    u->z.avail_in = (unsigned)n;
    u->taken += n;
    return n > 0;
}

int64_t unpack_read(unpacker *u, void *out, size_t count, error *e)
{
    size_t done = 0;
    while (done < count && !u->ended) {
        int more = u->z.avail_in ? 1 : unpack_fill(u, e);
        if (more < 0)
            return -1;
        if (!more && u->z.total_in == 0 && u->member > 1) {
            u->ended = true;
            break;
        }
        if (!more)
            return unpack_cut_off(u, e);
        unsigned step = count - done < (1u << 30) ? (unsigned)(count - done) : 1u << 30;
        u->z.next_out = (unsigned char *)out + done;
        u->z.avail_out = step;
        int code = inflate(&u->z, Z_NO_FLUSH);
        done += step - u->z.avail_out;
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return unpack_failed(u, e);
        if (code == Z_STREAM_END) {
            u->member++;
            inflateReset(&u->z);
        }
    }
    return (int64_t)done;
}

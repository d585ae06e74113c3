// Scopes: what a hook makes, its grad mode, and the first thing that went wrong in it.
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <optional>

#include "engine/inside.hpp"

static pdr_scope *open_scopes;
static pdr_scope *free_scopes; // closed ones, with their first chunk, for the next open()

static handle_chunk *new_chunk()
{
    auto *c = new handle_chunk();
    for (auto &t : c->at)
        t.what = HANDLE_FREE;
    return c;
}

static void drop_chunks(handle_chunk *c)
{
    while (c) {
        handle_chunk *next = c->next;
        delete c;
        c = next;
    }
}

static void drop_temporaries(pdr_scope *s)
{
    for (handle_chunk *c = s->first;; c = c->next) {
        int used = c == s->last ? s->used : CHUNK_ROOM;
        for (int i = 0; i < used; i++) {
            c->at[i].value.reset();
            c->at[i].what = HANDLE_FREE;
        }
        if (c == s->last)
            break;
    }
    s->last = s->first;
    s->used = 0;
    s->tensor_lists.clear();
    s->int_lists.clear();
}

pdr_tensor *engine_hold(pdr_scope *s, at::Tensor value)
{
    try {
        if (s->used == CHUNK_ROOM) {
            if (!s->last->next)
                s->last->next = new_chunk();
            s->last = s->last->next;
            s->used = 0;
        }
    } catch (const std::bad_alloc &) {
        engine_fail(s, PDR_ENOMEM, "a scope: no memory for another handle");
        return nullptr;
    }
    pdr_tensor *t = &s->last->at[s->used++];
    t->what = HANDLE_TEMPORARY;
    t->value = std::move(value);
    t->owner = s->owner;
    t->given = 0;
    return t;
}

static pdr_scope *take_scope()
{
    if (pdr_scope *s = free_scopes) {
        free_scopes = s->next;
        return s;
    }
    auto *s = new pdr_scope();
    s->first = s->last = new_chunk();
    return s;
}

static void link(pdr_scope *s)
{
    s->before = nullptr;
    s->next = open_scopes;
    if (open_scopes)
        open_scopes->before = s;
    open_scopes = s;
}

static void unlink(pdr_scope *s)
{
    if (s->before)
        s->before->next = s->next;
    else
        open_scopes = s->next;
    if (s->next)
        s->next->before = s->before;
}

static bool known_mode(int32_t mode) { return mode == PDR_NO_GRAD || mode == PDR_GRAD || mode == ENGINE_INFERENCE; }

pdr_scope *engine_scope_open(const pdr_host *h, pdr_grad mode)
{
    if (!known_mode(mode))
        return nullptr;
    try {
        pdr_scope *s = take_scope();
        s->what = SCOPE_OPEN;
        s->mode = mode;
        s->code = PDR_OK;
        s->message[0] = '\0';
        s->guarded = false;
        s->owner = engine_owner_of(h);
        if (s->owner)
            s->owner->scopes++;
        link(s);
        return s;
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

pdr_status engine_scope_close(pdr_scope *s)
{
    if (!s)
        return PDR_OK;
    if (s->what != SCOPE_OPEN || s->guarded)
        return PDR_EINVALID;
    drop_temporaries(s);
    drop_chunks(s->first->next);
    s->first->next = nullptr;
    if (s->owner)
        s->owner->scopes--;
    if (s->owner && s->code < 0) {
        s->owner->closed = s->code;
        std::snprintf(s->owner->why, sizeof s->owner->why, "%s", s->message);
    }
    unlink(s);
    s->what = HANDLE_FREE;
    s->next = free_scopes;
    free_scopes = s;
    return s->code;
}

pdr_status engine_scope_status(const pdr_scope *s) { return s && s->what == SCOPE_OPEN ? s->code : PDR_EINVALID; }

bool engine_scope_records(const pdr_scope *s) { return s && s->mode == PDR_GRAD; }

bool engine_grad_enabled(void) { return c10::GradMode::is_enabled(); }

int32_t engine_scope_mode(pdr_scope *s, int32_t mode)
{
    const int32_t before = s->mode;
    s->mode = mode;
    return before;
}

void engine_scope_guard(pdr_scope *s, bool guarded)
{
    if (s && s->what == SCOPE_OPEN)
        s->guarded = guarded;
}

int64_t engine_scope_sweep(engine_owner *owner)
{
    int64_t closed = 0;
    for (pdr_scope *s = open_scopes, *next; s; s = next) {
        next = s->next;
        if (!owner || s->owner != owner || s->guarded)
            continue;
        engine_scope_close(s);
        closed++;
    }
    return closed;
}

void engine_scope_clear(pdr_scope *s, int32_t mode)
{
    if (!s || s->what != SCOPE_OPEN)
        return;
    drop_temporaries(s);
    s->code = PDR_OK;
    s->message[0] = '\0';
    if (known_mode(mode))
        s->mode = mode;
}

const char *engine_scope_message(const pdr_scope *s) { return s ? s->message : "no scope"; }

void engine_scope_fail(pdr_scope *s, pdr_status code, const char *why) { engine_fail(s, code, "%s", why ? why : ""); }

void engine_fail(pdr_scope *s, pdr_status code, const char *format, ...)
{
    if (!s || s->what != SCOPE_OPEN || s->code)
        return;
    va_list words;
    va_start(words, format);
    vsnprintf(s->message, sizeof s->message, format, words);
    va_end(words);
    s->code = code < 0 ? code : PDR_ERROR;
}

bool engine_alive(const pdr_tensor *t)
{
    return t->what == HANDLE_TEMPORARY || t->what == HANDLE_KEPT || t->what == HANDLE_LENT;
}

bool engine_ready(pdr_scope *s, const char *op, handle_inputs inputs)
{
    if (!s || s->what != SCOPE_OPEN || s->code)
        return false;
    for (const pdr_tensor *t : inputs) {
        if (!t)
            return false;
        if (engine_alive(t))
            continue;
        engine_fail(s, PDR_EINVALID, "%s: a tensor that was released, or whose scope was cleared", op);
        return false;
    }
    return true;
}

// Messages of LibTorch may have several lines; an error of Perdure has one.
static void one_line(char *out, size_t room, const char *words)
{
    size_t n = 0;
    for (; *words && n + 1 < room; words++) {
        bool space = *words == '\n' || *words == ' ';
        if (space && (n == 0 || out[n - 1] == ' '))
            continue;
        out[n++] = space ? ' ' : *words;
    }
    while (n && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

pdr_status engine_words(char *out, size_t room)
{
    try {
        throw;
    } catch (const refusal &e) {
        one_line(out, room, e.what());
        return e.code;
    } catch (const c10::OutOfMemoryError &e) {
        one_line(out, room, e.what_without_backtrace());
        return PDR_ENOMEM;
    } catch (const c10::Error &e) { // the CPU allocator throws this and not OutOfMemoryError
        one_line(out, room, e.what_without_backtrace());
        return strstr(out, "can't allocate memory") ? PDR_ENOMEM : PDR_EENGINE;
    } catch (const std::bad_alloc &) {
        one_line(out, room, "out of memory");
        return PDR_ENOMEM;
    } catch (const std::exception &e) {
        one_line(out, room, e.what());
        return PDR_EENGINE;
    } catch (...) {
        one_line(out, room, "an exception of unknown type");
        return PDR_EENGINE;
    }
}

bool engine_attempt(pdr_scope *s, const char *op, bool write, expression run)
{
    try {
        std::optional<c10::InferenceMode> inference;
        if (s->mode == ENGINE_INFERENCE)
            inference.emplace(true);
        c10::AutoGradMode grad(s->mode == PDR_GRAD && !write);
        run();
        return true;
    } catch (...) {
        char words[900];
        pdr_status code = engine_words(words, sizeof words);
        engine_fail(s, code, "%s: %s", op, words);
        return false;
    }
}

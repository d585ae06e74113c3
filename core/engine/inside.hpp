// What the C++ files of the engine share: the two handles, and one way to call LibTorch.
//
// Every wrapper is one ENGINE_TRY: it refuses what is missing, sets the grad mode of the scope, runs one expression and
// turns whatever is thrown into the scope's first error. No file but these holds a try, and none holds policy.
// Handles are used by one thread (the thread of the hooks), so no list here is locked.
#ifndef PERDURE_ENGINE_INSIDE_HPP
#define PERDURE_ENGINE_INSIDE_HPP
#include <ATen/core/Tensor.h>

#include <cstdarg>
#include <deque>
#include <exception>
#include <initializer_list>
#include <string>
#include <vector>

extern "C" {
#include "engine/engine.h"
#include "engine/inside.h"
}

// A handle says what it is in its first four bytes. Handles are recycled and never returned to malloc, so that a handle
// that was released already is refused and not undefined behaviour.
enum : uint32_t {
    HANDLE_FREE = 0x45455246,      // "FREE"
    HANDLE_TEMPORARY = 0x504d4554, // "TEMP": of a scope
    HANDLE_KEPT = 0x5450454b,      // "KEPT": by keep(), until release()
    HANDLE_LENT = 0x544e454c,      // "LENT": of a model or an optimizer; release() leaves it alone
    SCOPE_OPEN = 0x4e45504f,       // "OPEN"
};

struct pdr_tensor {
    uint32_t what;
    uint32_t given; // 1: a leaf of the engine's own, for derivative() none
    at::Tensor value;
    engine_owner *owner;
    pdr_tensor *next; // of the free list
};

// Most hooks make fewer temporaries than one chunk holds; chunks are kept for the scope's next use.
constexpr int CHUNK_ROOM = 64;
struct handle_chunk {
    pdr_tensor at[CHUNK_ROOM];
    handle_chunk *next;
};

struct pdr_scope {
    uint32_t what;
    int32_t mode;
    pdr_status code;
    int used; // of `last`
    char message[1024];
    engine_owner *owner;
    handle_chunk *first, *last;
    std::deque<std::vector<pdr_tensor *>> tensor_lists; // what invoke() returned as TENSORS
    std::deque<std::vector<int64_t>> int_lists;         // and as INTS
    bool guarded;                                       // the host's: close() refuses it
    pdr_scope *next, *before;                           // of the open ones; `next`: of the free list
};

using handle_inputs = std::initializer_list<const pdr_tensor *>;

// A borrowed callable: one copy of the catch clauses serves all wrappers.
class expression
{
  public:
    template <class F>
    expression(F &&f) : object((void *)&f), call([](void *o) { (*(std::remove_reference_t<F> *)o)(); })
    {
    }
    void operator()() const { call(object); }

  private:
    void *object;
    void (*call)(void *);
};

// A refusal of the engine's own, with the code that the ABI names for it; TORCH_CHECK is PDR_EENGINE.
class refusal : public std::exception
{
  public:
    refusal(pdr_status why, std::string text) : code(why), words(std::move(text)) {}
    const char *what() const noexcept override { return words.c_str(); }
    pdr_status code;

  private:
    std::string words;
};
#define ENGINE_CHECK(condition, code, ...)              \
    do {                                                \
        if (!(condition))                               \
            throw refusal(code, c10::str(__VA_ARGS__)); \
    } while (0)

// True where the scope has no error and every input is there; a handle that was released is an error of the scope.
bool engine_ready(pdr_scope *s, const char *op, handle_inputs inputs);
// Runs in the grad mode of the scope (`write`: never recorded) and catches all. False: the scope holds an error.
bool engine_attempt(pdr_scope *s, const char *op, bool write, expression run);
pdr_tensor *engine_hold(pdr_scope *s, at::Tensor value); // a new temporary of the scope
bool engine_alive(const pdr_tensor *t);
void engine_fail(pdr_scope *s, pdr_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));
// Words of the exception being handled, without LibTorch's backtrace, in one line. Only inside a catch clause.
pdr_status engine_words(char *out, size_t room);

at::ScalarType engine_scalar_type(pdr_dtype d); // throws on a number that is no pdr_dtype
pdr_dtype engine_dtype(at::ScalarType t);       // 0: none of the ABI's
const at::Device &engine_device();              // of the run
void engine_norm_check(const at::Tensor &x);    // throws where a channel of a batch has no variance (layer_ops.cpp)
at::Tensor engine_pixels(const at::Tensor &x);  // maps as convolutions like them (layer_ops.cpp)

template <class F> pdr_tensor *engine_make(pdr_scope *s, const char *op, handle_inputs inputs, F run)
{
    if (!engine_ready(s, op, inputs))
        return nullptr;
    at::Tensor value;
    if (!engine_attempt(s, op, false, [&] { value = run(); }))
        return nullptr;
    return engine_hold(s, std::move(value));
}

template <class F> pdr_status engine_write(pdr_scope *s, const char *op, handle_inputs inputs, F run)
{
    if (!engine_ready(s, op, inputs))
        return s && s->code ? s->code : PDR_EINVALID;
    return engine_attempt(s, op, true, [&] { run(); }) ? PDR_OK : s->code;
}

#define ENGINE_IN(...) (handle_inputs{__VA_ARGS__})
#define ENGINE_TRY(scope, op, inputs, ...) engine_make(scope, op, inputs, [&]() -> at::Tensor { return __VA_ARGS__; })
#define ENGINE_WRITE(scope, op, inputs, ...) engine_write(scope, op, inputs, [&] { __VA_ARGS__; })

#endif

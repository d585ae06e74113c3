// SPDX-License-Identifier: Apache-2.0
//
// steady in C++17: what it does, and why, stands in steady.c. Here: kept tensors that release themselves, hooks as
// methods, and exceptions that end at the border (rule 10).
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <perdure/perdure.h>

namespace
{

// ---- what YAML may set ----

enum { BY_GRADIENT, EQUALLY }; // weigh

struct config {
    double strength;
    int32_t weigh;
};

constexpr const char *ways[] = {"gradient", "equal", nullptr};

// Members that are not named here are 0, also those that later headers append.
constexpr pdr_param row(const char *key, const char *help, pdr_param_type type, size_t offset, const char *fallback)
{
    pdr_param p{};
    p.key = key;
    p.help = help;
    p.type = type;
    p.offset = static_cast<uint32_t>(offset);
    p.fallback = fallback;
    return p;
}

constexpr pdr_param strength_row()
{
    pdr_param p = row("strength", "how firmly parameters are held; the penalty has half of it", PDR_PARAM_REAL,
                      offsetof(config, strength), "0.01");
    p.max = 1e9;
    return p;
}

constexpr pdr_param weigh_row()
{
    pdr_param p = row("weigh", "by the gradients that moved them, or all parameters alike", PDR_PARAM_CHOICE,
                      offsetof(config, weigh), "gradient");
    p.choices = ways;
    return p;
}

constexpr pdr_param params[] = {strength_row(), weigh_row(), pdr_param{}};

// ---- a tensor that outlives its scope: released with its owner ----

class kept
{
  public:
    explicit kept(const pdr_host *of) : host(of) {}
    kept(const kept &) = delete;
    kept &operator=(const kept &) = delete;
    ~kept() { host->tensor->release(at); }

    void hold(const pdr_tensor *t) { take(host->tensor->keep(host, t)); }
    void take(pdr_tensor *owned)
    {
        host->tensor->release(at);
        at = owned;
    }
    // What was there is the caller's now.
    pdr_tensor *leave()
    {
        pdr_tensor *was = at;
        at = nullptr;
        return was;
    }
    operator pdr_tensor *() const { return at; }

  private:
    const pdr_host *host;
    pdr_tensor *at = nullptr;
};

// ---- the strategy ----

class steady
{
  public:
    const pdr_host *const host;

    steady(const pdr_host *of, const config &given) : host(of), settings(given), squares(of), importance(of), anchor(of)
    {
    }

    // Parameters may have grown by a head: v has a number for each of them.
    pdr_status before_task(const pdr_task *t)
    {
        const pdr_tensor_api *T = host->tensor;
        int64_t count = T->size(host->model->flat_params(t->model), 0);
        squares.hold(T->full(t->scope, PDR_F32, &count, 1, 0));
        return T->status(t->scope);
    }

    // (1)
    pdr_status after_backward(const pdr_step *s)
    {
        const pdr_tensor *g = host->model->flat_grads(s->task->model);
        return host->tensor->add_product(s->scope, squares, g, g, 1);
    }

    // (2) What older tasks need covers the parameters that there were then: the first ones.
    pdr_status after_task(const pdr_task *t)
    {
        const pdr_tensor_api *T = host->tensor;
        kept older(host);
        older.take(importance.leave());
        importance.hold(weights(t->scope));
        if (older)
            T->blend(t->scope, T->slice(t->scope, importance, 0, 0, T->size(older, 0)), 1, older, 1);
        anchor.hold(T->clone(t->scope, host->model->flat_params(t->model)));
        host->metric_of(host, "importance.largest", T->max(t->scope, importance, PDR_ALL, 0));
        return T->status(t->scope);
    }

    // (3)
    pdr_status after_loss(const pdr_step *s)
    {
        if (!anchor)
            return PDR_OK;
        return host->step->add_penalty(s, importance, anchor, settings.strength, "penalty");
    }

    pdr_status save(pdr_state *out)
    {
        host->state->put_tensor(out, "squares", squares);
        host->state->put_tensor(out, "importance", importance);
        host->state->put_tensor(out, "anchor", anchor);
        return PDR_OK;
    }

    pdr_status load(pdr_state *in, uint32_t /* state_version: there is one so far */)
    {
        squares.take(host->state->get_tensor(in, "squares"));
        importance.take(host->state->get_tensor(in, "importance"));
        anchor.take(host->state->get_tensor(in, "anchor"));
        return PDR_OK;
    }

  private:
    config settings;
    kept squares;            // [P]: v so far
    kept importance, anchor; // [p]: F and w*; none in the first task

    // About 1, so that `strength` means the same however long the task was.
    pdr_tensor *weights(pdr_scope *s) const
    {
        const pdr_tensor_api *T = host->tensor;
        if (settings.weigh == EQUALLY)
            return T->affine(s, squares, 0, 1);
        pdr_tensor *root = T->sqrt(s, squares), *mean = T->mean(s, root, PDR_ALL, 0);
        pdr_tensor *least = T->full(s, PDR_F32, nullptr, 0, 1e-37); // 0 / 0 is 0 here
        return T->div(s, root, T->maximum(s, mean, least));
    }
};

// ---- the border: hooks are methods, and no exception passes ----

template <auto method, typename... given> pdr_status hook(void *self, given... arguments) noexcept
{
    steady *one = static_cast<steady *>(self);
    try {
        return (one->*method)(arguments...);
    } catch (const std::exception &e) {
        return one->host->fail(one->host, PDR_ERROR, e.what());
    } catch (...) {
        return one->host->fail(one->host, PDR_ERROR, "an exception that is no std::exception");
    }
}

pdr_status create(const pdr_host *host, const void *filled, void **self) noexcept
{
    config given;
    std::memcpy(&given, filled, sizeof given);
    *self = new (std::nothrow) steady(host, given);
    return *self ? PDR_OK : PDR_ENOMEM;
}

void destroy(void *self) noexcept { delete static_cast<steady *>(self); }

constexpr pdr_hooks hooks_make()
{
    pdr_hooks h{};
    h.struct_size = sizeof h;
    h.before_task = hook<&steady::before_task>;
    h.after_loss = hook<&steady::after_loss>;
    h.after_backward = hook<&steady::after_backward>;
    h.after_task = hook<&steady::after_task>;
    h.save = hook<&steady::save>;
    h.load = hook<&steady::load>;
    return h;
}
constexpr pdr_hooks hooks = hooks_make();

constexpr pdr_plugin plugin_make()
{
    pdr_plugin p{};
    p.abi_version = PDR_ABI_VERSION;
    p.struct_size = sizeof p;
    p.name = "steady";
    p.version = "1.0";
    p.summary = "Holds parameters by the size of the gradients that moved them";
    p.params = params;
    p.param_size = sizeof(pdr_param);
    p.config_size = sizeof(config);
    p.state_version = 1;
    p.flags = PDR_NEEDS_BOUNDARIES | PDR_GRAPH_SAFE | PDR_RANK_SAFE | PDR_USES_GRADIENT;
    p.hooks = &hooks;
    p.create = create;
    p.destroy = destroy;
    return p;
}
constexpr pdr_plugin plugin = plugin_make();

} // namespace

PDR_EXPORT const pdr_plugin *perdure_plugin(void) { return &plugin; }

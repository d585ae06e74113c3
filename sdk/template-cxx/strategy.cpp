// my_strategy: pulls the parameters towards those after the last task (plain L2, the baseline of Kirkpatrick et al. 2017).
//
// A working skeleton: replace the parameter, the state and the hooks by yours. All hooks: <perdure/plugin.h>, whose opening
// comment has the rules; all that you may call: <perdure/host.h> and <perdure/tensor.h>.
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <perdure/perdure.h>

namespace
{

// ---- what YAML may set: one member and one row each ----

struct config {
    double strength;
};

constexpr pdr_param strength_row()
{
    pdr_param p{}; // what is not set here is 0, also what later headers append
    p.key = "strength";
    p.help = "weight of the pull; the penalty has half of it";
    p.type = PDR_PARAM_REAL;
    p.offset = offsetof(config, strength);
    p.fallback = "0.1";
    p.max = 1e9;
    return p;
}

constexpr pdr_param params[] = {strength_row(), pdr_param{}};

// ---- a tensor that outlives its hook: released with its owner ----

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
    operator pdr_tensor *() const { return at; }

  private:
    const pdr_host *host;
    pdr_tensor *at = nullptr;
};

// ---- the strategy: one instance for each place in a method ----

class strategy
{
  public:
    const pdr_host *const host;

    strategy(const pdr_host *of, const config &given) : host(of), settings(given), anchor(of), ones(of) {}

    pdr_status after_task(const pdr_task *t)
    {
        const pdr_tensor_api *T = host->tensor;
        pdr_tensor *w = T->clone(t->scope, host->model->flat_params(t->model)); // clone: w goes on moving
        anchor.hold(w);
        ones.hold(T->affine(t->scope, w, 0, 1));
        return T->status(t->scope); // the first error of the lines above
    }

    pdr_status after_loss(const pdr_step *s)
    {
        if (!anchor)
            return PDR_OK;
        return host->step->add_penalty(s, ones, anchor, settings.strength, "pull");
    }

    // What a resumed run needs. A key that was never put reads as nullptr: still the first task.
    pdr_status save(pdr_state *out)
    {
        host->state->put_tensor(out, "anchor", anchor);
        host->state->put_tensor(out, "ones", ones);
        return PDR_OK;
    }

    pdr_status load(pdr_state *in, uint32_t /* state_version: compare it when save() has changed */)
    {
        anchor.take(host->state->get_tensor(in, "anchor"));
        ones.take(host->state->get_tensor(in, "ones"));
        return PDR_OK;
    }

  private:
    config settings;
    kept anchor, ones; // [P]; none in the first task
};

// ---- the border: hooks are methods, and no exception passes ----

template <auto method, typename... given> pdr_status hook(void *self, given... arguments) noexcept
{
    strategy *one = static_cast<strategy *>(self);
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
    *self = new (std::nothrow) strategy(host, given);
    return *self ? PDR_OK : PDR_ENOMEM;
}

void destroy(void *self) noexcept { delete static_cast<strategy *>(self); }

constexpr pdr_hooks hooks_make()
{
    pdr_hooks h{};
    h.struct_size = sizeof h;
    h.after_loss = hook<&strategy::after_loss>;
    h.after_task = hook<&strategy::after_task>;
    h.save = hook<&strategy::save>;
    h.load = hook<&strategy::load>;
    return h;
}
constexpr pdr_hooks hooks = hooks_make();

constexpr pdr_plugin plugin_make()
{
    pdr_plugin p{};
    p.abi_version = PDR_ABI_VERSION;
    p.struct_size = sizeof p;
    p.name = "my_strategy";
    p.version = "0.1";
    p.summary = "Pulls parameters towards those after the last task";
    p.params = params;
    p.param_size = sizeof(pdr_param);
    p.config_size = sizeof(config);
    p.state_version = 1;
    p.flags = PDR_NEEDS_BOUNDARIES | PDR_GRAPH_SAFE | PDR_RANK_SAFE;
    p.hooks = &hooks;
    p.create = create;
    p.destroy = destroy;
    return p;
}
constexpr pdr_plugin plugin = plugin_make();

} // namespace

PDR_EXPORT const pdr_plugin *perdure_plugin(void) { return &plugin; }

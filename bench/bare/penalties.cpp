// Methods that hold parameters back: EWC and SI, their penalties through autograd as one writes them.
#include "methods.h"

namespace bare
{

using Tensors = std::vector<Tensor>;

static Tensors like(const Tensors &params)
{
    Tensors zeros;
    for (auto &p : params)
        zeros.push_back(torch::zeros_like(p));
    return zeros;
}

static Tensors values(const Tensors &params)
{
    Tensors copies;
    for (auto &p : params)
        copies.push_back(p.detach().clone());
    return copies;
}

// lambda * sum_e F_e (w - w_e)^2: a term for each past task, differentiated by autograd; `merged` keeps their sum as one
// term, its gradient added by hand. --fisher exact: the expectation over all labels, row by row, on --fisher-rows rows of
// each task (0: all); "fisher_s" is what it took.
struct Ewc : Method {
    bool merged;
    double lambda = w.o.real("lambda"), seconds = 0;
    int64_t counted = 0;
    std::vector<Tensors> importance, anchor;
    Ewc(World &world, bool one_term) : Method(world), merged(one_term) {}

    Tensor loss(const Tensor &x, const Tensor &y) override
    {
        Tensor sum = Method::loss(x, y);
        for (size_t e = 0; !merged && e < importance.size(); e++)
            for (size_t p = 0; p < w.params.size(); p++)
                sum = sum + lambda * (importance[e][p] * (w.params[p] - anchor[e][p]).pow(2)).sum();
        return sum;
    }

    void after_backward() override // 2 lambda (sum_e F_e w - sum_e F_e w_e)
    {
        if (!merged || importance.empty())
            return;
        torch::NoGradGuard g;
        for (size_t p = 0; p < w.params.size(); p++)
            w.params[p]
                .mutable_grad()
                .addcmul_(importance[0][p], w.params[p], 2 * lambda)
                .sub_(anchor[0][p], 2 * lambda);
    }

    // Squared gradients of every label's log-probability, weighed by that probability.
    void add_exact(const Tensor &x, Tensors &sum)
    {
        Tensor log_p = torch::log_softmax(w.net->forward(x), 1).squeeze(0), p = log_p.detach().exp();
        for (int64_t c = 0; c < log_p.size(0); c++) {
            auto grads = torch::autograd::grad({log_p[c]}, w.params, {}, c + 1 < log_p.size(0));
            for (size_t i = 0; i < sum.size(); i++)
                sum[i] += grads[i].pow(2) * p[c];
        }
    }

    void add_batched(const Tensor &at, Tensors &sum)
    {
        w.optimizer->zero_grad();
        Method::loss(w.data.rows(at), w.data.labels_of(at)).backward();
        for (size_t p = 0; p < sum.size(); p++)
            sum[p] += w.params[p].grad().pow(2);
    }

    void end_task() override
    {
        Tensors sum = like(w.params), old = values(w.params);
        const Tensor &at = w.data.tasks[(size_t)w.task];
        const bool exact = w.o["fisher"] == "exact";
        int64_t n = 0, most = at.size(0), limit = w.o.whole("fisher-rows");
        double start = now();
        if (exact && limit > 0)
            most = std::min(most, limit);
        for (int64_t i = 0; i < most; i += exact ? 1 : w.batch, n++) {
            if (exact)
                add_exact(w.data.rows(at.slice(0, i, i + 1)), sum);
            else
                add_batched(at.slice(0, i, std::min(i + w.batch, most)), sum);
        }
        for (auto &s : sum)
            s /= (double)n;
        seconds += now() - start, counted += most;
        add(sum, old);
    }

    void add(Tensors &sum, Tensors &old)
    {
        for (size_t p = 0; merged && p < old.size(); p++)
            old[p] *= sum[p];
        for (size_t p = 0; merged && !importance.empty() && p < old.size(); p++)
            sum[p] += importance[0][p], old[p] += anchor[0][p];
        if (merged)
            importance.clear(), anchor.clear();
        importance.push_back(sum), anchor.push_back(old);
    }

    std::string json() const override
    {
        return ", \"fisher\": \"" + w.o["fisher"] + "\", \"fisher_s\": " + std::to_string(seconds) +
               ", \"fisher_rows\": " + std::to_string(counted);
    }
};

// lambda * sum Omega (w - w*)^2; omega -= g (w - w_before) in every step, Omega += omega / (delta^2 + 0.1) at a task's end.
struct Si : Method {
    Tensors path = like(w.params), before = values(w.params), omega, anchor = values(w.params);
    explicit Si(World &world) : Method(world) {}

    Tensor loss(const Tensor &x, const Tensor &y) override
    {
        Tensor sum = Method::loss(x, y);
        for (size_t p = 0; p < omega.size(); p++)
            sum = sum + w.o.real("lambda") * (omega[p] * (w.params[p] - anchor[p]).pow(2)).sum();
        return sum;
    }

    void after_step(const Tensor &, const Tensor &) override
    {
        torch::NoGradGuard g;
        for (size_t p = 0; p < path.size(); p++) {
            path[p].sub_(w.params[p].grad() * (w.params[p] - before[p]));
            before[p].copy_(w.params[p]);
        }
    }

    void end_task() override
    {
        torch::NoGradGuard g;
        if (omega.empty())
            omega = like(w.params);
        for (size_t p = 0; p < path.size(); p++)
            omega[p] += path[p] / ((w.params[p] - anchor[p]).pow(2) + 0.1);
        anchor = values(w.params), path = like(w.params);
    }
};

std::unique_ptr<Method> penalty_make(const std::string &name, World &w)
{
    if (name == "ewc" || name == "ewc_merged")
        return std::make_unique<Ewc>(w, name == "ewc_merged");
    return name == "si" ? std::make_unique<Si>(w) : nullptr;
}

} // namespace bare

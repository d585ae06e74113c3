// Methods that keep rows: replay, dark experience, A-GEM.
#include "methods.h"

namespace bare
{

// Rows of the tasks so far in equal parts, `mem` in all, chosen at random at the end of each; drawn in passes.
struct Memory : Method {
    std::vector<Tensor> parts;
    Passes kept;
    using Method::Method;
    bool filled() const { return !parts.empty(); }
    void begin_task() override
    {
        if (filled())
            kept = Passes{torch::cat(parts)};
    }
    void end_task() override
    {
        const Tensor &at = w.data.tasks[(size_t)w.task];
        parts.push_back(at.index_select(0, torch::randperm(at.size(0), torch::kLong)));
        for (auto &part : parts)
            part = part.slice(0, 0, w.o.whole("mem") / (int64_t)parts.size());
    }
};

// One forward over fresh and rehearsed rows; --weights join: their mean, task: 1/k and 1 - 1/k at the k-th task.
struct Replay : Memory {
    using Memory::Memory;
    Tensor loss(const Tensor &x, const Tensor &y) override
    {
        if (!filled())
            return Method::loss(x, y);
        Tensor at = kept.full(w.batch), labels = torch::cat({y, w.data.labels_of(at)});
        Tensor logits = w.net->forward(torch::cat({x, w.data.rows(at)}));
        if (w.o["weights"] == "join")
            return torch::cross_entropy_loss(logits, labels);
        int64_t n = x.size(0), all = logits.size(0);
        return w.share() * torch::cross_entropy_loss(logits.slice(0, 0, n), labels.slice(0, 0, n)) +
               (1 - w.share()) * torch::cross_entropy_loss(logits.slice(0, n, all), labels.slice(0, n, all));
    }
};

// Two draws: alpha times the squared distance to the logits of then, beta times the cross entropy; a reservoir.
struct Dark : Method {
    int64_t room = w.o.whole("mem"), offered = 0, used = 0;
    Tensor rows = torch::zeros({room, 784}), labels = torch::zeros({room}, torch::kLong),
           then = torch::zeros({room, 10}), last;
    using Method::Method;

    Tensor draw() const { return torch::randperm(used, torch::kLong).slice(0, 0, std::min(w.batch, used)); }

    Tensor loss(const Tensor &x, const Tensor &y) override
    {
        if (used == 0)
            return last = w.net->forward(x), torch::cross_entropy_loss(last, y);
        Tensor one = draw(), two = draw();
        Tensor logits = w.net->forward(torch::cat({x, rows.index_select(0, one), rows.index_select(0, two)}));
        int64_t n = x.size(0), m = n + one.size(0), all = logits.size(0);
        last = logits.slice(0, 0, n);
        return torch::cross_entropy_loss(last, y) +
               0.5 * torch::mse_loss(logits.slice(0, n, m), then.index_select(0, one)) +
               0.5 * torch::cross_entropy_loss(logits.slice(0, m, all), labels.index_select(0, two));
    }

    void after_step(const Tensor &x, const Tensor &at) override
    {
        torch::NoGradGuard g;
        std::vector<int64_t> from, to;
        for (int64_t i = 0; i < x.size(0); i++, offered++) {
            int64_t slot = offered < room ? offered : torch::randint(offered + 1, {1}, torch::kLong).item<int64_t>();
            if (slot < room)
                from.push_back(i), to.push_back(slot);
        }
        used = std::min(offered, room);
        if (from.empty())
            return;
        Tensor f = torch::tensor(from, torch::kLong), t = torch::tensor(to, torch::kLong);
        rows.index_copy_(0, t, x.index_select(0, f));
        labels.index_copy_(0, t, w.data.labels_of(at.index_select(0, f)));
        then.index_copy_(0, t, last.index_select(0, f));
    }
};

// The gradient is projected where it points away from that of a batch of the memory.
struct Agem : Memory {
    std::vector<Tensor> reference;
    using Memory::Memory;

    Tensor loss(const Tensor &x, const Tensor &y) override
    {
        if (filled()) {
            Tensor at = kept.full(w.batch);
            reference = torch::autograd::grad({Method::loss(w.data.rows(at), w.data.labels_of(at))}, w.params);
        }
        return Method::loss(x, y);
    }

    void after_backward() override
    {
        if (reference.empty())
            return;
        double along = 0, square = 0;
        for (size_t p = 0; p < reference.size(); p++) {
            Tensor flat = reference[p].flatten();
            along += flat.dot(w.params[p].grad().flatten()).item<double>();
            square += flat.dot(flat).item<double>();
        }
        for (size_t p = 0; along < 0 && p < reference.size(); p++)
            w.params[p].mutable_grad().sub_(reference[p], along / (square + 1e-7));
    }
};

std::unique_ptr<Method> rehearsal_make(const std::string &name, World &w)
{
    if (name == "replay")
        return std::make_unique<Replay>(w);
    if (name == "der")
        return std::make_unique<Dark>(w);
    return name == "agem" ? std::make_unique<Agem>(w) : nullptr;
}

} // namespace bare

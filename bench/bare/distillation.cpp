// Methods that ask the network of the task before: LwF, iCaRL, generative replay.
#include "methods.h"

namespace bare
{

Tensor distilled(const Tensor &logits, const Tensor &teacher, double temperature)
{
    Tensor target = torch::softmax(teacher / temperature, 1), log_p = torch::log_softmax(logits / temperature, 1);
    return -(target * log_p.slice(1, 0, target.size(1))).sum(1).mean() * temperature * temperature;
}

struct Taught : Method {
    using Method::Method;
    Tensor ask(const Tensor &x)
    {
        torch::NoGradGuard g;
        return w.teacher->forward(x).slice(1, 0, w.seen_before());
    }
    void end_task() override { copy_weights(w.net, w.teacher); }
};

// The teacher's forward on the fresh rows in every step; weights 1/k and 1 - 1/k.
struct Lwf : Taught {
    using Taught::Taught;
    Tensor loss(const Tensor &x, const Tensor &y) override
    {
        if (w.task == 0)
            return Method::loss(x, y);
        Tensor logits = w.net->forward(x);
        return w.share() * torch::cross_entropy_loss(logits, y) + (1 - w.share()) * distilled(logits, ask(x), 2);
    }
};

static Tensor unit(const Tensor &x, int64_t dim) { return F::normalize(x, F::NormalizeFuncOptions().dim(dim)); }

// Exemplars join the task's rows; sigmoid and BCE with the teacher's answers for old classes; herding, one product a step;
// nearest mean of exemplars.
struct Icarl : Taught {
    std::vector<Tensor> exemplars;
    Tensor means;
    using Taught::Taught;

    Tensor pool() override
    {
        std::vector<Tensor> all = exemplars;
        all.push_back(Method::pool());
        return torch::cat(all);
    }

    Tensor loss(const Tensor &x, const Tensor &y) override
    {
        Tensor logits = w.net->forward(x).slice(1, 0, w.seen_before() + 2);
        Tensor target = torch::one_hot(y, w.seen_before() + 2).to(torch::kFloat);
        if (w.task > 0)
            target.slice(1, 0, w.seen_before()).copy_(torch::sigmoid(ask(x)));
        return torch::binary_cross_entropy_with_logits(logits, target, {}, {}, at::Reduction::None).sum(1).mean();
    }

    Tensor herd(const Tensor &at, int64_t count)
    {
        std::vector<Tensor> parts;
        for (int64_t i = 0; i < at.size(0); i += 1000)
            parts.push_back(unit(w.net->features(w.data.rows(at.slice(0, i, std::min(i + 1000, at.size(0))))), 1));
        Tensor d = torch::cat(parts), mu = d.mean(0), sum = torch::zeros_like(mu), square = d.square().sum(1);
        Tensor used = torch::zeros({d.size(0)});
        std::vector<int64_t> chosen;
        for (int64_t k = 1; k <= std::min(count, d.size(0)); k++) {
            Tensor away = square - 2 * torch::mv(d, (double)k * mu - sum) + used;
            int64_t best = away.argmin().item<int64_t>();
            chosen.push_back(best), sum += d[best], used[best] = INFINITY;
        }
        return at.index_select(0, torch::tensor(chosen, torch::kLong));
    }

    void end_task() override
    {
        Taught::end_task();
        torch::NoGradGuard g;
        const Tensor &at = w.data.tasks[(size_t)w.task];
        const int64_t share = w.o.whole("mem") / (w.seen_before() + 2);
        for (auto &e : exemplars)
            e = e.slice(0, 0, share);
        for (int64_t c = w.seen_before(); c < w.seen_before() + 2; c++)
            exemplars.push_back(herd(at.index_select(0, (w.data.labels_of(at) == c).nonzero().squeeze(1)), share));
        std::vector<Tensor> all;
        for (auto &e : exemplars)
            all.push_back(unit(unit(w.net->features(w.data.rows(e)), 1).mean(0), 0));
        means = torch::stack(all);
    }

    Tensor predict(const Tensor &x) override { return torch::cdist(unit(w.net->features(x), 1), means).argmin(1); }
};

// A VAE of the network's own size and z = 100, trained beside the network on fresh and replayed rows; the network of the task
// before says what the replayed ones are. Needs --normalize unit.
struct Generative : Taught {
    std::vector<int64_t> hidden = hidden_of(w.o), back{hidden.rbegin(), hidden.rend()};
    Net encoder{784, hidden, 200}, decoder{100, back, 784}, old{100, back, 784};
    std::unique_ptr<torch::optim::Adam> optimizer;
    Tensor dreams;
    explicit Generative(World &world) : Taught(world)
    {
        auto params = encoder->parameters(), more = decoder->parameters();
        params.insert(params.end(), more.begin(), more.end());
        optimizer = std::make_unique<torch::optim::Adam>(params, torch::optim::AdamOptions(1e-3));
    }

    Tensor loss(const Tensor &x, const Tensor &y) override
    {
        if (w.task == 0)
            return Method::loss(x, y);
        Tensor labels;
        {
            torch::NoGradGuard g;
            dreams = torch::sigmoid(old->forward(torch::randn({x.size(0), 100})));
            labels = ask(dreams).argmax(1);
        }
        Tensor logits = w.net->forward(torch::cat({x, dreams}));
        int64_t n = x.size(0);
        return w.share() * torch::cross_entropy_loss(logits.slice(0, 0, n), y) +
               (1 - w.share()) * torch::cross_entropy_loss(logits.slice(0, n, 2 * n), labels);
    }

    Tensor generator_loss(const Tensor &x) // [n]
    {
        Tensor code = encoder->forward(x), mu = code.slice(1, 0, 100), log_var = code.slice(1, 100, 200);
        Tensor out = decoder->forward(mu + torch::exp(0.5 * log_var) * torch::randn_like(mu));
        return torch::binary_cross_entropy_with_logits(out, x, {}, {}, at::Reduction::None).sum(1) -
               0.5 * (1 + log_var - mu.square() - log_var.exp()).sum(1);
    }

    void after_step(const Tensor &x, const Tensor &) override
    {
        int64_t n = x.size(0);
        Tensor rows = generator_loss(w.task ? torch::cat({x, dreams}) : x),
               loss = rows.slice(0, 0, n).mean() * w.share();
        if (w.task)
            loss = loss + (1 - w.share()) * rows.slice(0, n, 2 * n).mean();
        optimizer->zero_grad();
        loss.backward();
        optimizer->step();
    }

    void end_task() override
    {
        Taught::end_task();
        copy_weights(decoder, old);
    }
};

std::unique_ptr<Method> distillation_make(const std::string &name, World &w)
{
    if (name == "lwf")
        return std::make_unique<Lwf>(w);
    if (name == "icarl")
        return std::make_unique<Icarl>(w);
    return name == "genreplay" ? std::make_unique<Generative>(w) : nullptr;
}

std::unique_ptr<Method> method_make(const std::string &name, World &w)
{
    if (name == "finetune")
        return std::make_unique<Method>(w);
    for (auto family : {penalty_make, rehearsal_make, distillation_make})
        if (auto found = family(name, w))
            return found;
    TORCH_CHECK(false, "found --strategy ", name,
                "; expected finetune, replay, der, agem, ewc, ewc_merged, si, lwf, icarl or genreplay");
}

} // namespace bare

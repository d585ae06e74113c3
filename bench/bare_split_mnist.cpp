// Split-MNIST (class-incremental) as a hand-written libtorch C++ loop: the floor for native code.
// Does the same training work as bare_torch.py --data tensor. Prints one JSON line.
// usage: bare_split_mnist --strategy naive|replay|ewc|ewc_merged|lwf|icarl|genreplay [--hidden 400,400] [--lr 0.1]
//        [--batch 128] [--mem 2000] [--seed 0] [--threads 1] [--root FOLDER] [--store float|u8]
//        [--lambda 100] [--fisher batched|exact] [--fisher-rows 0]
// ewc has one quadratic term for each past task, differentiated by autograd; ewc_merged keeps their sum as one, its
// gradient added by hand. --fisher exact: the expectation over all labels, sample by sample, on --fisher-rows rows of each
// task (0: all); "fisher_s" is what it took, which is not in "it_per_s". Nor is the first step, in which LibTorch starts.
// --store u8 keeps the training images as bytes and normalises each batch.
#include <torch/torch.h>

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace F = torch::nn::functional;
using torch::Tensor;

static double now()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

// Seconds since the kernel started this process (10 ms resolution).
static double process_age()
{
    std::ifstream f("/proc/self/stat");
    std::string s((std::istreambuf_iterator<char>(f)), {});
    std::istringstream in(s.substr(s.rfind(')') + 2));
    std::string field;
    for (int i = 0; i < 20; i++)
        in >> field;
    timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec - std::stod(field) / sysconf(_SC_CLK_TCK);
}

static Tensor read_idx(const std::string &path)
{
    std::ifstream f(path, std::ios::binary);
    std::vector<unsigned char> d((std::istreambuf_iterator<char>(f)), {});
    TORCH_CHECK(d.size() > 8, "cannot read ", path);
    std::vector<int64_t> shape;
    for (int i = 0; i < d[3]; i++) {
        const unsigned char *p = &d[4 + 4 * i];
        shape.push_back((int64_t(p[0]) << 24) | (p[1] << 16) | (p[2] << 8) | p[3]);
    }
    return torch::from_blob(&d[4 + 4 * shape.size()], shape, torch::kByte).clone();
}

struct Clock {
    std::vector<double> loop, median;
    std::vector<double> steps;
    double t0 = 0, last = 0, total = 0, first = 0, first_age = -1;
    long iters = 0, ticks = 0;
    void start()
    {
        if (first_age < 0)
            first_age = process_age();
        steps.clear();
        t0 = last = now();
    }
    void tick()
    {
        double n = now();
        steps.push_back(n - last);
        if (ticks++ == 0)
            first = n - last;
        last = n;
    }
    void stop()
    {
        total += now() - t0;
        iters += (long)steps.size();
        std::sort(steps.begin(), steps.end());
        size_t k = steps.size();
        median.push_back(1e3 * (k % 2 ? steps[k / 2] : 0.5 * (steps[k / 2 - 1] + steps[k / 2])));
    }
    std::string json() const
    {
        std::ostringstream o;
        o.precision(5);
        o << "\"iters\": " << iters << ", \"loop_s\": " << total << ", \"first_s\": " << first
          << ", \"it_per_s\": " << (iters - 1) / (total - first) << ", \"ms_per_iter\": " << 1e3 * total / iters
          << ", \"median_ms_per_iter_by_task\": [";
        for (size_t i = 0; i < median.size(); i++)
            o << (i ? ", " : "") << median[i];
        o << "]";
        return o.str();
    }
};

struct NetImpl : torch::nn::Module {
    torch::nn::Sequential features;
    torch::nn::Linear head{nullptr};
    std::vector<int> hidden;
    explicit NetImpl(std::vector<int> h) : hidden(h)
    {
        int in = 784;
        for (int n : h) {
            features->push_back(torch::nn::Linear(in, n));
            features->push_back(torch::nn::ReLU());
            in = n;
        }
        register_module("features", features);
        head = register_module("head", torch::nn::Linear(in, 10));
    }
    Tensor forward(Tensor x) { return head(features->forward(x)); }
};
TORCH_MODULE(Net);

struct VaeImpl : torch::nn::Module {
    int z;
    torch::nn::Sequential enc, dec;
    torch::nn::Linear mean{nullptr}, logvar{nullptr};
    explicit VaeImpl(int z_ = 2) : z(z_)
    {
        using namespace torch::nn;
        enc = register_module("enc",
                              Sequential(Linear(784, 400), BatchNorm1d(400), LeakyReLU(), Linear(400, 128), ReLU()));
        mean = register_module("mean", Linear(128, z));
        logvar = register_module("logvar", Linear(128, z));
        dec = register_module("dec", Sequential(Linear(z, 64), ReLU(), Linear(64, 128), ReLU(), Linear(128, 256),
                                                ReLU(), Linear(256, 784), Sigmoid()));
    }
    Tensor decode(Tensor v) { return (dec->forward(v) - 0.1307) / 0.3081; }
    Tensor generate(int64_t n) { return decode(torch::randn({n, z})); }
    Tensor loss(Tensor x)
    {
        Tensor h = enc->forward(x), m = mean(h), lv = logvar(h);
        Tensor xh = decode(m + torch::randn_like(m) * 0.5 * lv.exp());
        return F::mse_loss(xh, x, F::MSELossFuncOptions().reduction(torch::kSum)) +
               0.5 * torch::sum(-1 - lv + lv.exp() + m.pow(2));
    }
};
TORCH_MODULE(Vae);

template <class M> static void copy_weights(M &from, M &to)
{
    torch::NoGradGuard g;
    auto a = from->parameters(), b = to->parameters();
    for (size_t i = 0; i < a.size(); i++)
        b[i].copy_(a[i]);
    auto c = from->buffers(), d = to->buffers();
    for (size_t i = 0; i < c.size(); i++)
        d[i].copy_(c[i]);
}

static Tensor unit(Tensor x, int dim) { return F::normalize(x, F::NormalizeFuncOptions().dim(dim)); }

// Adds the exact Fisher of one sample: squared gradients of every label's log-probability, weighed by that probability.
static void fisher_add(Net &net, const Tensor &x, const std::vector<Tensor> &params, std::vector<Tensor> &imp)
{
    Tensor log_p = torch::log_softmax(net->forward(x), 1).squeeze(0), p = log_p.detach().exp();
    for (int64_t c = 0; c < log_p.size(0); c++) {
        auto grads = torch::autograd::grad({log_p[c]}, params, {}, c + 1 < log_p.size(0));
        for (size_t i = 0; i < params.size(); i++)
            imp[i] += grads[i].pow(2) * p[c];
    }
}

int main(int argc, char **argv)
{
    std::map<std::string, std::string> o{{"strategy", "naive"}, {"hidden", "400,400"}, {"lr", "0.1"},
                                         {"batch", "128"},      {"mem", "2000"},       {"seed", "0"},
                                         {"threads", "1"},      {"root", "."},         {"store", "float"},
                                         {"lambda", "100"},     {"fisher", "batched"}, {"fisher-rows", "0"}};
    for (int i = 1; i + 1 < argc; i += 2)
        o[argv[i] + 2] = argv[i + 1];
    const std::string s = o["strategy"];
    std::vector<int> hidden;
    {
        std::istringstream in(o["hidden"]);
        for (std::string v; std::getline(in, v, ',');)
            hidden.push_back(std::stoi(v));
    }
    const int64_t batch = std::stoi(o["batch"]), mem = std::stoi(o["mem"]), fisher_rows = std::stoi(o["fisher-rows"]);
    const double lambda = std::stod(o["lambda"]);
    double fisher_s = 0;
    int64_t fisher_count = 0;
    torch::set_num_threads(std::stoi(o["threads"]));
    torch::manual_seed(std::stoi(o["seed"]));

    auto prep = [](Tensor x) { return (x.to(torch::kFloat).view({-1, 784}) / 255 - 0.1307) / 0.3081; };
    const bool bytes = o["store"] == "u8";
    Tensor X = read_idx(o["root"] + "/train-images-idx3-ubyte");
    X = bytes ? X.view({-1, 784}) : prep(X);
    auto rows = [&](const Tensor &pick) {
        Tensor x = X.index_select(0, pick);
        return bytes ? x.to(torch::kFloat).mul_(1 / (255 * 0.3081)).sub_(0.1307 / 0.3081) : x;
    };
    Tensor Y = read_idx(o["root"] + "/train-labels-idx1-ubyte").to(torch::kLong);
    Tensor XT = prep(read_idx(o["root"] + "/t10k-images-idx3-ubyte"));
    Tensor YT = read_idx(o["root"] + "/t10k-labels-idx1-ubyte").to(torch::kLong);
    std::vector<Tensor> ids, tx, ty;
    for (int t = 0; t < 5; t++) {
        ids.push_back(((Y == 2 * t) | (Y == 2 * t + 1)).nonzero().squeeze(1));
        Tensor k = ((YT == 2 * t) | (YT == 2 * t + 1)).nonzero().squeeze(1);
        tx.push_back(XT.index_select(0, k));
        ty.push_back(YT.index_select(0, k));
    }

    Net net(hidden), teacher(hidden);
    Vae vae, old_vae;
    bool has_teacher = false, has_vae = false;
    torch::optim::SGD opt(net->parameters(), torch::optim::SGDOptions(std::stod(o["lr"])));
    torch::optim::Adam vopt(vae->parameters(), torch::optim::AdamOptions(0.01).weight_decay(1e-4));
    auto params = net->parameters();
    Clock clock, gclock;
    std::vector<Tensor> groups, exemplars;
    std::vector<std::vector<Tensor>> imps, olds;
    Tensor means, seen;
    double acc[5][5], train_s = 0, eval_s = 0;

    for (int t = 0; t < 5; t++) {
        double t0 = now();
        clock.start();
        Tensor pool = ids[t], memory, order;
        int64_t at = 0;
        if (s == "replay" && !groups.empty())
            memory = torch::cat(groups), at = INT64_MAX;
        if (s == "icarl" && !exemplars.empty()) {
            auto parts = exemplars;
            parts.insert(parts.begin(), pool);
            pool = torch::cat(parts);
        }
        Tensor perm = pool.index_select(0, torch::randperm(pool.size(0), torch::kLong));
        for (int64_t i = 0; i < perm.size(0); i += batch) {
            Tensor pick = perm.slice(0, i, std::min(i + batch, perm.size(0)));
            Tensor x, y;
            if (memory.defined()) {
                if (at >= memory.size(0))
                    order = memory.index_select(0, torch::randperm(memory.size(0), torch::kLong)), at = 0;
                Tensor both = torch::cat({pick, order.slice(0, at, std::min(at + batch, memory.size(0)))});
                at += batch;
                x = rows(both), y = Y.index_select(0, both);
            } else {
                x = rows(pick), y = Y.index_select(0, pick);
            }
            if (s == "genreplay" && has_vae) {
                torch::NoGradGuard g;
                Tensor r = old_vae->generate(x.size(0)), ry = teacher->forward(r).argmax(1);
                x = torch::cat({x, r}), y = torch::cat({y, ry});
            }
            Tensor out = net->forward(x), loss;
            if (s == "icarl") {
                Tensor target = torch::one_hot(y, 10).to(torch::kFloat);
                if (has_teacher) {
                    torch::NoGradGuard g;
                    target.index_copy_(1, seen, torch::sigmoid(teacher->forward(x)).index_select(1, seen));
                }
                loss = torch::binary_cross_entropy(torch::sigmoid(out), target);
            } else {
                loss = torch::cross_entropy_loss(out, y);
            }
            if (s == "lwf" && has_teacher) {
                Tensor q;
                {
                    torch::NoGradGuard g;
                    q = torch::softmax(teacher->forward(x).index_select(1, seen) / 2.0, 1);
                }
                loss = loss + F::kl_div(torch::log_softmax(out.index_select(1, seen) / 2.0, 1), q,
                                        F::KLDivFuncOptions().reduction(torch::kBatchMean));
            }
            for (size_t e = 0; s == "ewc" && e < imps.size(); e++)
                for (size_t p = 0; p < params.size(); p++)
                    loss = loss + lambda * (imps[e][p] * (params[p] - olds[e][p]).pow(2)).sum();
            opt.zero_grad();
            loss.backward();
            if (s == "ewc_merged" && !imps.empty()) {
                torch::NoGradGuard
                    g; // d/dp of lambda * sum_e F_e (p - p_e)^2 = 2 lambda * (sum_e F_e * p - sum_e F_e p_e)
                for (size_t p = 0; p < params.size(); p++)
                    params[p].mutable_grad().addcmul_(imps[0][p], params[p], 2 * lambda).sub_(olds[0][p], 2 * lambda);
            }
            opt.step();
            clock.tick();
        }
        clock.stop();

        if (s == "replay") {
            groups.push_back(ids[t].index_select(0, torch::randperm(ids[t].size(0), torch::kLong)));
            for (auto &g : groups)
                g = g.slice(0, 0, mem / (int64_t)groups.size());
        } else if (s == "ewc" || s == "ewc_merged") {
            std::vector<Tensor> imp, old;
            for (auto &p : params)
                imp.push_back(torch::zeros_like(p)), old.push_back(p.detach().clone());
            int64_t n = 0, most = ids[t].size(0);
            double start = now();
            if (o["fisher"] == "exact" && fisher_rows > 0)
                most = std::min(most, fisher_rows);
            for (; o["fisher"] == "exact" && n < most; n++)
                fisher_add(net, rows(ids[t].slice(0, n, n + 1)), params, imp);
            for (int64_t i = 0; o["fisher"] == "batched" && i < most; i += batch, n++) {
                Tensor pick = ids[t].slice(0, i, std::min(i + batch, ids[t].size(0)));
                opt.zero_grad();
                torch::cross_entropy_loss(net->forward(rows(pick)), Y.index_select(0, pick)).backward();
                for (size_t p = 0; p < params.size(); p++)
                    imp[p] += params[p].grad().pow(2);
            }
            for (auto &w : imp)
                w /= (double)n;
            fisher_s += now() - start, fisher_count += most;
            if (s == "ewc_merged") {
                for (size_t p = 0; p < params.size(); p++)
                    old[p] *= imp[p];
                for (size_t p = 0; p < params.size() && !imps.empty(); p++)
                    imp[p] += imps[0][p], old[p] += olds[0][p];
                imps.clear(), olds.clear();
            }
            imps.push_back(imp), olds.push_back(old);
        } else if (s == "lwf") {
            copy_weights(net, teacher), has_teacher = true;
        } else if (s == "icarl") {
            copy_weights(net, teacher), has_teacher = true;
            torch::NoGradGuard g;
            const int64_t share = (mem + 2 * t + 1) / (2 * t + 2);
            for (auto &e : exemplars)
                e = e.slice(0, 0, share);
            for (int c = 2 * t; c < 2 * t + 2; c++) {
                Tensor cls = ids[t].index_select(0, (Y.index_select(0, ids[t]) == c).nonzero().squeeze(1));
                std::vector<Tensor> parts;
                for (int64_t i = 0; i < cls.size(0); i += batch)
                    parts.push_back(net->features->forward(rows(cls.slice(0, i, std::min(i + batch, cls.size(0))))));
                Tensor d = unit(torch::cat(parts), 1), mu = d.mean(0), w = mu.clone();
                std::vector<int64_t> chosen;
                std::vector<char> used(cls.size(0), 0);
                for (int tries = 0; (int64_t)chosen.size() < share && tries < 1000; tries++) {
                    int64_t k = torch::mv(d, w).argmax().item<int64_t>();
                    if (!used[k])
                        used[k] = 1, chosen.push_back(k);
                    w = w + mu - d[k];
                }
                exemplars.push_back(cls.index_select(0, torch::tensor(chosen, torch::kLong)));
            }
            std::vector<Tensor> m;
            for (auto &e : exemplars)
                m.push_back(unit(unit(net->features->forward(rows(e)), 1).mean(0), 0));
            means = torch::stack(m);
        } else if (s == "genreplay") {
            gclock.start();
            vae->train();
            Tensor p = ids[t].index_select(0, torch::randperm(ids[t].size(0), torch::kLong));
            for (int64_t i = 0; i < p.size(0); i += batch) {
                Tensor x = rows(p.slice(0, i, std::min(i + batch, p.size(0))));
                if (has_vae) {
                    torch::NoGradGuard g;
                    x = torch::cat({x, old_vae->generate(x.size(0))});
                }
                Tensor loss = vae->loss(x);
                vopt.zero_grad();
                loss.backward();
                vopt.step();
                gclock.tick();
            }
            gclock.stop();
            copy_weights(vae, old_vae), old_vae->eval(), has_vae = true;
            copy_weights(net, teacher), has_teacher = true;
        }
        seen = torch::arange(0, 2 * t + 2, torch::kLong);

        double t1 = now();
        {
            torch::NoGradGuard g;
            for (int k = 0; k < 5; k++) {
                int64_t right = 0;
                for (int64_t i = 0; i < tx[k].size(0); i += batch) {
                    int64_t e = std::min(i + batch, tx[k].size(0));
                    Tensor x = tx[k].slice(0, i, e), y = ty[k].slice(0, i, e), pred;
                    if (means.defined())
                        pred = torch::cdist(unit(net->features->forward(x), 1), means).argmin(1);
                    else
                        pred = net->forward(x).argmax(1);
                    right += (pred == y).sum().item<int64_t>();
                }
                acc[t][k] = double(right) / tx[k].size(0);
            }
        }
        double t2 = now();
        train_s += t1 - t0, eval_s += t2 - t1;
    }

    double avg = 0, bwt = 0;
    for (int k = 0; k < 5; k++)
        avg += acc[4][k] / 5;
    for (int k = 0; k < 4; k++)
        bwt += (acc[4][k] - acc[k][k]) / 4;
    rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf(
        "{\"peer\": \"bare libtorch C++ %s\", \"strategy\": \"%s\", \"hidden\": [%s], \"threads\": %s, \"seed\": %s, "
        "\"lr\": %s, \"mem\": %s, \"variant\": \"%s\", \"startup_s\": %.3f, \"train_s\": %.4f, \"outside_loop_s\": "
        "%.4f, \"eval_s\": %.4f, %s, ",
        TORCH_VERSION, s.c_str(), o["hidden"].c_str(), o["threads"].c_str(), o["seed"].c_str(), o["lr"].c_str(),
        o["mem"].c_str(), bytes ? "u8" : "", clock.first_age, train_s, train_s - clock.total, eval_s,
        clock.json().c_str());
    if (fisher_count)
        printf("\"fisher\": \"%s\", \"fisher_s\": %.4f, \"fisher_rows\": %lld, ", o["fisher"].c_str(), fisher_s,
               (long long)fisher_count);
    if (gclock.iters)
        printf("\"generator\": {%s}, ", gclock.json().c_str());
    printf("\"avg_acc\": %.4f, \"bwt\": %.4f, \"wall_s\": %.3f, \"user_s\": %.3f, \"sys_s\": %.3f, \"rss_mb\": %.1f}\n",
           avg, bwt, process_age(), u.ru_utime.tv_sec + 1e-6 * u.ru_utime.tv_usec,
           u.ru_stime.tv_sec + 1e-6 * u.ru_stime.tv_usec, u.ru_maxrss / 1024.0);
    return 0;
}

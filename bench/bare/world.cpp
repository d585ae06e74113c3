// What every method needs: MNIST, the network, and rows drawn in passes.
#include "bare.h"

#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace bare
{

double now()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double process_age()
{
    std::ifstream f("/proc/self/stat");
    std::string s((std::istreambuf_iterator<char>(f)), {});
    std::istringstream in(s.substr(s.rfind(')') + 2));
    std::string field;
    for (int i = 0; i < 20; i++)
        in >> field;
    timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec - std::stod(field) / (double)sysconf(_SC_CLK_TCK);
}

static Tensor read_idx(const std::string &path)
{
    std::ifstream f(path, std::ios::binary);
    std::vector<unsigned char> d((std::istreambuf_iterator<char>(f)), {});
    TORCH_CHECK(d.size() > 8, "cannot read ", path);
    std::vector<int64_t> shape;
    for (size_t i = 0; i < d[3]; i++) {
        const unsigned char *p = &d[4 + 4 * i];
        shape.push_back((int64_t(p[0]) << 24) | (p[1] << 16) | (p[2] << 8) | p[3]);
    }
    return torch::from_blob(&d[4 + 4 * shape.size()], shape, torch::kByte).clone();
}

Data::Data(const Options &o)
{
    const bool unit = o["normalize"] == "unit", bytes = o["store"] == "u8";
    mean = unit ? 0 : 0.1307, deviation = unit ? 1 : 0.3081;
    auto prepared = [&](Tensor x) { return (x.to(torch::kFloat).view({-1, 784}) / 255 - mean) / deviation; };
    const std::string root = o["root"];
    images = read_idx(root + "/train-images-idx3-ubyte");
    images = bytes ? images.view({-1, 784}) : prepared(images);
    labels = read_idx(root + "/train-labels-idx1-ubyte").to(torch::kLong);
    Tensor tests = prepared(read_idx(root + "/t10k-images-idx3-ubyte"));
    Tensor answers = read_idx(root + "/t10k-labels-idx1-ubyte").to(torch::kLong);
    for (int t = 0; t < 5; t++) {
        tasks.push_back(((labels == 2 * t) | (labels == 2 * t + 1)).nonzero().squeeze(1));
        Tensor k = ((answers == 2 * t) | (answers == 2 * t + 1)).nonzero().squeeze(1);
        test_rows.push_back(tests.index_select(0, k));
        test_labels.push_back(answers.index_select(0, k));
    }
}

Tensor Data::rows(const Tensor &at) const
{
    Tensor x = images.index_select(0, at);
    return x.dtype() == torch::kByte ? x.to(torch::kFloat).mul_(1 / (255 * deviation)).sub_(mean / deviation) : x;
}

Tensor Passes::next(int64_t count)
{
    if (at >= pool.size(0))
        order = pool.index_select(0, torch::randperm(pool.size(0), torch::kLong)), at = 0;
    Tensor taken = order.slice(0, at, std::min(at + count, pool.size(0)));
    at += count;
    return taken;
}

Tensor Passes::full(int64_t count)
{
    Tensor taken = next(count);
    while (taken.size(0) < count)
        taken = torch::cat({taken, next(count - taken.size(0))});
    return taken;
}

NetImpl::NetImpl(int64_t in, const std::vector<int64_t> &hidden, int64_t out)
{
    for (int64_t n : hidden) {
        body->push_back(torch::nn::Linear(in, n));
        body->push_back(torch::nn::ReLU());
        in = n;
    }
    register_module("body", body);
    head = register_module("head", torch::nn::Linear(in, out));
}

void copy_weights(Net &from, Net &to)
{
    torch::NoGradGuard g;
    auto a = from->parameters(), b = to->parameters();
    for (size_t i = 0; i < a.size(); i++)
        b[i].copy_(a[i]);
}

std::vector<int64_t> hidden_of(const Options &o)
{
    std::vector<int64_t> hidden;
    std::istringstream in(o["hidden"]);
    for (std::string v; std::getline(in, v, ',');)
        hidden.push_back(std::stoll(v));
    return hidden;
}

World::World(const Options &options)
    : o(options), data(o), net(784, hidden_of(o), 10), teacher(784, hidden_of(o), 10), params(net->parameters()),
      batch(o.whole("batch"))
{
    if (o["optimizer"] == "adam")
        optimizer = std::make_unique<torch::optim::Adam>(params, torch::optim::AdamOptions(o.real("lr")));
    else
        optimizer = std::make_unique<torch::optim::SGD>(params, torch::optim::SGDOptions(o.real("lr")));
}

} // namespace bare

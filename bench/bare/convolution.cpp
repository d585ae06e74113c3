// Convolutional networks as a hand-written LibTorch loop trains them, in LibTorch's own layout (contiguous): the floor of
// bench/convolution. Rows are noise, as only time counts. Prints one JSON line.
// usage: bare_convolution [--network resnet18|resnet32|cnn] [--width 20] [--channels 32,64] [--hidden 128] [--shape 3,32,32]
//        [--batch 32] [--steps 100] [--rows 1000] [--evaluate-batch 128] [--lr 0.01] [--seed 0] [--threads 1]
// "it_per_s" counts from the second step on, in the first of which LibTorch starts; "rows_per_s" is evaluation's, of --rows.
// resnet18 of width 20 is the slim one of Lopez-Paz and Ranzato 2017; resnet32 has the shortcuts of He et al.'s option A.
#include <torch/torch.h>

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace nn = torch::nn;
namespace F = torch::nn::functional;
using torch::Tensor;

using Options = std::map<std::string, std::string>;

static std::vector<int64_t> numbers(const std::string &words)
{
    std::vector<int64_t> out;
    std::stringstream list(words);
    for (std::string word; std::getline(list, word, ',');)
        out.push_back(std::stoll(word));
    return out;
}

static nn::Conv2d conv(int64_t in, int64_t out, int64_t kernel, int64_t stride)
{
    return nn::Conv2d(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

struct BlockImpl : nn::Module {
    int64_t stride, more; // channels of zeros that option A appends
    nn::Conv2d c1, c2, c3{nullptr};
    nn::BatchNorm2d n1, n2, n3{nullptr};
    BlockImpl(int64_t in, int64_t out, int64_t by, bool option_a)
        : stride(by), more(option_a ? out - in : 0), c1(conv(in, out, 3, by)), c2(conv(out, out, 3, 1)), n1(out),
          n2(out)
    {
        register_module("c1", c1), register_module("n1", n1);
        register_module("c2", c2), register_module("n2", n2);
        if (option_a || (by == 1 && in == out))
            return;
        c3 = register_module("c3", conv(in, out, 1, by));
        n3 = register_module("n3", nn::BatchNorm2d(out));
    }
    Tensor shortcut(const Tensor &x)
    {
        using torch::indexing::None, torch::indexing::Slice;
        if (!c3.is_empty())
            return n3(c3(x));
        if (stride == 1 && !more)
            return x;
        return F::pad(x.index({Slice(), Slice(), Slice(None, None, stride), Slice(None, None, stride)}),
                      F::PadFuncOptions({0, 0, 0, 0, 0, more}));
    }
    Tensor forward(const Tensor &x)
    {
        Tensor y = n2(c2(torch::relu(n1(c1(x)))));
        return torch::relu(y + shortcut(x));
    }
};
TORCH_MODULE(Block);

struct Net : nn::Module {
    nn::Sequential body;
    nn::Linear head{nullptr};
    bool mean = true;

    void residual(int64_t in, int64_t width, int64_t stages, int64_t blocks, bool option_a)
    {
        body->push_back(conv(in, width, 3, 1));
        body->push_back(nn::BatchNorm2d(width));
        body->push_back(nn::ReLU());
        in = width;
        for (int64_t i = 0; i < stages; i++)
            for (int64_t j = 0; j < blocks; j++, in = width << i)
                body->push_back(Block(in, width << i, i && !j ? 2 : 1, option_a));
        head = nn::Linear(in, 10);
    }
    void plain(const std::vector<int64_t> &shape, const std::vector<int64_t> &channels,
               const std::vector<int64_t> &hidden)
    {
        int64_t in = shape[0], side = shape[1];
        for (int64_t out : channels) {
            body->push_back(nn::Conv2d(nn::Conv2dOptions(in, out, 3).padding(1)));
            body->push_back(nn::ReLU());
            body->push_back(nn::MaxPool2d(2));
            in = out, side /= 2;
        }
        body->push_back(nn::Flatten());
        in *= side * side;
        for (int64_t out : hidden) {
            body->push_back(nn::Linear(in, out));
            body->push_back(nn::ReLU());
            in = out;
        }
        head = nn::Linear(in, 10);
        mean = false;
    }
    explicit Net(Options &o)
    {
        const std::vector<int64_t> shape = numbers(o["shape"]);
        const int64_t width = std::stoll(o["width"]);
        if (o["network"] == "cnn")
            plain(shape, numbers(o["channels"]), numbers(o["hidden"]));
        else if (o["network"] == "resnet32")
            residual(shape[0], width, 3, 5, true);
        else
            residual(shape[0], width, 4, 2, false);
        register_module("body", body), register_module("head", head);
    }
    Tensor forward(const Tensor &x)
    {
        Tensor h = body->forward(x);
        return head(mean ? h.mean(torch::IntArrayRef{2, 3}) : h);
    }
};

static double now()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds of all steps but the first.
static double train(Net &net, const Tensor &x, const Tensor &y, int64_t batch, double lr)
{
    torch::optim::SGD sgd(net.parameters(), lr);
    const int64_t rows = x.size(0);
    Tensor order = torch::randperm(rows, torch::kLong);
    double start = 0;
    for (int64_t i = 0; i < rows; i += batch) {
        Tensor at = order.slice(0, i, i + batch);
        Tensor loss = torch::cross_entropy_loss(net.forward(x.index_select(0, at)), y.index_select(0, at));
        sgd.zero_grad();
        loss.backward();
        sgd.step();
        start = i ? start : now();
    }
    return now() - start;
}

static double evaluate(Net &net, const Tensor &x, const Tensor &y, int64_t batch, int64_t *right)
{
    torch::NoGradGuard guard;
    net.eval();
    const double start = now();
    for (int64_t i = 0; i < x.size(0); i += batch)
        *right += (net.forward(x.slice(0, i, i + batch)).argmax(1) == y.slice(0, i, i + batch)).sum().item<int64_t>();
    return now() - start;
}

int main(int argc, char **argv)
{
    Options o{{"network", "resnet18"},   {"width", "20"}, {"channels", "32,64"}, {"hidden", "128"},
              {"shape", "3,32,32"},      {"batch", "32"}, {"steps", "100"},      {"rows", "1000"},
              {"evaluate-batch", "128"}, {"lr", "0.01"},  {"seed", "0"},         {"threads", "1"}};
    for (int i = 1; i + 1 < argc; i += 2) {
        TORCH_CHECK(o.count(argv[i] + 2), "found ", argv[i], "; expected an option");
        o[argv[i] + 2] = argv[i + 1];
    }
    torch::set_num_threads(std::stoi(o["threads"]));
    torch::manual_seed((uint64_t)std::stoll(o["seed"]));
    const int64_t batch = std::stoll(o["batch"]), steps = std::stoll(o["steps"]), rows = std::stoll(o["rows"]);
    std::vector<int64_t> shape = numbers(o["shape"]);
    shape.insert(shape.begin(), steps * batch);
    Tensor x = torch::randn(shape), y = torch::arange(steps * batch, torch::kLong).remainder(10);
    shape[0] = rows;
    Tensor unseen = torch::randn(shape), labels = torch::arange(rows, torch::kLong).remainder(10);
    Net net(o);
    int64_t size = 0, right = 0;
    for (const Tensor &p : net.parameters())
        size += p.numel();
    const double trained = train(net, x, y, batch, std::stod(o["lr"]));
    const double evaluated = evaluate(net, unseen, labels, std::stoll(o["evaluate-batch"]), &right);
    rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("{\"peer\": \"bare libtorch C++ %s\", \"parameters\": %lld, \"iters\": %lld, \"it_per_s\": %.5g, "
           "\"eval_s\": %.4f, \"rows_per_s\": %.5g, \"right\": %lld, \"peak_memory_bytes\": %lld}\n",
           TORCH_VERSION, (long long)size, (long long)steps, (double)(steps - 1) / trained, evaluated,
           (double)rows / evaluated, (long long)right, 1024LL * u.ru_maxrss);
    return 0;
}

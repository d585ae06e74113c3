// The floor: continual learning as a hand-written LibTorch loop, without a framework. What the loop and its methods share.
#pragma once
#include <torch/torch.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace bare
{
using torch::Tensor;
namespace F = torch::nn::functional;

double now();
double process_age(); // seconds since the kernel started this process, in steps of 10 ms

struct Options {
    std::map<std::string, std::string> words;
    const std::string &operator[](const std::string &key) const { return words.at(key); }
    double real(const std::string &key) const { return std::stod(words.at(key)); }
    int64_t whole(const std::string &key) const { return std::stoll(words.at(key)); }
};

// MNIST in five tasks of two digits; 784 numbers a row.
struct Data {
    Tensor images, labels; // training rows: floats as the network takes them or, with --store u8, bytes
    std::vector<Tensor> tasks, test_rows, test_labels;
    double mean, deviation; // of --normalize
    explicit Data(const Options &o);
    Tensor rows(const Tensor &at) const;
    Tensor labels_of(const Tensor &at) const { return labels.index_select(0, at); }
};

// Rows drawn in shuffled passes over a pool.
struct Passes {
    Tensor pool, order;
    int64_t at = INT64_MAX;
    Tensor next(int64_t count); // the last of a pass may be short
    Tensor full(int64_t count); // as many, the rest from the next pass
};

struct NetImpl : torch::nn::Module {
    torch::nn::Sequential body;
    torch::nn::Linear head{nullptr};
    NetImpl(int64_t in, const std::vector<int64_t> &hidden, int64_t out);
    Tensor features(const Tensor &x) { return body->forward(x); }
    Tensor forward(const Tensor &x) { return head(features(x)); }
};
TORCH_MODULE(Net);

void copy_weights(Net &from, Net &to);
std::vector<int64_t> hidden_of(const Options &o);

struct World {
    const Options &o;
    Data data;
    Net net, teacher;
    std::vector<Tensor> params;
    std::unique_ptr<torch::optim::Optimizer> optimizer;
    int64_t batch, task = 0; // task counts from 0
    double between = 0;      // seconds that methods took at the ends of tasks
    explicit World(const Options &options);
    double share() const { return 1.0 / (double)(task + 1); } // of what is new at this task, in van de Ven's weights
    int64_t seen_before() const { return 2 * task; }
};

// A method: the loop calls these in this order, loss to after_step once a step.
struct Method {
    World &w;
    explicit Method(World &world) : w(world) {}
    virtual ~Method() = default;
    virtual Tensor pool() { return w.data.tasks[(size_t)w.task]; } // the rows that a task's batches come from
    virtual void begin_task() {}
    virtual Tensor loss(const Tensor &x, const Tensor &y) { return torch::cross_entropy_loss(w.net->forward(x), y); }
    virtual void after_backward() {}
    virtual void after_step(const Tensor &x, const Tensor &at) { (void)x, (void)at; }
    virtual void end_task() {}
    virtual Tensor predict(const Tensor &x) { return w.net->forward(x).argmax(1); }
    virtual std::string json() const { return ""; } // ", \"key\": value" more
};
std::unique_ptr<Method> method_make(const std::string &name, World &w);

} // namespace bare

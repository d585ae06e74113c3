// The same step as engine_step.c in plain LibTorch, as its documentation writes it: the floor to be measured against.
// usage: bare_step ROWS STEPS [HIDDEN ...]. Prints microseconds a step.
#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

static double now()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int main(int argc, char **argv)
{
    torch::set_num_threads(1);
    const int rows = argc > 1 ? atoi(argv[1]) : 128, steps = argc > 2 ? atoi(argv[2]) : 1000;
    std::vector<int64_t> hidden = {400, 400};
    if (argc > 3)
        hidden.clear();
    for (int i = 3; i < argc; i++)
        hidden.push_back(atoi(argv[i]));
    torch::nn::Sequential net;
    int64_t width = 784;
    for (int64_t h : hidden) {
        net->push_back(torch::nn::Linear(width, h));
        net->push_back(torch::nn::ReLU());
        width = h;
    }
    net->push_back(torch::nn::Linear(width, 10));
    torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.01));
    std::vector<torch::Tensor> x, y;
    for (int b = 0; b < 32; b++) {
        x.push_back(torch::rand({rows, 784}));
        y.push_back(torch::randint(10, {rows}, torch::kLong));
    }
    auto step = [&](size_t b) {
        torch::Tensor loss = torch::cross_entropy_loss(net->forward(x[b]), y[b]);
        sgd.zero_grad();
        loss.backward();
        sgd.step();
    };
    for (size_t i = 0; i < 20; i++)
        step(i % 32);
    double start = now();
    for (int i = 0; i < steps; i++)
        step((size_t)i % 32);
    printf("%.2f\n", 1e6 * (now() - start) / steps);
}

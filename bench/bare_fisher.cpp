// The same exact Fisher information as bench/fisher.c in plain LibTorch, as it is usually written: a loop over rows, and in it
// one over labels. Prints the seconds of 12,000 rows, extrapolated from ROWS (200), since each costs the same.
#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv)
{
    at::set_num_threads(1);
    const int64_t rows = argc > 1 ? atoi(argv[1]) : 200;
    torch::nn::Sequential net(torch::nn::Linear(784, 400), torch::nn::ReLU(), torch::nn::Linear(400, 400),
                              torch::nn::ReLU(), torch::nn::Linear(400, 10));
    std::vector<at::Tensor> w = net->parameters(), fisher;
    for (const auto &t : w)
        fisher.push_back(at::zeros_like(t));
    at::Tensor x = at::rand({rows + 10, 784});
    auto start = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < rows + 10; i++) {
        if (i == 10) // the first ones warm up
            start = std::chrono::steady_clock::now();
        at::Tensor log_p = at::log_softmax(net->forward(x.narrow(0, i, 1)), 1).squeeze(0);
        at::Tensor p = log_p.detach().exp();
        for (int64_t c = 0; c < 10; c++) {
            auto g = torch::autograd::grad({log_p[c]}, w, {}, true);
            at::NoGradGuard none;
            for (size_t k = 0; k < w.size(); k++)
                fisher[k].addcmul_(g[k], g[k], p[c].item<double>());
        }
    }
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    printf("%.4f\n", took.count() * 12000 / (double)rows);
}

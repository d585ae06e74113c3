// Split MNIST (class-incremental) as a hand-written LibTorch loop: the floor for native code. Prints one JSON line.
// usage: bare_split_mnist --strategy finetune|replay|der|ewc|ewc_merged|si|lwf|icarl|agem|genreplay [--hidden 400,400]
//        [--optimizer sgd|adam] [--lr 0.1] [--batch 128] [--iterations 0] [--mem 2000] [--seed 0] [--threads 1] [--root FOLDER]
//        [--store float|u8] [--normalize standard|unit] [--lambda 100] [--fisher batched|exact] [--fisher-rows 0]
//        [--weights join|task]
// --iterations 0: one epoch a task. --store u8 keeps the training images as bytes and normalises each batch. What else a
// method does is said where it stands (penalties.cpp, rehearsal.cpp, distillation.cpp). "it_per_s" counts from the second step on, in the first of which
// LibTorch starts; "between_s" is what the method did at the ends of tasks.
#include "bare.h"

#include <sys/resource.h>

#include <cstdio>

using namespace bare;

struct Clock {
    double start = 0, total = 0, first = 0, first_age = -1;
    long steps = 0;
    void begin()
    {
        if (first_age < 0)
            first_age = process_age();
        start = now();
    }
    void tick()
    {
        if (steps++ == 0)
            first = now() - start;
    }
    void end() { total += now() - start; }
};

static Options read(int argc, char **argv)
{
    Options o{{{"strategy", "finetune"},
               {"hidden", "400,400"},
               {"optimizer", "sgd"},
               {"lr", "0.1"},
               {"batch", "128"},
               {"iterations", "0"},
               {"mem", "2000"},
               {"seed", "0"},
               {"threads", "1"},
               {"root", "."},
               {"store", "float"},
               {"normalize", "standard"},
               {"lambda", "100"},
               {"fisher", "batched"},
               {"fisher-rows", "0"},
               {"weights", "join"}}};
    for (int i = 1; i + 1 < argc; i += 2) {
        TORCH_CHECK(o.words.count(argv[i] + 2), "found ", argv[i], "; expected an option");
        o.words[argv[i] + 2] = argv[i + 1];
    }
    return o;
}

static void step(World &w, Method &m, const Tensor &at)
{
    Tensor x = w.data.rows(at), loss = m.loss(x, w.data.labels_of(at));
    w.optimizer->zero_grad();
    loss.backward();
    m.after_backward();
    w.optimizer->step();
    m.after_step(x, at);
}

static void train(World &w, Method &m, Clock &clock)
{
    clock.begin();
    m.begin_task();
    Passes fresh{m.pool()};
    int64_t count = w.o.whole("iterations");
    if (count == 0)
        count = (fresh.pool.size(0) + w.batch - 1) / w.batch;
    for (int64_t i = 0; i < count; i++) {
        step(w, m, fresh.next(w.batch));
        clock.tick();
    }
    clock.end();
}

static double accuracy(World &w, Method &m, size_t task)
{
    torch::NoGradGuard g;
    const Tensor &rows = w.data.test_rows[task], &labels = w.data.test_labels[task];
    int64_t right = 0;
    for (int64_t i = 0; i < rows.size(0); i += w.batch) {
        int64_t end = std::min(i + w.batch, rows.size(0));
        right += (m.predict(rows.slice(0, i, end)) == labels.slice(0, i, end)).sum().item<int64_t>();
    }
    return (double)right / (double)rows.size(0);
}

int main(int argc, char **argv)
{
    Options o = read(argc, argv);
    torch::set_num_threads((int)o.whole("threads"));
    torch::manual_seed((uint64_t)o.whole("seed"));
    World w(o);
    auto m = method_make(o["strategy"], w);
    Clock clock;
    double matrix[5][5], evaluate = 0, mean = 0;

    for (w.task = 0; w.task < 5; w.task++) {
        train(w, *m, clock);
        double t = now();
        m->end_task();
        w.between += now() - t, t = now();
        for (size_t k = 0; k < 5; k++)
            matrix[w.task][k] = accuracy(w, *m, k);
        evaluate += now() - t;
    }
    for (double last : matrix[4])
        mean += last / 5;

    rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("{\"peer\": \"bare libtorch C++ %s\", \"strategy\": \"%s\", \"startup_s\": %.3f, \"train_s\": %.4f, "
           "\"between_s\": %.4f, \"eval_s\": %.4f, \"iters\": %ld, \"first_s\": %.4f, \"it_per_s\": %.5g%s, "
           "\"avg_acc\": %.4f, \"wall_s\": %.3f, \"rss_mb\": %.1f}\n",
           TORCH_VERSION, o["strategy"].c_str(), clock.first_age, clock.total, w.between, evaluate, clock.steps,
           clock.first, (double)(clock.steps - 1) / (clock.total - clock.first), m->json().c_str(), mean, process_age(),
           (double)u.ru_maxrss / 1024.0);
    return 0;
}

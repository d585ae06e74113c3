/* The losses of plugins/genreplay, called as its hooks call them, against numbers worked out by hand and a second
 * implementation in double, and the slopes of a critic against differences. */
#include "../../../plugins/genreplay/genreplay.h"

#include "fixture.h"

enum { WIDTH = 3, HIDDEN = 4 }; /* values of a row; units of a critic */

typedef struct guest_room {
    house *h;
    strategy *host;
    genreplay g;
    pdr_scope *s; /* records gradients */
} guest_room;

/* Networks without hidden layers (encoder 3 -> 2 z, decoder z -> 3), or a critic with one. */
static void room_open(guest_room *r, int32_t generator, const char *encoder, int64_t z)
{
    const int64_t codes = generator == VAE ? 2 * z : 1, width = WIDTH;
    r->h = house_open(DIGITS, 1);
    r->host = invited(r->h, 0, &guest, "guest", NULL);
    enter(r->host, "test");
    const pdr_host *host = &r->host->host;
    r->g = (genreplay){.host = host, .rank = 1, .shape = {0, WIDTH}, .values = WIDTH};
    r->g.config = (genreplay_config){.z = z, .generator = generator, .penalty = 10};
    r->g.noise = host->rng->stream(host, "noise", 0);
    r->g.encoder = host->model->build(host, encoder, &width, 1, codes);
    r->g.decoder = host->model->build(host, "{type: mlp, hidden: []}", &z, 1, WIDTH);
    r->s = T->open(host, PDR_GRAD);
}

static void room_close(guest_room *r)
{
    assert_int_equal(T->close(r->s), PDR_OK);
    E->model->discard(r->g.encoder);
    E->model->discard(r->g.decoder);
    leave(r->host);
    house_close(r->h);
}

static void weights_set(guest_room *r, pdr_model *m, int64_t n, const double *w)
{
    pdr_tensor *flat = E->model->flat_params(m);
    assert_int_equal(T->size(flat, 0), n);
    assert_int_equal(T->copy(r->s, flat, T->from(r->s, PDR_F64, &n, 1, w)), PDR_OK);
}

static pdr_tensor *grid(guest_room *r, int64_t n, int64_t width, const double *at)
{
    const int64_t shape[] = {n, width};
    return T->cast(r->s, T->from(r->s, PDR_F64, shape, 2, at), PDR_F32);
}

static double number(const pdr_tensor *t)
{
    double v = NAN;
    assert_int_equal(T->read(t, PDR_F64, &v, sizeof v), PDR_OK);
    return v;
}

static void near(double found, double expected, double within)
{
    if (!(fabs(found - expected) <= within))
        fail_msg("found %.9g; expected %.9g", found, expected);
}

/* ---- the VAE ---- */

/* An encoder that says mean 0, variance 1 whatever it sees, and a decoder that says 1/2: no divergence, and ln 2 a value.
 * With mean 2 and variance e in the one number of the code: (4 + e - 1 - 1) / 2 more, over three values. */
static void a_code_that_says_nothing_costs_ln_2(void **state)
{
    (void)state;
    guest_room r;
    room_open(&r, VAE, "{type: mlp, hidden: []}", 1);
    const double nothing[6] = {0}, told[8] = {0, 0, 0, 0, 0, 0, 2, 1}, rows[] = {0, 0.5, 1, 0.25, 1, 0};
    const double silent[8] = {0}, noise[] = {0.3, -2};
    double found[2];
    weights_set(&r, r.g.decoder, 6, nothing);
    weights_set(&r, r.g.encoder, 8, silent);
    pdr_tensor *x = grid(&r, 2, WIDTH, rows), *z = grid(&r, 2, 1, noise);
    T->read(vae_rows(&r.g, r.s, x, z), PDR_F64, found, sizeof found);
    near(found[0], log(2), 1e-6);
    near(found[1], log(2), 1e-6);
    weights_set(&r, r.g.encoder, 8, told);
    T->read(vae_rows(&r.g, r.s, x, z), PDR_F64, found, sizeof found);
    near(found[0], log(2) + (2 + exp(1)) / 2 / 3, 1e-6);
    near(found[1], log(2) + (2 + exp(1)) / 2 / 3, 1e-6);
    room_close(&r);
}

/* y = w x + b with w row by row, b behind it. */
static void linear(const double *w, int out, int in, const double *x, double *y)
{
    for (int i = 0; i < out; i++) {
        y[i] = w[out * in + i];
        for (int j = 0; j < in; j++)
            y[i] += w[i * in + j] * x[j];
    }
}

/* The same loss from its definition, in double: -log of the Bernoulli likelihood, and the divergence of two normals. */
static double vae_by_hand(const double *encoder, const double *decoder, const double *x, const double *noise)
{
    double code[4], z[2], made[WIDTH], loss = 0;
    linear(encoder, 4, WIDTH, x, code);
    for (int i = 0; i < 2; i++) {
        double variance = exp(code[2 + i]);
        z[i] = code[i] + sqrt(variance) * noise[i];
        loss += (variance + code[i] * code[i] - 1 - log(variance)) / 2;
    }
    linear(decoder, WIDTH, 2, z, made);
    for (int i = 0; i < WIDTH; i++) {
        double p = 1 / (1 + exp(-made[i]));
        loss -= x[i] * log(p) + (1 - x[i]) * log(1 - p);
    }
    return loss / WIDTH;
}

static void the_vae_has_its_loss(void **state)
{
    (void)state;
    guest_room r;
    room_open(&r, VAE, "{type: mlp, hidden: []}", 2);
    double encoder[16], decoder[9], found[3];
    for (int i = 0; i < 16; i++)
        encoder[i] = 0.4 * sin(3 * i + 1);
    for (int i = 0; i < 9; i++)
        decoder[i] = 0.7 * cos(2 * i);
    const double rows[] = {0, 0.5, 1, 0.25, 1, 0, 0.9, 0.1, 0.3}, noise[] = {0.3, -2, 1, 0, -0.4, 0.8};
    weights_set(&r, r.g.encoder, 16, encoder);
    weights_set(&r, r.g.decoder, 9, decoder);
    T->read(vae_rows(&r.g, r.s, grid(&r, 3, WIDTH, rows), grid(&r, 3, 2, noise)), PDR_F64, found, sizeof found);
    for (int64_t i = 0; i < 3; i++)
        near(found[i], vae_by_hand(encoder, decoder, rows + 3 * i, noise + 2 * i), 1e-6);
    room_close(&r);
}

/* Two fresh rows and one pseudo-sample at the third task: 1/3 of the mean of 1 and 4, 2/3 of 7. */
static void old_rows_have_the_share_of_old_tasks(void **state)
{
    (void)state;
    guest_room r;
    room_open(&r, VAE, "{type: mlp, hidden: []}", 1);
    const int64_t three = 3;
    const double of[] = {1, 4, 7};
    pdr_tensor *rows = T->from(r.s, PDR_F64, &three, 1, of);
    near(number(lesson_mean(&r.g, r.s, &(lesson){.fresh = 2, .k = 3}, rows)), 2.5 / 3 + 14.0 / 3, 1e-9);
    near(number(lesson_mean(&r.g, r.s, &(lesson){.fresh = 3, .k = 1}, rows)), 4, 1e-9);
    room_close(&r);
}

/* ---- GANs ---- */

static const double real[] = {0, 0.5, 1, 0.25, 1, 0, 0.9, 0.1, 0.3}, fake[] = {0.6, 0.5, 0.1, 0.2, 0.2, 0.2, 1, 1, 0};
static const double critic[4] = {1, -2, 3, 0.5}; /* a score without hidden layers */

static double score(const double *x) { return critic[0] * x[0] + critic[1] * x[1] + critic[2] * x[2] + critic[3]; }
static double softplus(double v) { return log1p(exp(v)); }

/* One fresh row of two tasks: half of it, half of the mean of the other two. */
static double shared(const double *cost) { return cost[0] / 2 + (cost[1] + cost[2]) / 4; }

static void a_plain_gan_plays_for_log_likelihood(void **state)
{
    (void)state;
    guest_room r;
    room_open(&r, GAN, "{type: mlp, hidden: []}", 2);
    double of_real[3], of_fake = 0, to_deceive = 0;
    for (int64_t i = 0; i < 3; i++) {
        of_real[i] = softplus(-score(real + 3 * i)); /* -log sigmoid */
        of_fake += softplus(score(fake + 3 * i)) / 3;
        to_deceive += softplus(-score(fake + 3 * i)) / 3;
    }
    weights_set(&r, r.g.encoder, 4, critic);
    const lesson l = {grid(&r, 3, WIDTH, real), 1, 2};
    pdr_tensor *made = grid(&r, 3, WIDTH, fake);
    near(number(gan_critic_loss(&r.g, r.s, &l, made, NULL)), shared(of_real) + of_fake, 1e-6);
    near(number(gan_decoder_loss(&r.g, r.s, made)), to_deceive, 1e-6);
    room_close(&r);
}

/* The slope of a linear critic is its weights everywhere: sqrt(14). */
static void a_wasserstein_gan_plays_for_the_mean_score(void **state)
{
    (void)state;
    guest_room r;
    room_open(&r, WGAN_GP, "{type: mlp, hidden: []}", 2);
    double of_real[3], of_fake = 0;
    for (int64_t i = 0; i < 3; i++) {
        of_real[i] = -score(real + 3 * i);
        of_fake += score(fake + 3 * i) / 3;
    }
    weights_set(&r, r.g.encoder, 4, critic);
    const lesson l = {grid(&r, 3, WIDTH, real), 1, 2};
    pdr_tensor *made = grid(&r, 3, WIDTH, fake), *mix = grid(&r, 3, 1, (const double[]){0.2, 0.5, 0.9});
    double penalty = 10 * (sqrt(14) - 1) * (sqrt(14) - 1);
    near(number(gan_critic_loss(&r.g, r.s, &l, made, mix)), shared(of_real) + of_fake + penalty, 1e-4);
    near(number(gan_decoder_loss(&r.g, r.s, made)), -of_fake, 1e-6);
    room_close(&r);
}

/* A critic with a hidden layer of ReLU, in double: 3 x 4 weights, 4 biases, then 4 weights and a bias of the score. */
static double bent(const double *w, const double *x)
{
    double hidden[HIDDEN], out;
    linear(w, HIDDEN, WIDTH, x, hidden);
    for (int i = 0; i < HIDDEN; i++)
        hidden[i] = fmax(hidden[i], 0);
    linear(w + HIDDEN * (WIDTH + 1), 1, HIDDEN, hidden, &out);
    return out;
}

/* (|slope| - 1)^2 with the slope by central differences. */
static double bent_slope(const double *w, const double *x)
{
    double square = 0, h = 1e-4;
    for (int i = 0; i < WIDTH; i++) {
        double up[WIDTH], down[WIDTH];
        memcpy(up, x, sizeof up);
        memcpy(down, x, sizeof down);
        up[i] += h;
        down[i] -= h;
        double slope = (bent(w, up) - bent(w, down)) / (2 * h);
        square += slope * slope;
    }
    return (sqrt(square) - 1) * (sqrt(square) - 1);
}

/* The penalty's value, and its own gradient by the critic's weights, which needs the second derivative. */
static void slopes_are_those_of_differences(void **state)
{
    (void)state;
    enum { COUNT = HIDDEN * (WIDTH + 1) + HIDDEN + 1 };
    guest_room r;
    room_open(&r, WGAN_GP, "{type: mlp, hidden: [4]}", 2);
    double w[COUNT], found[3], gradient[COUNT];
    for (int i = 0; i < COUNT; i++)
        w[i] = 0.9 * sin(5 * i + 2);
    weights_set(&r, r.g.encoder, COUNT, w);
    pdr_tensor *rows = gan_slopes(&r.g, r.s, grid(&r, 3, WIDTH, real));
    T->read(rows, PDR_F64, found, sizeof found);
    for (int64_t i = 0; i < 3; i++)
        near(found[i], bent_slope(w, real + 3 * i), 1e-5);
    pdr_tensor *by = E->model->gradient(r.s, r.g.encoder, T->sum(r.s, rows, PDR_ALL, 0));
    assert_int_equal(T->read(by, PDR_F64, gradient, sizeof gradient), PDR_OK);
    for (int i = 0; i < COUNT; i++) {
        double kept = w[i], h = 1e-4, rise = 0;
        for (int64_t j = 0; j < 3; j++) {
            w[i] = kept + h;
            rise += bent_slope(w, real + 3 * j);
            w[i] = kept - h;
            rise -= bent_slope(w, real + 3 * j);
        }
        w[i] = kept;
        near(gradient[i], rise / (2 * h), 1e-4);
    }
    room_close(&r);
}

/* A critic with a hidden layer of tanh: its score, and (|slope| - 1)^2, which is another one at every point. */
static double smooth(const double *w, const double *x, double *penalty)
{
    const double *v = w + HIDDEN * (WIDTH + 1);
    double hidden[HIDDEN], out = v[HIDDEN], square = 0;
    linear(w, HIDDEN, WIDTH, x, hidden);
    for (int i = 0; i < HIDDEN; i++)
        out += v[i] * tanh(hidden[i]);
    for (int j = 0; j < WIDTH; j++) {
        double slope = 0;
        for (int i = 0; i < HIDDEN; i++)
            slope += v[i] * (1 - tanh(hidden[i]) * tanh(hidden[i])) * w[i * WIDTH + j];
        square += slope * slope;
    }
    *penalty = (sqrt(square) - 1) * (sqrt(square) - 1);
    return out;
}

/* (G4) of three rows: a row of `weight` costs minus its score and ten times the slope between it and its fake. */
static double wasserstein_by_hand(const double *w, const double *weight, const double *mix)
{
    double loss = 0;
    for (int64_t i = 0; i < 3; i++) {
        double between[WIDTH], penalty, unused;
        for (int64_t j = 0; j < WIDTH; j++)
            between[j] = (1 - mix[i]) * real[3 * i + j] + mix[i] * fake[3 * i + j];
        smooth(w, between, &penalty);
        loss += weight[i] * (10 * penalty - smooth(w, real + 3 * i, &unused)) + smooth(w, fake + 3 * i, &unused) / 3;
    }
    return loss;
}

/* Each row has a mix of its own, and the slopes have the shares of their rows: 1/k for the fresh ones together. */
static void slopes_are_taken_between_real_and_fake(void **state)
{
    (void)state;
    enum { COUNT = HIDDEN * (WIDTH + 1) + HIDDEN + 1 };
    static const double mixes[][3] = {{0.2, 0.5, 0.9}, {0.75, 0.1, 0.35}, {0, 1, 0.6}};
    static const struct {
        int64_t fresh, k;
        double weight[3];
    } shares[] = {{1, 2, {1.0 / 2, 1.0 / 4, 1.0 / 4}},
                  {2, 2, {1.0 / 4, 1.0 / 4, 1.0 / 2}},
                  {2, 5, {1.0 / 10, 1.0 / 10, 4.0 / 5}},
                  {3, 1, {1.0 / 3, 1.0 / 3, 1.0 / 3}}};
    guest_room r;
    room_open(&r, WGAN_GP, "{type: layers, layers: [{linear: 4}, tanh]}", 2);
    double w[COUNT];
    for (int i = 0; i < COUNT; i++)
        w[i] = 1.5 * sin(5 * i + 2);
    weights_set(&r, r.g.encoder, COUNT, w);
    pdr_tensor *x = grid(&r, 3, WIDTH, real), *made = grid(&r, 3, WIDTH, fake);
    for (size_t k = 0; k < sizeof shares / sizeof *shares; k++)
        for (size_t m = 0; m < sizeof mixes / sizeof *mixes; m++) {
            pdr_tensor *mix = grid(&r, 3, 1, mixes[m]);
            const lesson l = {x, shares[k].fresh, shares[k].k};
            double expected = wasserstein_by_hand(w, shares[k].weight, mixes[m]);
            near(number(gan_critic_loss(&r.g, r.s, &l, made, mix)), expected, 1e-5 * (1 + fabs(expected)));
        }
    room_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_that_says_nothing_costs_ln_2),
        cmocka_unit_test(the_vae_has_its_loss),
        cmocka_unit_test(old_rows_have_the_share_of_old_tasks),
        cmocka_unit_test(a_plain_gan_plays_for_log_likelihood),
        cmocka_unit_test(a_wasserstein_gan_plays_for_the_mean_score),
        cmocka_unit_test(slopes_are_those_of_differences),
        cmocka_unit_test(slopes_are_taken_between_real_and_fake),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}

/* See citations.h. A strategy names its paper in its descriptor, by authors, year and arXiv number: the number is what is looked
 * up here, so that a plugin from elsewhere that names a paper of this table is cited as fully as a shipped one. */
#include "cli/citations.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

struct paper {
    const char *key, *arxiv; /* arXiv NULL: it has none there */
    const char *kind, *fields;
};

/* clang-format off */
static const struct paper papers[] = {
    {"perdure", NULL, "software",
     "author = {{The Perdure developers}},\n  title = {Perdure},\n  version = {" PERDURE_VERSION "},\n"
     "  note = {Plugin-based continual learning in C on LibTorch. Apache-2.0}"},
    {"paszke2019pytorch", "1912.01703", "inproceedings",
     "author = {Paszke, Adam and Gross, Sam and Massa, Francisco and Lerer, Adam and Bradbury, James and Chanan, Gregory and Killeen, Trevor and "
     "Lin, Zeming and Gimelshein, Natalia and Antiga, Luca and Desmaison, Alban and K{\\\"o}pf, Andreas and Yang, Edward and DeVito, Zachary and "
     "Raison, Martin and Tejani, Alykhan and Chilamkurthy, Sasank and Steiner, Benoit and Fang, Lu and Bai, Junjie and Chintala, Soumith},\n"
     "  title = {{PyTorch}: An Imperative Style, High-Performance Deep Learning Library},\n"
     "  booktitle = {Advances in Neural Information Processing Systems 32},\n  pages = {8024--8035},\n  year = {2019}"},
    {"rolnick2019experience", "1811.11682", "inproceedings",
     "author = {Rolnick, David and Ahuja, Arun and Schwarz, Jonathan and Lillicrap, Timothy and Wayne, Gregory},\n"
     "  title = {Experience Replay for Continual Learning},\n"
     "  booktitle = {Advances in Neural Information Processing Systems 32},\n  year = {2019}"},
    {"buzzega2020dark", "2004.07211", "inproceedings",
     "author = {Buzzega, Pietro and Boschini, Matteo and Porrello, Angelo and Abati, Davide and Calderara, Simone},\n"
     "  title = {Dark Experience for General Continual Learning: a Strong, Simple Baseline},\n"
     "  booktitle = {Advances in Neural Information Processing Systems 33},\n  year = {2020}"},
    {"kirkpatrick2017overcoming", "1612.00796", "article",
     "author = {Kirkpatrick, James and Pascanu, Razvan and Rabinowitz, Neil and Veness, Joel and Desjardins, Guillaume and Rusu, Andrei A. and "
     "Milan, Kieran and Quan, John and Ramalho, Tiago and Grabska-Barwinska, Agnieszka and Hassabis, Demis and Clopath, Claudia and "
     "Kumaran, Dharshan and Hadsell, Raia},\n"
     "  title = {Overcoming catastrophic forgetting in neural networks},\n"
     "  journal = {Proceedings of the National Academy of Sciences},\n  volume = {114},\n  number = {13},\n  pages = {3521--3526},\n"
     "  year = {2017},\n  doi = {10.1073/pnas.1611835114}"},
    {"zenke2017continual", "1703.04200", "inproceedings",
     "author = {Zenke, Friedemann and Poole, Ben and Ganguli, Surya},\n"
     "  title = {Continual Learning Through Synaptic Intelligence},\n"
     "  booktitle = {Proceedings of the 34th International Conference on Machine Learning},\n"
     "  series = {Proceedings of Machine Learning Research},\n  volume = {70},\n  pages = {3987--3995},\n  year = {2017}"},
    {"li2018learning", "1606.09282", "article",
     "author = {Li, Zhizhong and Hoiem, Derek},\n  title = {Learning without Forgetting},\n"
     "  journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence},\n  volume = {40},\n  number = {12},\n"
     "  pages = {2935--2947},\n  year = {2018},\n  doi = {10.1109/TPAMI.2017.2773081}"},
    {"chaudhry2019efficient", "1812.00420", "inproceedings",
     "author = {Chaudhry, Arslan and Ranzato, Marc'Aurelio and Rohrbach, Marcus and Elhoseiny, Mohamed},\n"
     "  title = {Efficient Lifelong Learning with {A-GEM}},\n"
     "  booktitle = {International Conference on Learning Representations},\n  year = {2019}"},
    {"rebuffi2017icarl", "1611.07725", "inproceedings",
     "author = {Rebuffi, Sylvestre-Alvise and Kolesnikov, Alexander and Sperl, Georg and Lampert, Christoph H.},\n"
     "  title = {{iCaRL}: Incremental Classifier and Representation Learning},\n"
     "  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},\n  pages = {2001--2010},\n  year = {2017}"},
    {"shin2017continual", "1705.08690", "inproceedings",
     "author = {Shin, Hanul and Lee, Jung Kwon and Kim, Jaehong and Kim, Jiwon},\n"
     "  title = {Continual Learning with Deep Generative Replay},\n"
     "  booktitle = {Advances in Neural Information Processing Systems 30},\n  year = {2017}"},
    {"vandeven2022three", NULL, "article",
     "author = {van de Ven, Gido M. and Tuytelaars, Tinne and Tolias, Andreas S.},\n"
     "  title = {Three types of incremental learning},\n  journal = {Nature Machine Intelligence},\n  volume = {4},\n"
     "  number = {12},\n  pages = {1185--1197},\n  year = {2022},\n  doi = {10.1038/s42256-022-00568-3}"},
    {"goodfellow2013empirical", "1312.6211", "misc",
     "author = {Goodfellow, Ian J. and Mirza, Mehdi and Xiao, Da and Courville, Aaron and Bengio, Yoshua},\n"
     "  title = {An Empirical Investigation of Catastrophic Forgetting in Gradient-Based Neural Networks},\n  year = {2013}"},
    {"lopezpaz2017gradient", "1706.08840", "inproceedings",
     "author = {Lopez-Paz, David and Ranzato, Marc'Aurelio},\n  title = {Gradient Episodic Memory for Continual Learning},\n"
     "  booktitle = {Advances in Neural Information Processing Systems 30},\n  year = {2017}"},
    {"chaudhry2018riemannian", "1801.10112", "inproceedings",
     "author = {Chaudhry, Arslan and Dokania, Puneet K. and Ajanthan, Thalaiyasingam and Torr, Philip H. S.},\n"
     "  title = {Riemannian Walk for Incremental Learning: Understanding Forgetting and Intransigence},\n"
     "  booktitle = {European Conference on Computer Vision},\n  year = {2018}"},
    {"diazrodriguez2018dont", "1810.13166", "misc",
     "author = {D{\\'i}az-Rodr{\\'i}guez, Natalia and Lomonaco, Vincenzo and Filliat, David and Maltoni, Davide},\n"
     "  title = {Don't forget, there is more than forgetting: new metrics for Continual Learning},\n  year = {2018}"},
    {"lomonaco2021avalanche", "2104.00405", "inproceedings",
     "author = {Lomonaco, Vincenzo and Pellegrini, Lorenzo and Cossu, Andrea and Carta, Antonio and Graffieti, Gabriele and others},\n"
     "  title = {Avalanche: an End-to-End Library for Continual Learning},\n"
     "  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition Workshops},\n  year = {2021}"},
    {"soutif2023comprehensive", "2308.10328", "inproceedings",
     "author = {Soutif-Cormerais, Albin and Carta, Antonio and Cossu, Andrea and Hurtado, Julio and Hemati, Hamed and Lomonaco, Vincenzo and "
     "van de Weijer, Joost},\n  title = {A Comprehensive Empirical Evaluation on Online Continual Learning},\n"
     "  booktitle = {IEEE/CVF International Conference on Computer Vision Workshops},\n  year = {2023}"},
    {"delange2023continual", "2205.13452", "inproceedings",
     "author = {De Lange, Matthias and van de Ven, Gido M. and Tuytelaars, Tinne},\n"
     "  title = {Continual Evaluation for Lifelong Learning: Identifying the Stability Gap},\n"
     "  booktitle = {International Conference on Learning Representations},\n  year = {2023}"},
    {"bang2021rainbow", "2103.17230", "inproceedings",
     "author = {Bang, Jihwan and Kim, Heesu and Yoo, YoungJoon and Ha, Jung-Woo and Choi, Jonghyun},\n"
     "  title = {Rainbow Memory: Continual Learning with a Memory of Diverse Samples},\n"
     "  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},\n  year = {2021}"},
    {"aljundi2019task", "1812.03596", "inproceedings",
     "author = {Aljundi, Rahaf and Kelchtermans, Klaas and Tuytelaars, Tinne},\n  title = {Task-Free Continual Learning},\n"
     "  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},\n  year = {2019}"},
    {"alpaydin1998optical", NULL, "misc",
     "author = {Alpaydin, Ethem and Kaynak, Cenk},\n  title = {Optical Recognition of Handwritten Digits},\n"
     "  howpublished = {UCI Machine Learning Repository},\n  year = {1998},\n  doi = {10.24432/C50P49}"},
    {"lecun1998gradient", NULL, "article",
     "author = {LeCun, Yann and Bottou, L{\\'e}on and Bengio, Yoshua and Haffner, Patrick},\n"
     "  title = {Gradient-based learning applied to document recognition},\n  journal = {Proceedings of the IEEE},\n"
     "  volume = {86},\n  number = {11},\n  pages = {2278--2324},\n  year = {1998},\n  doi = {10.1109/5.726791}"},
    {"xiao2017fashion", "1708.07747", "misc",
     "author = {Xiao, Han and Rasul, Kashif and Vollgraf, Roland},\n"
     "  title = {{Fashion-MNIST}: a Novel Image Dataset for Benchmarking Machine Learning Algorithms},\n  year = {2017}"},
    {"krizhevsky2009learning", NULL, "techreport",
     "author = {Krizhevsky, Alex},\n  title = {Learning Multiple Layers of Features from Tiny Images},\n"
     "  institution = {University of Toronto},\n  year = {2009}"},
    {"he2016deep", "1512.03385", "inproceedings",
     "author = {He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian},\n"
     "  title = {Deep Residual Learning for Image Recognition},\n"
     "  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},\n  pages = {770--778},\n  year = {2016}"},
    {"kingma2015adam", "1412.6980", "inproceedings",
     "author = {Kingma, Diederik P. and Ba, Jimmy},\n  title = {{Adam}: A Method for Stochastic Optimization},\n"
     "  booktitle = {International Conference on Learning Representations},\n  year = {2015}"},
    {"loshchilov2019decoupled", "1711.05101", "inproceedings",
     "author = {Loshchilov, Ilya and Hutter, Frank},\n  title = {Decoupled Weight Decay Regularization},\n"
     "  booktitle = {International Conference on Learning Representations},\n  year = {2019}"},
};

/* What names a paper by a word of the scenario; the word as the scenario spells it. */
static const struct {
    const char *what, *word, *key;
} uses[] = {
    {"data", "digits", "alpaydin1998optical"},
    {"data", "mnist", "lecun1998gradient"},
    {"data", "fashion-mnist", "xiao2017fashion"},
    {"data", "cifar10", "krizhevsky2009learning"},
    {"data", "cifar100", "krizhevsky2009learning"},
    {"stream", "permutation", "goodfellow2013empirical"},
    {"stream", "rotation", "lopezpaz2017gradient"},
    {"stream", "task-il", "vandeven2022three"},
    {"stream", "domain-il", "vandeven2022three"},
    {"stream", "class-il", "vandeven2022three"},
    {"stream", "task-free", "aljundi2019task"},
    {"boundaries", "blurry", "bang2021rainbow"},
    {"network", "resnet18", "he2016deep"},
    {"network", "resnet32", "he2016deep"},
    {"optimizer", "adam", "kingma2015adam"},
    {"optimizer", "adamw", "loshchilov2019decoupled"},
    {"metric", "acc.macro", "lopezpaz2017gradient"},
    {"metric", "aia.icarl", "rebuffi2017icarl"},
    {"metric", "bwt.gem", "lopezpaz2017gradient"},
    {"metric", "fwt.gem", "lopezpaz2017gradient"},
    {"metric", "forgetting.chaudhry", "chaudhry2018riemannian"},
    {"metric", "forgetting.first_last", "lomonaco2021avalanche"},
    {"metric", "a.diaz", "diazrodriguez2018dont"},
    {"metric", "acc.anytime", "soutif2023comprehensive"},
    {"metric", "min.delange", "delange2023continual"},
    {"metric", "wc.delange", "delange2023continual"},
};
/* clang-format on */

static char *bibtex_of(const struct paper *p)
{
    return p->arxiv ? alloc_format("@%s{%s,\n  %s,\n  eprint = {%s},\n  archiveprefix = {arXiv}\n}\n", p->kind, p->key,
                                   p->fields, p->arxiv)
                    : alloc_format("@%s{%s,\n  %s\n}\n", p->kind, p->key, p->fields);
}

/* ---- each paper once, with all that it is cited for ---- */

static json_t *citation_find(json_t *all, const char *key)
{
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *one = json_array_get(all, i);
        if (!strcmp(json_string_value(json_object_get(one, "key")), key))
            return one;
    }
    return NULL;
}

static void reason_add(json_t *citation, const char *reason)
{
    json_t *reasons = json_object_get(citation, "for");
    for (size_t i = 0; i < json_array_size(reasons); i++)
        if (!strcmp(json_string_value(json_array_get(reasons, i)), reason))
            return;
    json_array_append_new(reasons, json_string(reason));
}

static void citation_add(json_t *all, const char *key, const char *bibtex, const char *reason)
{
    json_t *one = citation_find(all, key);
    if (!one) {
        one = json_pack("{s:s, s:[], s:s}", "key", key, "for", "bibtex", bibtex);
        json_array_append_new(all, one);
    }
    reason_add(one, reason);
}

static void paper_add(json_t *all, const struct paper *p, const char *reason)
{
    char *bibtex = bibtex_of(p);
    citation_add(all, p->key, bibtex, reason);
    free(bibtex);
}

static void key_add(json_t *all, const char *key, const char *reason)
{
    for (size_t i = 0; i < sizeof papers / sizeof *papers; i++)
        if (!strcmp(papers[i].key, key))
            paper_add(all, &papers[i], reason);
}

static void use_add(json_t *all, const char *what, const char *word)
{
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (!strcmp(uses[i].what, what) && !strcmp(uses[i].word, word)) {
            char *reason = alloc_format("%s %s", what, word);
            key_add(all, uses[i].key, reason);
            free(reason);
        }
}

/* ---- strategies, by what they say of themselves ---- */

/* The words of a plugin stand in braces, and hold none. */
static void words_add(json_t *all, const pdr_plugin *d, const char *reason)
{
    char *words = text_tamed(d->paper, 300), *key = alloc_format("strategy-%s", d->name);
    for (char *c = words; *c; c++)
        if (strchr("{}\\", *c))
            *c = ' ';
    char *bibtex = alloc_format("@misc{%s,\n  title = {%s},\n  note = {strategy %s %s for Perdure}\n}\n", key, words,
                                d->name, d->version);
    citation_add(all, key, bibtex, reason);
    free(bibtex);
    free(key);
    free(words);
}

/* A strategy without a paper is code of its author's: there is nothing to cite but this. */
static void strategy_add(json_t *all, const pdr_plugin *d)
{
    char *reason = alloc_format("strategy %s", d->name);
    bool known = false;
    for (size_t i = 0; d->paper && i < sizeof papers / sizeof *papers; i++)
        if (papers[i].arxiv && strstr(d->paper, papers[i].arxiv)) {
            paper_add(all, &papers[i], reason);
            known = true;
        }
    if (d->paper && d->paper[0] && !known)
        words_add(all, d, reason);
    free(reason);
}

static void method_add(json_t *all, const struct method_options *m, void (*note)(void *, const error *), void *self)
{
    for (size_t i = 0; i < m->strategy_count; i++) {
        const struct strategy_entry *entry = &m->strategies[i];
        const plugin *found = NULL;
        error why = {0};
        if (entry->plugin ? plugin_open(entry->plugin, &found, &why) : plugin_find(entry->name, &found, &why))
            note(self, &why);
        else
            strategy_add(all, found->descriptor);
    }
}

json_t *citations_of(const struct scenario *s, void (*note)(void *self, const error *why), void *self)
{
    json_t *all = json_array();
    key_add(all, "perdure", "the framework");
    key_add(all, "paszke2019pytorch", "LibTorch");
    use_add(all, "data", data_set_name(s->data.set));
    use_add(all, "stream", split_by_name(s->stream.split.by));
    use_add(all, "stream", scenario_kind_name(s->stream.scenario));
    use_add(all, "boundaries", boundaries_name(s->stream.boundaries));
    for (size_t i = 0; i < s->methods.count; i++)
        method_add(all, &s->methods.at[i], note, self);
    for (size_t i = 0; i < s->methods.count; i++) {
        use_add(all, "network", network_type_name(s->methods.at[i].network.type));
        use_add(all, "optimizer", optimizer_type_name(s->methods.at[i].optimizer.common.type));
    }
    for (int64_t i = 0; i < s->evaluation.metrics.count; i++)
        use_add(all, "metric", metric_name_text((enum metric_name)s->evaluation.metrics.at[i]));
    return all;
}

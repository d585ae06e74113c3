/* The sets that are known by name: where their files lie, whether they are at hand, and how they get there. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/program.h"
#include "data/source.h"

static const char *const fashion_names[] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                            "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
static const char *const cifar_names[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                          "dog",      "frog",       "horse", "ship", "truck"};

/* SHA-256 and sizes in `files` are those of the unpacked files, held against the files themselves; `packed` and
 * `archive_sha256` are of what is published, as TensorFlow Datasets has them (url_checksums), which holds its own
 * downloads against them. */
const data_set_info data_sets[] = {
    {.name = "digits",
     .summary =
         "optical recognition of handwritten digits, 8x8, values 0..16; rows with index mod 5 = 4 are the test set",
     .licence = "CC BY 4.0 (Alpaydin & Kaynak, UCI)",
     .files = {{"digits.csv", "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8", 264712}},
     .classes = 10,
     .train = 1438,
     .test = 359},
    {.name = "mnist",
     .summary = "handwritten digits, 28x28",
     .licence = "CC BY-SA 3.0 (LeCun, Cortes, Burges)",
     .files = {{"train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                47040016},
               {"train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 60008},
               {"t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 7840016},
               {"t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 10008}},
     .addresses = {"https://storage.googleapis.com/cvdf-datasets/mnist",
                   "https://ossci-datasets.s3.amazonaws.com/mnist"},
     .classes = 10,
     .train = 60000,
     .test = 10000},
    {.name = "fashion-mnist",
     .summary = "articles of clothing, 28x28",
     .licence = "MIT (Zalando)",
     .files = {{"train-images-idx3-ubyte", NULL, 47040016},
               {"train-labels-idx1-ubyte", NULL, 60008},
               {"t10k-images-idx3-ubyte", NULL, 7840016},
               {"t10k-labels-idx1-ubyte", NULL, 10008}},
     .packed = {"3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
     .addresses = {"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
                   "https://fashion-mnist.s3.eu-central-1.amazonaws.com"},
     .classes = 10,
     .train = 60000,
     .test = 10000,
     .class_names = fashion_names},
    {.name = "cifar10",
     .summary = "things and animals, 3x32x32, the binary version",
     .licence = "none stated (Krizhevsky)",
     .files = {{"data_batch_1.bin", NULL, 30730000},
               {"data_batch_2.bin", NULL, 30730000},
               {"data_batch_3.bin", NULL, 30730000},
               {"data_batch_4.bin", NULL, 30730000},
               {"data_batch_5.bin", NULL, 30730000},
               {"test_batch.bin", NULL, 30730000}},
     .archive = "cifar-10-binary.tar.gz",
     .archive_sha256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
     .archive_size = 170052171,
     .addresses = {"https://www.cs.toronto.edu/~kriz", "https://cave.cs.toronto.edu/kriz"},
     .classes = 10,
     .train = 50000,
     .test = 10000,
     .folder = "cifar-10-batches-bin",
     .class_names = cifar_names},
    {.name = "cifar100",
     .summary = "100 kinds of things and animals in 20 groups, 3x32x32, the binary version",
     .licence = "none stated (Krizhevsky)",
     .files = {{"train.bin", NULL, 153700000}, {"test.bin", NULL, 30740000}},
     .archive = "cifar-100-binary.tar.gz",
     .archive_sha256 = "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
     .archive_size = 168513733,
     .beside = {"fine_label_names.txt", "coarse_label_names.txt"},
     .addresses = {"https://www.cs.toronto.edu/~kriz", "https://cave.cs.toronto.edu/kriz"},
     .classes = 100,
     .train = 50000,
     .test = 10000,
     .folder = "cifar-100-binary"},
    {.name = "synthetic",
     .summary = "made, not read: bytes of any shape, that a linear model learns well but not perfectly",
     .licence = "none needed",
     .classes = 10,
     .train = 6000,
     .test = 1000},
};
const int64_t data_set_count = sizeof data_sets / sizeof data_sets[0];

const data_set_info *set_named(const char *name)
{
    for (int64_t i = 0; i < data_set_count; i++)
        if (!strcmp(data_sets[i].name, name))
            return &data_sets[i];
    return NULL;
}

char *data_root(const char *given)
{
    const char *environment = getenv("PERDURE_DATA"), *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (given)
        return alloc_text(given);
    if (environment && environment[0])
        return alloc_text(environment);
    if (xdg && xdg[0] == '/') /* its specification has relative ones ignored */
        return alloc_format("%s/perdure", xdg);
    return alloc_format("%s/.local/share/perdure", home ? home : "");
}

int64_t data_classes(const struct scenario *s)
{
    enum { CIFAR_GROUPS = 20 };
    const data_set_info *set = set_named(data_set_name(s->data.set));
    if (s->data.set == DATA_SYNTHETIC)
        return s->data.synthetic.classes;
    if (s->data.set == DATA_CIFAR100 && s->data.cifar.labels == LABELS_COARSE)
        return CIFAR_GROUPS;
    return set ? set->classes : 0;
}

/* Where a set lies: in a folder of its name, or in the one that its archive unpacks to. */
static char *set_folder(const data_set_info *set, const char *root)
{
    char *own = alloc_format("%s/%s", root, set->name);
    if (!set->folder)
        return own;
    char *places[] = {alloc_format("%s", own), alloc_format("%s/%s", root, set->folder),
                      alloc_format("%s/%s", own, set->folder)};
    char *found = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *first = alloc_format("%s/%s", places[i], set->files[0].name);
        if (!found && source_there(first))
            found = alloc_text(places[i]);
        free(first);
        free(places[i]);
    }
    if (!found)
        return own;
    free(own);
    return found;
}

char *set_file(const data_set_info *set, const char *root, const char *file)
{
    char *folder = set_folder(set, root), *path = alloc_format("%s/%s", folder, file);
    free(folder);
    return path;
}

int set_missing(const data_set_info *set, const char *root, const char *path, error *e)
{
    error_set(e, EXIT_NO_INPUT, "%s[.gz]: found no such file; expected the files of %s in %s/%s", path, set->name, root,
              set->name);
    return error_hint(e, "set data.root or PERDURE_DATA, or run `perdure data fetch %s`", set->name);
}

/* The set that is shipped: in the root like any, else beside the program, in the checkout or where it is installed. */
char *digits_path(const char *root)
{
    char *bin = program_folder();
    char *places[] = {alloc_format("%s/digits/digits.csv", root),
                      alloc_format("%s/../../../examples/data/digits.csv", bin),
                      alloc_format("%s/../share/perdure/data/digits.csv", bin)};
    char *found = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!found && source_there(places[i]))
            found = places[i];
        else
            free(places[i]);
    free(bin);
    return found;
}

char *data_file_find(const char *name, const char *root, const char *file)
{
    const data_set_info *set = set_named(name);
    size_t length = strlen(file);
    char *plain = alloc_text(file);
    if (length > 3 && !strcmp(plain + length - 3, ".gz"))
        plain[length - 3] = '\0';
    char *path = !set ? NULL : !strcmp(name, "digits") ? digits_path(root) : set_file(set, root, plain);
    char *found = path && source_there(path) ? source_found(path) : NULL;
    free(path);
    free(plain);
    return found;
}

int set_files(const data_set_info *set)
{
    int count = 0, most = sizeof set->files / sizeof *set->files;
    while (count < most && set->files[count].name)
        count++;
    return count;
}

bool data_at_hand(const data_set_info *set, const char *root)
{
    if (!strcmp(set->name, "digits")) {
        char *path = digits_path(root);
        free(path);
        return path != NULL;
    }
    bool all = true;
    for (int i = 0; i < set_files(set); i++) {
        char *path = set_file(set, root, set->files[i].name);
        all = all && source_there(path);
        free(path);
    }
    return all;
}

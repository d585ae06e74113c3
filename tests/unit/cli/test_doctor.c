/* What doctor concludes from the words of others: LibTorch's, the kernel's lists of mounts and of control groups. */
#include "../check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/findings.h"
#include "cli/probe.h"

static char folder[] = "/tmp/perdure-doctor-XXXXXX";

static int folder_begin(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int folder_end(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void lay(const char *path, const char *words)
{
    char whole[256];
    snprintf(whole, sizeof whole, "%s/%s", folder, path);
    for (char *slash = whole + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(whole, 0700);
        *slash = '/';
    }
    FILE *f = fopen(whole, "w");
    assert_non_null(f);
    fputs(words, f);
    fclose(f);
}

static void a_gpu_runs_code_of_its_major_number(void **state)
{
    static const char words[] = "  - NVCC architecture flags: -gencode;arch=compute_75,code=sm_75;"
                                "-gencode;arch=compute_86,code=sm_86;-gencode;arch=compute_120,code=sm_120\n";
    (void)state;
    assert_true(architecture_covered(words, 7, 5));
    assert_false(architecture_covered(words, 7, 0));
    assert_false(architecture_covered(words, 8, 0));
    assert_true(architecture_covered(words, 8, 6));
    assert_true(architecture_covered(words, 8, 9));
    assert_false(architecture_covered(words, 9, 0));
    assert_true(architecture_covered(words, 12, 1));
    assert_false(architecture_covered("PyTorch built with:", 9, 0));
}

static void virtual_code_runs_on_all_that_is_later(void **state)
{
    static const char words[] = "-gencode;arch=compute_80,code=sm_80;-gencode;arch=compute_90,code=compute_90";
    (void)state;
    assert_true(architecture_covered(words, 9, 0));
    assert_true(architecture_covered(words, 12, 0));
    assert_false(architecture_covered(words, 7, 5));
}

static void assert_type(const char *path, const char *type)
{
    static const char words[] = "22 1 0:20 / / rw,relatime shared:1 - overlay overlay rw\n"
                                "23 22 0:21 / /proc rw - proc proc rw\n"
                                "24 22 0:22 / /home rw shared:2 master:1 - nfs4 server:/home rw,vers=4.2\n"
                                "25 24 8:1 / /home/fast\\040disk rw - ext4 /dev/sda1 rw\n"
                                "26 22 0:23 / /mnt rw - ext4 /dev/sdb1 rw\n"
                                "27 26 0:24 / /mnt rw - fuse.sshfs host: rw\n"
                                "a line that is none\n";
    char found[64];
    FILE *f = fmemopen((char *)(size_t)words, strlen(words), "r");
    assert_non_null(f);
    mount_type(f, path, found);
    fclose(f);
    assert_string_equal(found, type);
}

static void the_nearest_mount_holds_a_folder(void **state)
{
    (void)state;
    assert_type("/", "overlay");
    assert_type("/tmp/x", "overlay");
    assert_type("/home", "nfs4");
    assert_type("/home/me/runs", "nfs4");
    assert_type("/homely", "overlay");
    assert_type("/home/fast disk/runs", "ext4");
    assert_type("/mnt/x", "fuse.sshfs"); /* the later lies above */
}

static void assert_limits(const char *groups, double cores, int64_t bytes)
{
    double found_cores;
    int64_t found_bytes;
    cgroup_limits(groups, folder, &found_cores, &found_bytes);
    assert_true(found_cores > cores - 1e-9 && found_cores < cores + 1e-9);
    assert_int_equal(found_bytes, bytes);
}

static void the_least_limit_of_all_groups_above_counts(void **state)
{
    (void)state;
    lay("cpu.max", "max 100000\n");
    lay("a/cpu.max", "150000 100000\n");
    lay("a/memory.max", "max\n");
    lay("a/b/cpu.max", "400000 100000\n");
    lay("a/b/memory.max", "1073741824\n");
    lay("a/b/c/memory.max", "2147483648\n");
    assert_limits("0::/a/b/c\n", 1.5, 1073741824);
    assert_limits("0::/a\n", 1.5, 0);
    assert_limits("0::/\n", 0, 0);
    assert_limits("0::/not/there\n", 0, 0);
    assert_limits("", 0, 0);
    assert_limits("no group at all", 0, 0);
}

static void groups_of_version_1_have_controllers(void **state)
{
    (void)state;
    lay("cpu/job/cpu.cfs_quota_us", "50000\n");
    lay("cpu/job/cpu.cfs_period_us", "100000\n");
    lay("cpu/cpu.cfs_quota_us", "-1\n");
    lay("cpu/cpu.cfs_period_us", "100000\n");
    lay("memory/job/memory.limit_in_bytes", "1000000\n");
    lay("memory/memory.limit_in_bytes", "9223372036854771712\n");
    assert_limits("4:memory:/job\n3:cpu,cpuacct:/job\n1:name=systemd:/job\n", 0.5, 1000000);
    assert_limits("4:memory:/\n3:cpu,cpuacct:/other\n", 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gpu_runs_code_of_its_major_number),
        cmocka_unit_test(virtual_code_runs_on_all_that_is_later),
        cmocka_unit_test(the_nearest_mount_holds_a_folder),
        cmocka_unit_test(the_least_limit_of_all_groups_above_counts),
        cmocka_unit_test(groups_of_version_1_have_controllers),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}

/* Which checkpoints stay: by example, and in random sequences against the rule said another way. */
#include <time.h>

#include "checkpoints.h"

enum { DAYS = 86400, MOST = 64, SEQUENCES = 2000, STEPS = 8 };
/* Monday, 4 January 2027, 00:00 UTC: the first day of the year's first ISO week. */
static const int64_t monday = 1799020800;

static void kept_are(const char *const *names, int count)
{
    DIR *all = opendir(folder);
    struct dirent *one;
    int found = 0;
    assert_non_null(all);
    while ((one = readdir(all)))
        found += !strncmp(one->d_name, "step-", 5);
    closedir(all);
    for (int i = 0; i < count; i++)
        if (!folder_exists(path_of(names[i], "")))
            fail_msg("found no %s; expected it to be kept", names[i]);
    assert_int_equal(found, count);
}

static void the_last_ones_stay(void **state)
{
    (void)state;
    const struct checkpoint_options three = {true, CHECKPOINT_TASK, 0, 0, 3, 0, 0};
    for (int i = 1; i <= 6; i++)
        free(save_at(i, i, true, &three, monday + i));
    kept_are(
        (const char *const[]){"step-00000004-after-task-4", "step-00000005-after-task-5", "step-00000006-after-task-6"},
        3);
    assert_int_equal(checkpoint_oldest(folder), 4);
    folder_clear();
}

/* Every day at noon for three weeks: the newest of each of the last two weeks, Sundays and today. */
static void the_newest_of_a_week_stays(void **state)
{
    (void)state;
    const struct checkpoint_options weekly = {true, CHECKPOINT_TASK, 0, 0, 1, 2, 0};
    for (int day = 0; day < 17; day++) /* until a Wednesday */
        free(save_at(day + 1, 1, false, &weekly, monday + day * DAYS + DAYS / 2));
    kept_are((const char *const[]){"step-00000014-in-task-1", "step-00000017-in-task-1"}, 2);
    free(save_at(18, 1, false, &weekly, monday + 21 * DAYS - 1)); /* Sunday, one second before midnight */
    kept_are((const char *const[]){"step-00000014-in-task-1", "step-00000018-in-task-1"}, 2);
    free(save_at(19, 1, false, &weekly, monday + 21 * DAYS)); /* Monday */
    kept_are((const char *const[]){"step-00000018-in-task-1", "step-00000019-in-task-1"}, 2);
    folder_clear();
}

static void all_of_some_days_stay(void **state)
{
    (void)state;
    const struct checkpoint_options days = {true, CHECKPOINT_TASK, 0, 0, 1, 0, 2};
    for (int hour = 0; hour < 72; hour += 12)
        free(save_at(hour + 1, 1, false, &days, monday + hour * 3600));
    kept_are((const char *const[]){"step-00000025-in-task-1", "step-00000037-in-task-1", "step-00000049-in-task-1",
                                   "step-00000061-in-task-1"},
             4); /* within 48 hours of the last */
    folder_clear();
}

static void a_clock_that_jumps_back_loses_nothing_new(void **state)
{
    (void)state;
    const struct checkpoint_options two = {true, CHECKPOINT_TASK, 0, 0, 2, 0, 0};
    free(save_at(1, 1, true, &two, monday + 1000 * DAYS));
    free(save_at(2, 2, true, &two, monday));
    free(save_at(3, 3, true, &two, 0));
    kept_are((const char *const[]){"step-00000002-after-task-2", "step-00000003-after-task-3"}, 2);
    newest_is("step-00000003-after-task-3");
    folder_clear();
}

static void what_is_damaged_takes_nobodys_place(void **state)
{
    (void)state;
    char *first = save(1, 1, true), *second = save(2, 2, true);
    assert_int_equal(truncate(path_of(second, "state.safetensors"), 100), 0);
    char *third = save(3, 3, true);
    kept_are((const char *const[]){first, second, third}, 3); /* two whole ones, and one to look at */
    free(first);
    free(second);
    free(third);
    folder_clear();
}

/* ---- random sequences ---- */

struct model {
    char *name;
    int64_t serial, written;
    enum damage { WHOLE, FLIPPED, CUT, UNREADABLE } is;
    bool there;
};

static struct model all[MOST];
static int count;

static void damage(struct model *m)
{
    const char *file = rand() % 2 ? "weights.safetensors" : "state.safetensors";
    size_t length = 0;
    m->is = (enum damage)(1 + rand() % 3);
    char *path = path_of(m->name, m->is == UNREADABLE ? "manifest.json" : file), *bytes = bytes_read(path, &length);
    size_t at = (size_t)rand() % length;
    bytes[at] = (char)(bytes[at] ^ 4);
    bytes_write(path, bytes, m->is == CUT ? length - 1 : length);
    free(bytes);
}

/* How many that count stand between it and the newest. */
static int rank_of(int which)
{
    int rank = 0;
    for (int i = 0; i < count; i++)
        rank += all[i].there && all[i].is <= FLIPPED && all[i].serial > all[which].serial;
    return rank;
}

static bool newest_of_week(int which, int64_t *weeks_after)
{
    char week[16], other[16];
    bool seen[MOST] = {false}, newest = true;
    strftime(week, sizeof week, "%G-%V", gmtime(&(time_t){(time_t)all[which].written}));
    for (int i = 0; i < count; i++) {
        if (!all[i].there || all[i].is > FLIPPED || all[i].serial <= all[which].serial)
            continue;
        strftime(other, sizeof other, "%G-%V", gmtime(&(time_t){(time_t)all[i].written}));
        newest = newest && strcmp(week, other) != 0;
        bool first = true; /* of its week, as seen from here */
        for (int j = 0; j < count && first; j++) {
            char third[16];
            strftime(third, sizeof third, "%G-%V", gmtime(&(time_t){(time_t)all[j].written}));
            first = !(all[j].there && all[j].is <= FLIPPED && all[j].serial > all[i].serial && !strcmp(third, other));
        }
        seen[i] = first;
    }
    *weeks_after = 0;
    for (int i = 0; i < count; i++)
        *weeks_after += seen[i];
    return newest;
}

static void retain(const struct checkpoint_options *keep, int64_t now)
{
    bool stays[MOST];
    for (int i = 0; i < count; i++) {
        int64_t weeks = 0;
        bool newest = newest_of_week(i, &weeks);
        stays[i] =
            all[i].there && (all[i].is > FLIPPED || rank_of(i) < keep->last || (newest && weeks < keep->weekly) ||
                             (keep->days && all[i].written > now - keep->days * DAYS));
    }
    for (int i = 0; i < count; i++)
        all[i].there = stays[i];
}

static void check(void)
{
    const struct model *best = NULL;
    char link[64] = "";
    if (!count)
        return;
    assert_true(readlink(path_of("latest", ""), link, sizeof link - 1) > 0);
    assert_true(folder_exists(path_of(link, "")));
    for (int i = 0; i < count; i++) {
        assert_int_equal(folder_exists(path_of(all[i].name, "")), all[i].there);
        if (all[i].there && all[i].is == WHOLE && (!best || all[i].serial > best->serial))
            best = &all[i];
    }
    newest_is(best ? best->name : NULL);
}

static void one_sequence(void)
{
    int64_t now = monday + (int64_t)(rand() % 1000) * DAYS;
    struct checkpoint_options keep = {true, CHECKPOINT_TASK, 0, 0, 1 + rand() % 3, rand() % 3, rand() % 4};
    for (int step = 1; step <= STEPS; step++) {
        now += rand() % 6 ? rand() % (3 * DAYS) : ((int64_t)rand() - RAND_MAX / 2) / 16; /* years, to either side */
        if (count && rand() % 4 == 0) {
            struct model *m = &all[rand() % count];
            if (m->there && m->is == WHOLE)
                damage(m);
        } else {
            int64_t serial = 0;
            for (int i = 0; i < count; i++)
                if (all[i].there && all[i].is != UNREADABLE && all[i].serial > serial)
                    serial = all[i].serial;
            all[count] = (struct model){save_at(step, 1, false, &keep, now), serial + 1, now, WHOLE, true};
            count++;
            retain(&keep, now);
        }
        check();
    }
}

static void random_sequences_keep_the_newest_whole_one(void **state)
{
    (void)state;
    srand(20270104);
    for (int i = 0; i < SEQUENCES; i++) {
        one_sequence();
        for (int j = 0; j < count; j++)
            free(all[j].name);
        count = 0;
        assert_int_equal(checkpoint_remove_all(folder, NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_ones_stay),
        cmocka_unit_test(the_newest_of_a_week_stays),
        cmocka_unit_test(all_of_some_days_stay),
        cmocka_unit_test(a_clock_that_jumps_back_loses_nothing_new),
        cmocka_unit_test(what_is_damaged_takes_nobodys_place),
        cmocka_unit_test(random_sequences_keep_the_newest_whole_one),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}

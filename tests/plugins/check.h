/* SPDX-License-Identifier: Apache-2.0
 *
 * How the two exercise plugins check what the host computed: each check names the function it is about, and the first
 * wrong one fails the hook with that name and both values.
 */
#ifndef PERDURE_TEST_CHECK_H
#define PERDURE_TEST_CHECK_H

#include <perdure/sugar.h>

enum { CHECK_ROOM = 64 };

static inline pdr_status check_failed(const pdr_host *h, int line, const char *name, const char *what)
{
    return pdr_failf(h, PDR_ERROR, "%s: %s (line %d)", name, what, line);
}

/* Are the values of t exactly `count` numbers, each within tolerance x (1 + |expected|)? NaN equals NaN. */
static inline pdr_status check_values(const pdr_host *h, int line, const char *name, const pdr_tensor *t,
                                      double tolerance, int32_t count, const double *expected)
{
    double got[CHECK_ROOM];
    if (!t)
        return check_failed(h, line, name, "the host returned NULL");
    if (h->tensor->size(t, PDR_ALL) != count)
        return pdr_failf(h, PDR_ERROR, "%s: %lld elements instead of %d (line %d)", name,
                         (long long)h->tensor->size(t, PDR_ALL), (int)count, line);
    if (count > CHECK_ROOM || h->tensor->read(t, PDR_F64, got, (uint64_t)count * sizeof got[0]) != PDR_OK)
        return check_failed(h, line, name, "the values cannot be read");
    for (int32_t i = 0; i < count; i++) {
        int same = isnan(expected[i])
                       ? isnan(got[i])
                       : got[i] == expected[i] || fabs(got[i] - expected[i]) <= tolerance * (1 + fabs(expected[i]));
        if (!same)
            return pdr_failf(h, PDR_ERROR, "%s: element %d is %.9g instead of %.9g (line %d)", name, (int)i, got[i],
                             expected[i], line);
    }
    return PDR_OK;
}

/* Both need a variable `h`, the host, and leave the function at the first fault. */
#define CHECK(name, condition)                                             \
    do {                                                                   \
        if (!(condition))                                                  \
            return check_failed(h, __LINE__, name, "not so: " #condition); \
    } while (0)

#define IS(name, tensor, ...)                                                                               \
    do {                                                                                                    \
        const double expected_[] = {__VA_ARGS__};                                                           \
        pdr_status wrong_ = check_values(h, __LINE__, name, tensor, 1e-5, PDR_COUNT(expected_), expected_); \
        if (wrong_)                                                                                         \
            return wrong_;                                                                                  \
    } while (0)

/* In a scope of one's own, so that an error of the host does not hide the words of a check. */
typedef pdr_status check_group(const pdr_host *h, pdr_scope *s);

static inline pdr_status check_in_scope(const pdr_host *h, const char *name, pdr_grad mode, check_group *group)
{
    pdr_scope *s = h->tensor->open(h, mode);
    if (!s)
        return check_failed(h, __LINE__, "open", "the host returned NULL");
    pdr_status wrong = group(h, s), of_scope = h->tensor->close(s);
    if (wrong)
        return wrong;
    return of_scope ? pdr_failf(h, of_scope, "%s: the scope has an error that no check expected", name) : PDR_OK;
}

#endif

/* What the self-checks found. They cannot prove that a result is right; they notice what most often makes one silently wrong:
 * a penalty that is never above zero, a memory that stays empty, a head that nothing moves, labels that no loss counts. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "plugin/host.h"

const char *host_check_name(host_check check)
{
    static const char *const names[] = {"zero_penalty", "empty_memory", "untrained_head", "label_outside",
                                        "metric_not_finite"};
    return names[check];
}

static host_finding *finding_known(const host_session *session, host_check check, const char *name)
{
    for (int64_t i = 0; i < session->finding_count; i++)
        if (session->findings[i].check == check && !strcmp(session->findings[i].strategy, name))
            return &session->findings[i];
    return NULL;
}

static host_finding *finding_add(host_session *session, host_check check, const char *name, const char *hook)
{
    session->findings = alloc_again(session->findings, (size_t)session->finding_count + 1, sizeof *session->findings);
    host_finding *f = &session->findings[session->finding_count++];
    *f = (host_finding){
        .check = check, .task = session->task ? session->task->task.index + 1 : 0, .step = session->step};
    snprintf(f->strategy, sizeof f->strategy, "%s", name);
    snprintf(f->hook, sizeof f->hook, "%s", hook);
    return f;
}

void host_found(host_session *session, host_check check, const strategy *s, const char *hook, const char *format, ...)
{
    const char *name = s ? s->name : "";
    host_finding *f = finding_known(session, check, name);
    if (f) {
        f->count++;
        return;
    }
    f = finding_add(session, check, name, hook);
    f->count = 1;
    char words[2 * sizeof f->words];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    host_words_tame(words, f->words, sizeof f->words); /* JSON takes nothing else, in a checkpoint and in the result */
    char line[512];
    snprintf(line, sizeof line, "hook %s, task %lld, step %lld: %s", hook, (long long)f->task, (long long)f->step,
             f->words);
    host_note(session, PDR_WARNING, s ? s->name : "check", line);
}

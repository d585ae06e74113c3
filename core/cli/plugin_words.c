/* See plugin_words.h. */
#include "cli/plugin_words.h"

#include <string.h>

#define HOOK(name, tags, words)                       \
    {                                                 \
#name, offsetof(pdr_hooks, name), tags, words \
    }
const hook_words plugin_hooks[] = {
    HOOK(before_run, "", "once, before everything"),
    HOOK(before_task, "[no-grad]", "the network has grown its columns for the task"),
    HOOK(before_epoch, "[no-grad]", "an epoch of the task begins"),
    HOOK(before_batch, "[no-grad]", "fresh rows are there; may rehearse"),
    HOOK(before_forward, "[grad]", "the batch is complete"),
    HOOK(after_forward, "[grad]", "logits are there"),
    HOOK(before_loss, "[no-grad]", "the place to ask a teacher"),
    HOOK(compute_loss, "[grad] [sole]", "the loss of each row is its own"),
    HOOK(after_loss, "[grad]", "may add terms and penalties"),
    HOOK(after_backward, "[no-grad]", "may edit the gradient"),
    HOOK(before_update, "[no-grad]", "the gradient is final"),
    HOOK(after_update, "[no-grad]", "parameters have moved"),
    HOOK(after_batch, "[no-grad]", "the end of a step"),
    HOOK(after_epoch, "[no-grad]", "an epoch of the task ends"),
    HOOK(after_task, "[no-grad]", "the task is trained; its rows are still there"),
    HOOK(before_eval, "[no-grad]", "before a cell of the matrix is measured"),
    HOOK(predict, "[no-grad] [sole]", "the scores of test rows are its own"),
    HOOK(after_eval, "[no-grad]", "a cell of the matrix was measured"),
    HOOK(after_run, "", "once, after the last evaluation"),
    HOOK(save, "", "between two steps: its state goes into a checkpoint"),
    HOOK(load, "", "its state comes back"),
    {NULL, 0, NULL, NULL},
};
enum { HOOKS = sizeof plugin_hooks / sizeof *plugin_hooks - 1 };
_Static_assert(HOOKS == (sizeof(pdr_hooks) - offsetof(pdr_hooks, before_run)) / sizeof(void (*)(void)),
               "a hook of the ABI has no words");

bool hook_there(const pdr_hooks *hooks, const hook_words *hook)
{
    void (*found)(void) = NULL;
    memcpy(&found, (const char *)hooks + hook->offset, sizeof found);
    return found != NULL;
}

const flag_words plugin_flags[] = {
    {PDR_NEEDS_BOUNDARIES, "needs-boundaries", "must be told where a task ends"},
    {PDR_NEEDS_TASK_ID, "needs-task-id", "must know the task of every row, at evaluation too"},
    {PDR_GRAPH_SAFE, "graph-safe", "its hooks in a step may be captured in a CUDA graph"},
    {PDR_RANK_SAFE, "rank-safe", "is defined where several processes train one network"},
    {PDR_USES_GRADIENT, "uses-gradient", "reads or edits the flat gradient, which is built for it"},
    {PDR_DIFFERENTIATES_MODEL, "differentiates-model", "runs the network in training again and differentiates it"},
    {PDR_USES_FEATURES, "uses-features", "reads what enters the head, in every step"},
    {PDR_WRITES_PARAMS, "writes-params", "writes parameters in a step"},
    {PDR_IDLE_FIRST_TASK, "idle-first-task", "only watches until the first task is trained"},
    {0, NULL, NULL},
};

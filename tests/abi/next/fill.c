/* SPDX-License-Identifier: Apache-2.0 */
/* Gives the members that the next minor appended a value that a strategy can tell from chance: the number of their table.
 * And holds strategies to PDR_GRAPH_SAFE, as far as a host without graphs can. Linked before the host's own functions (--wrap), so
 * that core/ is compiled as it is. */
#include <string.h>

#include "offered.h"
#include "plugin/host.h"

void __real_host_begin(host_session *session);
void __wrap_host_begin(host_session *session);
int __real_host_create(host_session *session, int i, const plugin *p, const char *name, const void *config, error *e);
int __wrap_host_create(host_session *session, int i, const plugin *p, const char *name, const void *config, error *e);

static int64_t of_host(const pdr_host *h) { return h ? 1 : 0; }
static int64_t of_tensor(const pdr_tensor *t) { return t ? 0 : 2; }
static int64_t of_model(const pdr_model *m) { return m ? 0 : 3; }
static int64_t of_step(const pdr_step *s) { return s ? 0 : 4; }
static int64_t of_data(const pdr_task *t) { return t ? 0 : 5; }
static int64_t of_memory(const pdr_memory *m) { return m ? 0 : 6; }
static int64_t of_rng(pdr_rng *r) { return r ? 0 : 7; }
static int64_t of_state(pdr_state *s) { return s ? 0 : 8; }

/* ---- what a strategy promises by PDR_GRAPH_SAFE: between before_forward and after_update nothing waits for the device ---- */

static const struct pdr_tensor_api *kept;

/* Whether the hook that runs would be captured; the strategy then fails with these words. */
static bool waits_in_a_graph(const char *function)
{
    static const char *const captured[] = {"before_forward", "after_forward",  "before_loss",   "compute_loss",
                                           "after_loss",     "after_backward", "before_update", "after_update"};
    strategy *s = host_running();
    bool bad = false;
    for (size_t i = 0; s && i < sizeof captured / sizeof *captured; i++)
        bad = bad || !strcmp(s->session->moment, captured[i]);
    bad = bad && s->plugin->descriptor->flags & PDR_GRAPH_SAFE;
    if (bad)
        host_fail(s, PDR_EINVALID, "%s() waits for the device in a hook that a graph would capture", function);
    return bad;
}

static pdr_status read_outside(const pdr_tensor *t, pdr_dtype d, void *out, uint64_t bytes)
{
    return waits_in_a_graph("read") ? PDR_EINVALID : kept->read(t, d, out, bytes);
}

static pdr_tensor *nonzero_outside(pdr_scope *s, const pdr_tensor *a)
{
    return waits_in_a_graph("nonzero") ? NULL : kept->nonzero(s, a);
}

void __wrap_host_begin(host_session *session)
{
    __real_host_begin(session);
    kept = session->engine->tensor;
    session->tensor.read = read_outside;
    session->tensor.nonzero = nonzero_outside;
    session->tensor.next = of_tensor;
    session->model_api.next = of_model;
}

int __wrap_host_create(host_session *session, int i, const plugin *p, const char *name, const void *config, error *e)
{
    static pdr_step_api step;
    static pdr_data_api data;
    static pdr_memory_api memory;
    static pdr_rng_api rng;
    static pdr_state_api state;
    int code = __real_host_create(session, i, p, name, config, e);
    pdr_host *host = &session->strategies[i].host;
    step = *host->step, step.next = of_step, host->step = &step;
    data = *host->data, data.next = of_data, host->data = &data;
    memory = *host->memory, memory.next = of_memory, host->memory = &memory;
    rng = *host->rng, rng.next = of_rng, host->rng = &rng;
    state = *host->state, state.next = of_state, host->state = &state;
    host->next = of_host;
    host->extension = offered;
    return code;
}

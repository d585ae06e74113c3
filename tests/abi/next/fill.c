/* SPDX-License-Identifier: Apache-2.0 */
/* Gives the members that the next minor appended a value that a strategy can tell from chance: the number of their table.
 * Linked before the host's own functions (--wrap), so that core/ is compiled as it is. */
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

void __wrap_host_begin(host_session *session)
{
    __real_host_begin(session);
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
    return code;
}

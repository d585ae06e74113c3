/* Short names for the fourteen trial strategies beside it, which show that the interface suffices; not a model of style. */
#ifndef SUGAR_H
#define SUGAR_H
#include <perdure/perdure.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#define T (self->h->tensor)
#define M (self->h->model)
#define S (self->h->step)
#define D (self->h->data)
#define Y (self->h->memory)
#define R (self->h->rng)
#define V (self->h->state)
#define COUNT(a) ((int32_t)(sizeof(a) / sizeof((a)[0])))
static inline void hold(const pdr_host *h, pdr_tensor **slot, const pdr_tensor *t)
{ pdr_tensor *old = *slot;  *slot = h->tensor->keep(h, t);  h->tensor->release(old); }
static inline double number(const pdr_host *h, const pdr_tensor *t)
{ double v = (double)NAN;  if (h->tensor->read(t, PDR_F64, &v, sizeof v) != PDR_OK) return (double)NAN;  return v; }
static inline pdr_tensor *columns_of(const pdr_host *h, pdr_scope *s, const pdr_task *t)
{ int64_t n = t->class_count;  return h->tensor->from(s, PDR_I64, &n, 1, t->classes); }
/* a strategy defines: type me {const pdr_host *h; config c; ...}, config, params[], hooks, setup(), teardown() */
#define STRATEGY(NAME, FLAGS) \
static pdr_status make(const pdr_host *h, const void *cfg, void **out) { \
    me *self = calloc(1, sizeof *self);  if (!self) return PDR_ENOMEM; \
    self->h = h;  memcpy(&self->c, cfg, sizeof self->c);  *out = self;  return setup(self); } \
static void unmake(void *p) { if (p) { teardown(p);  free(p); } } \
static const pdr_plugin plugin = { .abi_version = PDR_ABI_VERSION, .struct_size = sizeof plugin, .name = NAME, \
    .version = "1.0", .summary = NAME, .params = params, .param_size = sizeof(pdr_param), .config_size = sizeof(config), \
    .state_version = 1, .flags = (FLAGS), .hooks = &hooks, .create = make, .destroy = unmake }; \
const pdr_plugin *perdure_plugin(void) { return &plugin; }
#define HOOKS .struct_size = sizeof(pdr_hooks)
#endif

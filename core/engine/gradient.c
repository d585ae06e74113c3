#include <math.h>
#include "engine/model.h"
double engine_gradient_norm(pdr_scope *s, pdr_model *m)
{
    double sum = 0;
    (void)s;
    for (int64_t i = 0; i < m->blocks.count; i++) {
        const float *g = model_gradient_floats(m, i);
        for (int64_t j = 0; j < m->blocks.at[i].about.count; j++)
            sum += (double)g[j] * (double)g[j];
    }
    return sqrt(sum);
}
pdr_status engine_gradient_scale(pdr_scope *s, pdr_model *m, double factor)
{
    (void)s;
    for (int64_t i = 0; i < m->blocks.count; i++) {
        float *g = (float *)(uintptr_t)model_gradient_floats(m, i);
        for (int64_t j = 0; j < m->blocks.at[i].about.count; j++)
            g[j] = (float)((double)g[j] * factor);
    }
    return PDR_OK;
}
bool engine_gradient_finite(pdr_scope *s, pdr_model *m) { return isfinite(engine_gradient_norm(s, m)); }

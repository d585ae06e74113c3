/* The one table that libperdure_engine.so exports. */
#include "engine/inside.h"

static const struct engine table = {
    .version = ENGINE_VERSION,
    .struct_size = sizeof(struct engine),
    .open = engine_open,
    .tensor = &engine_tensor,
    .model = &engine_model,
    .autograd = &engine_autograd,
    .scope_clear = engine_scope_clear,
    .scope_message = engine_scope_message,
    .scope_fail = engine_scope_fail,
    .adopt = engine_adopt,
    .scope_guard = engine_scope_guard,
    .scope_sweep = engine_scope_sweep,
    .blank = engine_blank,
    .to_device = engine_to_device,
    .bytes = engine_bytes,
    .model_build = engine_model_build,
    .model_size = engine_model_size,
    .model_grow = engine_model_grow,
    .model_columns = engine_model_columns,
    .model_cut = engine_model_cut,
    .model_reach = engine_model_reach,
    .model_buffers = engine_model_buffers,
    .buffer_count = engine_buffer_count,
    .buffer = engine_buffer,
    .model_stream = engine_model_stream,
    .model_claim = engine_model_claim,
    .model_recipe = engine_model_recipe,
    .model_frozen = engine_model_frozen,
    .gradient_norm = engine_gradient_norm,
    .gradient_finite = engine_gradient_finite,
    .gradient_scale = engine_gradient_scale,
    .row_loss = engine_row_loss,
    .fisher = engine_fisher,
    .optimizer_open = engine_optimizer_open,
    .optimizer_close = engine_optimizer_close,
    .optimizer_step = engine_optimizer_step,
    .descend = engine_descend,
    .penalty_apply = engine_penalty_apply,
    .penalty_value = engine_penalty_value,
    .optimizer_state = engine_optimizer_state,
    .optimizer_steps = engine_optimizer_steps,
    .optimizer_births = engine_optimizer_births,
};

__attribute__((visibility("default"))) const struct engine *perdure_engine(uint32_t version)
{
    return version == ENGINE_VERSION ? &table : 0;
}

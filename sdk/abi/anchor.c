/* SPDX-License-Identifier: Apache-2.0 */
/* Names every type that crosses the interface, so that a shared object of this file has them all in its debug
 * information: what abidw dumps when a minor is frozen, and abidiff compares with the dump. Nothing runs it. */
#include <perdure/perdure.h>

PDR_EXPORT const pdr_plugin *perdure_anchor(const pdr_plugin *plugin, const pdr_host *host, const pdr_task *task,
                                            const pdr_step *step, const pdr_eval *eval, const pdr_block *block,
                                            const pdr_reals *reals, const pdr_value *value);

const pdr_plugin *perdure_anchor(const pdr_plugin *plugin, const pdr_host *host, const pdr_task *task,
                                 const pdr_step *step, const pdr_eval *eval, const pdr_block *block,
                                 const pdr_reals *reals, const pdr_value *value)
{
    return host && task && step && eval && block && reals && value ? plugin : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Calls a function that nobody has. */
#include <perdure/plugin.h>
const pdr_plugin *perdure_test_nobody_has_this(void);
PDR_EXPORT const pdr_plugin *perdure_plugin(void) { return perdure_test_nobody_has_this(); }

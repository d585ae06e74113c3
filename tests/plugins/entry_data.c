/* SPDX-License-Identifier: Apache-2.0 */
/* A variable where the function should be. */
extern const int perdure_plugin;
__attribute__((visibility("default"))) const int perdure_plugin = 1;

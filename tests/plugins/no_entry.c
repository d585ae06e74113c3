/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object that is no strategy: perdure_plugin is missing. */
int perdure_test_something_else(void);
__attribute__((visibility("default"))) int perdure_test_something_else(void) { return 1; }

/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * perdure/perdure.h: the whole interface between Perdure and a strategy, in one include.
 *
 *   status.h   versions, status codes, small enumerations, names of the opaque handles
 *   param.h    parameters of a strategy as a table
 *   tensor.h   scopes, tensors, and what can be done with them
 *   host.h     all other tables that a plugin calls: model, step, data, memory, random streams, state
 *   plugin.h   what a plugin provides: descriptor, hooks, moments; and THE RULES, at its top: start there
 *
 * Not included, inline helpers on top of these: sugar.h for all; distill.h for those that distil; exemplars.h, which
 * rows of a task to keep. And pictures.h, an extension.
 */
#ifndef PERDURE_PERDURE_H
#define PERDURE_PERDURE_H

#include <perdure/host.h>
#include <perdure/param.h>
#include <perdure/plugin.h>
#include <perdure/status.h>
#include <perdure/tensor.h>

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * perdure/status.h: versions, status codes, small enumerations and the names of all opaque handles.
 *
 * Every other header of the SDK includes this one. Nothing here needs a library: it is C11 or C++17 text.
 * What a plugin may rely on at large, and how strategies compose, stands at the top of <perdure/plugin.h>.
 *
 * Tags that comments of this SDK use
 *   [no-grad]     the hook is called, or the function must be called, with gradient recording off
 *   [grad]        ... with gradient recording on: results can be differentiated
 *   [sole]        at most one strategy of a method may have this hook
 *   [any-thread]  may be called from every thread; without it: from the thread of the running hook only
 *   owned         the caller must give it back by the function that the comment names
 *   borrowed      the host keeps it; valid as long as the comment says, never to be freed
 */
#ifndef PERDURE_STATUS_H
#define PERDURE_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The major version of the binary interface. Equal majors or no loading: within one major nothing is removed,
 * reordered or given another meaning; tables, descriptors and moments only grow at their end. */
#define PDR_ABI_MAJOR 1u

/** The newest minor that these headers describe: what a host built from them offers. */
#define PDR_ABI_MINOR 0u

/** The oldest minor of a host that the plugin must run on. A plugin that uses a member which came with minor n
 * defines this as n before it includes a header; a host with a smaller minor then refuses it, in words.
 * Left alone, it is 0: the plugin runs on every host of this major. */
#ifndef PDR_TARGET_MINOR
#define PDR_TARGET_MINOR 0u
#endif

/** The newest minor whose members these headers declare: that of PDR_TARGET_MINOR, so that a member which the oldest
 * host would lack does not compile. A plugin that asks PDR_HAS before it uses more defines this as the higher minor and
 * leaves the target. A host sees all. */
#ifndef PDR_VISIBLE_MINOR
#define PDR_VISIBLE_MINOR PDR_TARGET_MINOR
#endif

#if PDR_TARGET_MINOR > PDR_VISIBLE_MINOR || PDR_VISIBLE_MINOR > PDR_ABI_MINOR
#error "expected PDR_TARGET_MINOR <= PDR_VISIBLE_MINOR <= PDR_ABI_MINOR: a lower one, or the headers of a newer Perdure"
#endif

/** What a plugin writes into pdr_plugin.abi_version: major in the upper, minor in the lower 16 bits. */
#define PDR_ABI_VERSION ((PDR_ABI_MAJOR << 16) | PDR_TARGET_MINOR)

/** Is member `m` inside the struct that `t` points to? True when the side that filled the struct was built with
 * headers that have the member. All structs are free of tail padding, so the answer is exact.
 *     if (PDR_HAS(host->tensor, invoke)) ...                                                                  */
#define PDR_HAS(t, m) ((t)->struct_size >= offsetof(__typeof__(*(t)), m) + sizeof((t)->m))

/** Put before perdure_plugin(). Build everything else with -fvisibility=hidden: a strategy exports one symbol. */
#define PDR_EXPORT __attribute__((visibility("default")))

/** What a call came to. The words that belong to a failure travel beside it: the scope holds those of the first
 * failed operation, host->fail() takes the plugin's own. Positive values are reserved. */
typedef int32_t pdr_status;
/** Values of pdr_status. */
enum {
    PDR_OK = 0,            /**< done */
    PDR_ERROR = -1,        /**< a failure with no code of its own */
    PDR_EINVALID = -2,     /**< an argument, shape, dtype or moment that the function does not take */
    PDR_ENOTFOUND = -3,    /**< no such key, operator, name */
    PDR_ENOMEM = -4,       /**< host or device memory is exhausted */
    PDR_EIO = -5,          /**< reading or writing a file failed */
    PDR_EUNSUPPORTED = -6, /**< stands in the table, but this host cannot do it (yet); the words say what and why */
    PDR_EENGINE = -7,      /**< LibTorch threw; the words are the first line of what it said */
    PDR_ENOTFINITE = -8    /**< a NaN or an infinity where none may be */
};

/** Weight of a log line. SERIOUS is an error that the plugin survives; it is counted in result.json. */
typedef int32_t pdr_level;
/** Values of pdr_level. */
enum {
    PDR_DEBUG = 0,   /**< for who looks for a fault */
    PDR_INFO = 1,    /**< worth a line */
    PDR_WARNING = 2, /**< may not be what was meant */
    PDR_SERIOUS = 3  /**< an error that the strategy survives */
};

/** Element type of a tensor, and of the memory that read() and from() copy: f32 is float, f64 double, i64
 * int64_t, i32 int32_t, u8 uint8_t, bool one byte 0 or 1; f16 and bf16 are two opaque bytes. Logits, losses,
 * parameters and gradients are f32; y, slots and indices are i64; `raw` of a byte data set is u8. */
typedef int32_t pdr_dtype;
/** Values of pdr_dtype. */
enum {
    PDR_F32 = 1, /**< float */
    PDR_F64,     /**< double */
    PDR_F16,     /**< half precision, opaque */
    PDR_BF16,    /**< bfloat16, opaque */
    PDR_I64,     /**< int64_t */
    PDR_I32,     /**< int32_t */
    PDR_U8,      /**< uint8_t */
    PDR_BOOL     /**< one byte, 0 or 1 */
};

/** Does a scope record what autograd needs? An operation runs in the mode of the scope that it is given. */
typedef int32_t pdr_grad;
/** Values of pdr_grad. */
enum {
    PDR_NO_GRAD = 0, /**< nothing is recorded */
    PDR_GRAD = 1     /**< results can be differentiated */
};

/** How a network behaves in forward(): EVAL: no dropout, batch norm by its running means. TRAIN: dropout, batch
 * statistics, and the running means move. */
typedef int32_t pdr_mode;
/** Values of pdr_mode. */
enum {
    PDR_EVAL = 0, /**< as when it is measured */
    PDR_TRAIN = 1 /**< as when it is trained */
};

/** How rehearsed rows or a term of one's own enter the loss (weight r or w; the formula is in plugin.h):
 *   JOIN   the rows count as the fresh ones do, in one mean with them. Of a term: PDR_EINVALID
 *   SHARE  a part of its own with r times the weight of the main part; all shares are divided by 1 + sum of r
 *   ADD    w times the part is added */
typedef int32_t pdr_blend;
/** Values of pdr_blend. */
enum {
    PDR_JOIN = 0,  /**< in one mean with the fresh rows */
    PDR_SHARE = 1, /**< r times the weight of the main part, all divided by 1 + sum of r */
    PDR_ADD = 2    /**< w times its mean is added */
};

/** Instead of a number. */
enum { PDR_ALL = INT32_MAX /**< as a dimension: over all elements; as a class or column: every class */ };

/* Opaque handles. What a pointer means and who frees it is said where a function makes one. */
typedef struct pdr_tensor pdr_tensor; /**< values on the device of the run, with shape and dtype */
typedef struct pdr_scope pdr_scope;   /**< owns temporaries, the grad mode and the first error */
typedef struct pdr_model pdr_model;   /**< a network: the one in training, a snapshot, or a plugin's own */
typedef struct pdr_optim pdr_optim;   /**< an optimizer over models of a plugin */
typedef struct pdr_memory pdr_memory; /**< a bounded store of samples: in RAM, on the device or on disk */
typedef struct pdr_rng pdr_rng;       /**< one random stream, saved by the host */
typedef struct pdr_state pdr_state;   /**< one strategy's shelf in a checkpoint */

/* Structs that later headers define, named here so that each header stands alone. */
typedef struct pdr_host pdr_host; /**< host.h: all that a plugin may call */
typedef struct pdr_task pdr_task; /**< plugin.h: the moments, which the host fills */
typedef struct pdr_step pdr_step;
typedef struct pdr_eval pdr_eval;

#ifdef __cplusplus
}
#endif
#endif

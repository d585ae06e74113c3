// SPDX-License-Identifier: Apache-2.0
//
// The plugin ABI 1.0 of Perdure, declared by hand: sdk/include/perdure as Rust reads it, member for member. What a function
// does, who owns what and when a hook is called stands there. Copy this file; it needs no crate.
//
// Host pointers are never NULL, so host tables hold plain functions; a strategy's own hooks may be missing, so they are Options.
// Everything is unsafe: a pointer from the host is good for as long as the headers say.
#![allow(dead_code)] // a strategy uses a part of it

use std::os::raw::{c_char, c_void};

// ---- status.h ----

pub const ABI_MAJOR: u32 = 1;
pub const TARGET_MINOR: u32 = 0;
pub const ABI_VERSION: u32 = ABI_MAJOR << 16 | TARGET_MINOR;

pub type Status = i32;
pub const OK: Status = 0;
pub const ERROR: Status = -1;
pub const EINVALID: Status = -2;
pub const ENOTFOUND: Status = -3;
pub const ENOMEM: Status = -4;
pub const EIO: Status = -5;
pub const EUNSUPPORTED: Status = -6;
pub const EENGINE: Status = -7;
pub const ENOTFINITE: Status = -8;

pub type Level = i32;
pub const DEBUG: Level = 0;
pub const INFO: Level = 1;
pub const WARNING: Level = 2;
pub const SERIOUS: Level = 3;

pub type Dtype = i32;
pub const F32: Dtype = 1;
pub const F64: Dtype = 2;
pub const F16: Dtype = 3;
pub const BF16: Dtype = 4;
pub const I64: Dtype = 5;
pub const I32: Dtype = 6;
pub const U8: Dtype = 7;
pub const BOOL: Dtype = 8;

pub type Grad = i32;
pub const NO_GRAD: Grad = 0;
pub const GRAD: Grad = 1;

pub type Mode = i32;
pub const EVAL: Mode = 0;
pub const TRAIN: Mode = 1;

pub type Blend = i32;
pub const JOIN: Blend = 0;
pub const SHARE: Blend = 1;
pub const ADD: Blend = 2;

pub const ALL: i32 = i32::MAX;

macro_rules! opaque {
    ($($name:ident)*) => {$(
        #[repr(C)]
        pub struct $name {
            opaque: [u8; 0],
        }
    )*};
}
opaque!(Tensor Scope Model Optim Memory Rng State);

// ---- param.h ----

pub type ParamType = i32;
pub const PARAM_INT: ParamType = 1; // i64
pub const PARAM_REAL: ParamType = 2; // f64
pub const PARAM_BOOL: ParamType = 3; // i32
pub const PARAM_TEXT: ParamType = 4; // *const c_char
pub const PARAM_CHOICE: ParamType = 5; // i32
pub const PARAM_PATH: ParamType = 6; // *const c_char
pub const PARAM_REALS: ParamType = 7; // Reals
pub const PARAM_MEMORY: ParamType = 8; // the last three: *const c_char, YAML
pub const PARAM_NETWORK: ParamType = 9;
pub const PARAM_OPTIMIZER: ParamType = 10;

#[repr(C)]
pub struct Reals {
    pub at: *const f64,
    pub count: i64,
}

#[repr(C)]
pub struct Param {
    pub key: *const c_char,
    pub help: *const c_char,
    pub kind: ParamType, // `type` in C
    pub offset: u32,
    pub fallback: *const c_char,
    pub min: f64,
    pub max: f64,
    pub choices: *const *const c_char,
}
unsafe impl Sync for Param {} // constants of the strategy's

impl Param {
    /// The row that ends a table, and what others begin with.
    pub const END: Param = Param {
        key: std::ptr::null(),
        help: std::ptr::null(),
        kind: 0,
        offset: 0,
        fallback: std::ptr::null(),
        min: 0.0,
        max: 0.0,
        choices: std::ptr::null(),
    };
}

// ---- tensor.h ----

pub const V_NONE: i32 = 0;
pub const V_TENSOR: i32 = 1;
pub const V_INT: i32 = 2;
pub const V_REAL: i32 = 3;
pub const V_BOOL: i32 = 4;
pub const V_TEXT: i32 = 5;
pub const V_INTS: i32 = 6;
pub const V_TENSORS: i32 = 7;
pub const V_DTYPE: i32 = 8;

#[repr(C)]
pub union ValueAs {
    pub tensor: *mut Tensor,
    pub i: i64,
    pub r: f64,
    pub text: *const c_char,
    pub ints: *const i64,
    pub tensors: *const *mut Tensor,
}

#[repr(C)]
pub struct Value {
    pub kind: i32,
    pub count: u32,
    pub value: ValueAs, // `as` in C
}

pub type Map = unsafe extern "C" fn(*mut Scope, *const Tensor) -> *mut Tensor;
pub type Zip = unsafe extern "C" fn(*mut Scope, *const Tensor, *const Tensor) -> *mut Tensor;
pub type Fold = unsafe extern "C" fn(*mut Scope, *const Tensor, dim: i32, keep_dim: i32) -> *mut Tensor;

#[repr(C)]
pub struct TensorApi {
    pub struct_size: u32,
    pub reserved: u32,

    pub open: unsafe extern "C" fn(*const Host, Grad) -> *mut Scope,
    pub close: unsafe extern "C" fn(*mut Scope) -> Status,
    pub status: unsafe extern "C" fn(*const Scope) -> Status,

    pub keep: unsafe extern "C" fn(*const Host, *const Tensor) -> *mut Tensor,
    pub release: unsafe extern "C" fn(*mut Tensor),

    pub read: unsafe extern "C" fn(*const Tensor, Dtype, out: *mut c_void, bytes: u64) -> Status,
    pub rank: unsafe extern "C" fn(*const Tensor) -> i32,
    pub size: unsafe extern "C" fn(*const Tensor, dim: i32) -> i64,
    pub dtype: unsafe extern "C" fn(*const Tensor) -> Dtype,

    pub from: unsafe extern "C" fn(*mut Scope, Dtype, shape: *const i64, rank: i32, data: *const c_void) -> *mut Tensor,
    pub full: unsafe extern "C" fn(*mut Scope, Dtype, shape: *const i64, rank: i32, value: f64) -> *mut Tensor,
    pub arange: unsafe extern "C" fn(*mut Scope, first: i64, count: i64) -> *mut Tensor,
    pub cast: unsafe extern "C" fn(*mut Scope, *const Tensor, Dtype) -> *mut Tensor,

    pub clone: Map,
    pub detach: Map,
    pub leaf: Map,
    pub exp: Map,
    pub log: Map,
    pub sqrt: Map,
    pub square: Map,
    pub abs: Map,
    pub sigmoid: Map,
    pub nonzero: Map,

    pub add: Zip,
    pub sub: Zip,
    pub mul: Zip,
    pub div: Zip,
    pub maximum: Zip,
    pub equal: Zip,
    pub less: Zip,
    pub matmul: Zip,
    pub dot: Zip,

    pub affine: unsafe extern "C" fn(*mut Scope, *const Tensor, scale: f64, shift: f64) -> *mut Tensor,
    pub clamp: unsafe extern "C" fn(*mut Scope, *const Tensor, low: f64, high: f64) -> *mut Tensor,
    pub r#where:
        unsafe extern "C" fn(*mut Scope, mask: *const Tensor, a: *const Tensor, b: *const Tensor) -> *mut Tensor,

    pub sum: Fold,
    pub mean: Fold,
    pub max: Fold,
    pub argmax: Fold,
    pub softmax: Fold,
    pub log_softmax: Fold,

    pub reshape: unsafe extern "C" fn(*mut Scope, *const Tensor, shape: *const i64, rank: i32) -> *mut Tensor,
    pub transpose: unsafe extern "C" fn(*mut Scope, *const Tensor, dim: i32, other: i32) -> *mut Tensor,
    pub slice: unsafe extern "C" fn(*mut Scope, *const Tensor, dim: i32, first: i64, count: i64) -> *mut Tensor,
    pub pick: unsafe extern "C" fn(*mut Scope, *const Tensor, dim: i32, index: *const Tensor) -> *mut Tensor,
    pub gather: unsafe extern "C" fn(*mut Scope, *const Tensor, dim: i32, index: *const Tensor) -> *mut Tensor,
    pub cat: unsafe extern "C" fn(*mut Scope, parts: *const *mut Tensor, count: i32, dim: i32) -> *mut Tensor,
    pub one_hot: unsafe extern "C" fn(*mut Scope, y: *const Tensor, columns: i64) -> *mut Tensor,
    pub top: unsafe extern "C" fn(
        *mut Scope,
        *const Tensor,
        k: i64,
        dim: i32,
        largest: i32,
        index: *mut *mut Tensor,
    ) -> *mut Tensor,

    pub cross_entropy: unsafe extern "C" fn(*mut Scope, logits: *const Tensor, y: *const Tensor) -> *mut Tensor,
    pub bce: unsafe extern "C" fn(*mut Scope, logits: *const Tensor, target: *const Tensor) -> *mut Tensor,
    pub distill: unsafe extern "C" fn(
        *mut Scope,
        logits: *const Tensor,
        teacher: *const Tensor,
        temperature: f64,
    ) -> *mut Tensor,

    pub copy: unsafe extern "C" fn(*mut Scope, into: *mut Tensor, a: *const Tensor) -> Status,
    pub blend: unsafe extern "C" fn(*mut Scope, into: *mut Tensor, keep: f64, a: *const Tensor, share: f64) -> Status,
    pub scale: unsafe extern "C" fn(*mut Scope, into: *mut Tensor, a: *const Tensor) -> Status,
    pub add_product:
        unsafe extern "C" fn(*mut Scope, into: *mut Tensor, a: *const Tensor, b: *const Tensor, weight: f64) -> Status,
    pub place: unsafe extern "C" fn(*mut Scope, into: *mut Tensor, index: *const Tensor, rows: *const Tensor) -> Status,

    pub invoke: unsafe extern "C" fn(
        *mut Scope,
        op: *const c_char,
        args: *const Value,
        arg_count: i32,
        results: *mut Value,
        result_room: i32,
    ) -> Status,
}

// ---- host.h ----

pub const WEIGHT: u32 = 0; // Block.kind
pub const BIAS: u32 = 1;
pub const NORM: u32 = 2;
pub const HEAD_WEIGHT: u32 = 3;
pub const HEAD_BIAS: u32 = 4;

#[repr(C)]
pub struct Block {
    pub struct_size: u32,
    pub kind: u32,
    pub first: i64,
    pub count: i64,
    pub rank: i64,
    pub shape: [i64; 4],
    pub first_column: i64,
    pub columns: i64,
    pub name: *const c_char,
}

#[repr(C)]
pub struct ModelApi {
    pub struct_size: u32,
    pub reserved: u32,

    pub forward: unsafe extern "C" fn(*mut Scope, *mut Model, x: *const Tensor, Mode) -> *mut Tensor,
    pub features: unsafe extern "C" fn(*mut Scope, *mut Model, x: *const Tensor, Mode) -> *mut Tensor,
    pub loss: unsafe extern "C" fn(*mut Scope, *const Task, logits: *const Tensor, y: *const Tensor) -> *mut Tensor,
    pub gradient: unsafe extern "C" fn(*mut Scope, *mut Model, loss: *const Tensor) -> *mut Tensor,
    pub derivative: unsafe extern "C" fn(*mut Scope, sum: *const Tensor, leaf: *const Tensor) -> *mut Tensor,
    pub flat_params: unsafe extern "C" fn(*mut Model) -> *mut Tensor,
    pub flat_grads: unsafe extern "C" fn(*mut Model) -> *mut Tensor,
    pub block_count: unsafe extern "C" fn(*const Model) -> i64,
    pub block: unsafe extern "C" fn(*const Model, i: i64, out: *mut Block) -> Status,
    pub units: unsafe extern "C" fn(*const Model, layer: i64) -> i64,
    pub gate: unsafe extern "C" fn(*mut Scope, *mut Model, layer: i64, mask: *const Tensor) -> Status,
    pub snapshot: unsafe extern "C" fn(*const Host, *const Model) -> *mut Model,
    pub assign: unsafe extern "C" fn(into: *mut Model, *const Model) -> Status,
    pub build: unsafe extern "C" fn(
        *const Host,
        yaml: *const c_char,
        shape: *const i64,
        rank: i64,
        outputs: i64,
    ) -> *mut Model,
    pub discard: unsafe extern "C" fn(*mut Model),
    pub optimizer: unsafe extern "C" fn(*const Host, *const *mut Model, count: i64, yaml: *const c_char) -> *mut Optim,
    pub descend: unsafe extern "C" fn(*mut Scope, *mut Optim, loss: *const Tensor) -> Status,
    pub drop_optimizer: unsafe extern "C" fn(*mut Optim),
    pub fisher:
        unsafe extern "C" fn(*mut Scope, *mut Model, *const Task, mode: *const c_char, limit: i64) -> *mut Tensor,
}

#[repr(C)]
pub struct StepApi {
    pub struct_size: u32,
    pub reserved: u32,

    pub rehearse: unsafe extern "C" fn(
        *const Step,
        x: *const Tensor,
        y: *const Tensor,
        Blend,
        weight: f64,
        first: *mut i64,
    ) -> Status,
    pub add_loss:
        unsafe extern "C" fn(*const Step, term: *const Tensor, Blend, weight: f64, name: *const c_char) -> Status,
    pub add_penalty: unsafe extern "C" fn(
        *const Step,
        importance: *const Tensor,
        anchor: *const Tensor,
        weight: f64,
        name: *const c_char,
    ) -> Status,
}

#[repr(C)]
pub struct DataApi {
    pub struct_size: u32,
    pub reserved: u32,

    pub rows: unsafe extern "C" fn(
        *mut Scope,
        *const Task,
        index: *const Tensor,
        x: *mut *mut Tensor,
        y: *mut *mut Tensor,
    ) -> Status,
    pub augment: unsafe extern "C" fn(*mut Scope, x: *const Tensor) -> *mut Tensor,
    pub mingle: unsafe extern "C" fn(*const Task, *mut Memory) -> Status,
}

#[repr(C)]
pub struct MemoryApi {
    pub struct_size: u32,
    pub reserved: u32,

    pub open: unsafe extern "C" fn(*const Host, name: *const c_char, yaml: *const c_char) -> *mut Memory,
    pub offer: unsafe extern "C" fn(
        *mut Scope,
        *mut Memory,
        x: *const Tensor,
        y: *const Tensor,
        value: *const Tensor,
        extra: *const Tensor,
    ) -> Status,
    pub put: unsafe extern "C" fn(
        *mut Scope,
        *mut Memory,
        slots: *const Tensor,
        x: *const Tensor,
        y: *const Tensor,
        value: *const Tensor,
        extra: *const Tensor,
    ) -> Status,
    pub retain: unsafe extern "C" fn(*mut Scope, *mut Memory, column: i64, slots: *const Tensor) -> Status,
    pub find: unsafe extern "C" fn(*mut Scope, *mut Memory, column: i64) -> *mut Tensor,
    pub sample: unsafe extern "C" fn(*mut Scope, *mut Memory, n: i64) -> *mut Tensor,
    pub fetch: unsafe extern "C" fn(
        *mut Scope,
        *mut Memory,
        slots: *const Tensor,
        x: *mut *mut Tensor,
        y: *mut *mut Tensor,
        value: *mut *mut Tensor,
        extra: *mut *mut Tensor,
    ) -> Status,
    pub count: unsafe extern "C" fn(*const Memory, column: i64) -> i64,
    pub capacity: unsafe extern "C" fn(*const Memory) -> i64,
    pub close: unsafe extern "C" fn(*mut Memory),
}

#[repr(C)]
pub struct RngApi {
    pub struct_size: u32,
    pub reserved: u32,

    pub stream: unsafe extern "C" fn(*const Host, name: *const c_char, number: i64) -> *mut Rng,
    pub rewind: unsafe extern "C" fn(*mut Rng),
    pub below: unsafe extern "C" fn(*mut Rng, n: i64) -> i64,
    pub unit: unsafe extern "C" fn(*mut Rng) -> f64,
    pub normal: unsafe extern "C" fn(*mut Rng) -> f64,
    pub units: unsafe extern "C" fn(*mut Scope, *mut Rng, shape: *const i64, rank: i32) -> *mut Tensor,
    pub normals: unsafe extern "C" fn(*mut Scope, *mut Rng, shape: *const i64, rank: i32) -> *mut Tensor,
    pub permutation: unsafe extern "C" fn(*mut Scope, *mut Rng, n: i64) -> *mut Tensor,
}

#[repr(C)]
pub struct StateApi {
    pub struct_size: u32,
    pub reserved: u32,

    pub put_tensor: unsafe extern "C" fn(*mut State, key: *const c_char, *const Tensor),
    pub get_tensor: unsafe extern "C" fn(*mut State, key: *const c_char) -> *mut Tensor,
    pub put_model: unsafe extern "C" fn(*mut State, key: *const c_char, *const Model),
    pub get_model: unsafe extern "C" fn(*mut State, key: *const c_char) -> *mut Model,
    pub put_optim: unsafe extern "C" fn(*mut State, key: *const c_char, *const Optim),
    pub get_optim: unsafe extern "C" fn(*mut State, key: *const c_char, into: *mut Optim) -> Status,
    pub put_bytes: unsafe extern "C" fn(*mut State, key: *const c_char, p: *const c_void, n: u64),
    pub get_bytes: unsafe extern "C" fn(*mut State, key: *const c_char, p: *mut c_void, room: u64) -> u64,
}

#[repr(C)]
pub struct Host {
    pub abi_version: u32,
    pub struct_size: u32,
    pub rank: u32,
    pub ranks: u32,
    pub r#impl: *mut c_void,

    pub tensor: *const TensorApi,
    pub model: *const ModelApi,
    pub step: *const StepApi,
    pub data: *const DataApi,
    pub memory: *const MemoryApi,
    pub rng: *const RngApi,
    pub state: *const StateApi,

    pub fail: unsafe extern "C" fn(*const Host, Status, why: *const c_char) -> Status,
    pub log: unsafe extern "C" fn(*const Host, Level, line: *const c_char),
    pub metric: unsafe extern "C" fn(*const Host, name: *const c_char, value: f64),
    pub metric_of: unsafe extern "C" fn(*const Host, name: *const c_char, scalar: *const Tensor),
    pub extension: unsafe extern "C" fn(*const Host, id: *const c_char) -> *const c_void,
}

// ---- plugin.h ----

#[repr(C)]
pub struct Task {
    pub struct_size: u32,
    pub boundary_known: u32,
    pub task_id_given: u32,
    pub augmented: u32,
    pub index: i64,
    pub row_count: i64,
    pub held_out: i64,
    pub class_count: i64,
    pub seen_before: i64,
    pub seen: i64,
    pub columns: i64,
    pub classes: *const i64,
    pub shape: *const i64,
    pub rank: i64,
    pub previous: *const Task,
    pub model: *mut Model,
    pub scope: *mut Scope,
}

#[repr(C)]
pub struct Step {
    pub struct_size: u32,
    pub reserved: u32,
    pub epoch: u32,
    pub skipped: u32,
    pub index: i64,
    pub fresh: i64,
    pub lr: f64,
    pub task: *const Task,
    pub scope: *mut Scope,
    pub x: *const Tensor,
    pub y: *const Tensor,
    pub logits: *const Tensor,
    pub row_loss: *const Tensor,
    pub loss: *const Tensor,
    pub features: *const Tensor,
    pub raw: *const Tensor,
    pub row: *const Tensor,
}

#[repr(C)]
pub struct Eval {
    pub struct_size: u32,
    pub reserved: u32,
    pub after_task: i64,
    pub on_task: i64,
    pub task: *const Task,
    pub model: *mut Model,
    pub scope: *mut Scope,
    pub x: *const Tensor,
    pub features: *const Tensor,
    pub logits: *const Tensor,
}

pub type OfSelf = unsafe extern "C" fn(*mut c_void) -> Status;
pub type OfTask = unsafe extern "C" fn(*mut c_void, *const Task) -> Status;
pub type OfEpoch = unsafe extern "C" fn(*mut c_void, *const Task, epoch: i64) -> Status;
pub type OfStep = unsafe extern "C" fn(*mut c_void, *const Step) -> Status;
pub type OfEval = unsafe extern "C" fn(*mut c_void, *const Eval) -> Status;

#[repr(C)]
pub struct Hooks {
    pub struct_size: u32,
    pub reserved: u32,

    pub before_run: Option<unsafe extern "C" fn(*mut c_void, task_count: i64) -> Status>,
    pub before_task: Option<OfTask>,
    pub before_epoch: Option<OfEpoch>,
    pub before_batch: Option<OfStep>,
    pub before_forward: Option<OfStep>,
    pub after_forward: Option<OfStep>,
    pub before_loss: Option<OfStep>,
    pub compute_loss: Option<unsafe extern "C" fn(*mut c_void, *const Step, rows: *mut *mut Tensor) -> Status>,
    pub after_loss: Option<OfStep>,
    pub after_backward: Option<OfStep>,
    pub before_update: Option<OfStep>,
    pub after_update: Option<OfStep>,
    pub after_batch: Option<OfStep>,
    pub after_epoch: Option<OfEpoch>,
    pub after_task: Option<OfTask>,
    pub before_eval: Option<OfEval>,
    pub predict: Option<unsafe extern "C" fn(*mut c_void, *const Eval, scores: *mut *mut Tensor) -> Status>,
    pub after_eval: Option<OfEval>,
    pub after_run: Option<OfSelf>,
    pub save: Option<unsafe extern "C" fn(*mut c_void, out: *mut State) -> Status>,
    pub load: Option<unsafe extern "C" fn(*mut c_void, *mut State, state_version: u32) -> Status>,
}

impl Hooks {
    /// No hook: what a strategy's own begin with.
    pub const NONE: Hooks = Hooks {
        struct_size: std::mem::size_of::<Hooks>() as u32,
        reserved: 0,
        before_run: None,
        before_task: None,
        before_epoch: None,
        before_batch: None,
        before_forward: None,
        after_forward: None,
        before_loss: None,
        compute_loss: None,
        after_loss: None,
        after_backward: None,
        before_update: None,
        after_update: None,
        after_batch: None,
        after_epoch: None,
        after_task: None,
        before_eval: None,
        predict: None,
        after_eval: None,
        after_run: None,
        save: None,
        load: None,
    };
}

pub const NEEDS_BOUNDARIES: u32 = 1;
pub const NEEDS_TASK_ID: u32 = 2;
pub const GRAPH_SAFE: u32 = 4;
pub const RANK_SAFE: u32 = 8;
pub const USES_GRADIENT: u32 = 16;
pub const DIFFERENTIATES_MODEL: u32 = 32;
pub const USES_FEATURES: u32 = 64;
pub const WRITES_PARAMS: u32 = 128;
pub const IDLE_FIRST_TASK: u32 = 256;

#[repr(C)]
pub struct Plugin {
    pub abi_version: u32,
    pub struct_size: u32,
    pub name: *const c_char,
    pub version: *const c_char,
    pub summary: *const c_char,
    pub paper: *const c_char,
    pub params: *const Param,
    pub param_size: u64,
    pub config_size: u64,
    pub state_version: u32,
    pub flags: u32,
    pub hooks: *const Hooks,
    pub create: Option<unsafe extern "C" fn(*const Host, config: *const c_void, this: *mut *mut c_void) -> Status>,
    pub destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    pub extension: Option<unsafe extern "C" fn(id: *const c_char) -> *const c_void>,
}
unsafe impl Sync for Plugin {} // a constant of the strategy's

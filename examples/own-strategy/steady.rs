// SPDX-License-Identifier: Apache-2.0
//
// steady in Rust, by rustc alone: what it does, and why, stands in steady.c. Here: kept tensors that release themselves,
// and panics that end at the border (rule 10). perdure.rs beside it declares the ABI.
mod perdure;

use perdure::*;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut};

/// A text with the NUL that C wants behind it.
macro_rules! c {
    ($text:expr) => {
        concat!($text, "\0").as_ptr() as *const c_char
    };
}

// ---- what YAML may set: one member and one row each ----

const EQUALLY: i32 = 1; // weigh; 0: by the gradient

#[repr(C)]
#[derive(Clone, Copy)]
struct Config {
    strength: f64,
    weigh: i32,
}

struct Words([*const c_char; 3]);
unsafe impl Sync for Words {} // constants
static WAYS: Words = Words([c!("gradient"), c!("equal"), null()]);

static PARAMS: [Param; 3] = [
    Param {
        key: c!("strength"),
        help: c!("how firmly parameters are held; the penalty has half of it"),
        kind: PARAM_REAL,
        offset: 0, // the compiler of Debian 12 has no offset_of!
        fallback: c!("0.01"),
        max: 1e9,
        ..Param::END
    },
    Param {
        key: c!("weigh"),
        help: c!("by the gradients that moved them, or all parameters alike"),
        kind: PARAM_CHOICE,
        offset: std::mem::size_of::<f64>() as u32,
        fallback: c!("gradient"),
        choices: WAYS.0.as_ptr(),
        ..Param::END
    },
    Param::END,
];

// ---- a tensor that outlives its scope: released with its owner ----

struct Kept {
    host: *const Host,
    at: *mut Tensor,
}

impl Kept {
    fn none(host: *const Host) -> Kept {
        Kept { host, at: null_mut() }
    }

    /// One more owner of the same values; of NULL none.
    unsafe fn of(host: *const Host, t: *const Tensor) -> Kept {
        Kept {
            host,
            at: ((*(*host).tensor).keep)(host, t),
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        unsafe { ((*(*self.host).tensor).release)(self.at) }
    }
}

// ---- the strategy ----

struct Steady {
    host: *const Host,
    config: Config,
    squares: Kept,    // [P]: v so far; none before the first task
    importance: Kept, // [p]: F, none in the first task
    anchor: Kept,     // [p]: w*
}

impl Steady {
    unsafe fn tensor(&self) -> &TensorApi {
        &*(*self.host).tensor
    }

    unsafe fn model(&self) -> &ModelApi {
        &*(*self.host).model
    }

    /// Parameters may have grown by a head: v has a number for each of them.
    unsafe fn before_task(&mut self, t: &Task) -> Status {
        let count = (self.tensor().size)((self.model().flat_params)(t.model), 0);
        self.squares = Kept::of(self.host, (self.tensor().full)(t.scope, F32, &count, 1, 0.0));
        (self.tensor().status)(t.scope)
    }

    /// (1)
    unsafe fn after_backward(&mut self, s: &Step) -> Status {
        let g = (self.model().flat_grads)((*s.task).model);
        (self.tensor().add_product)(s.scope, self.squares.at, g, g, 1.0)
    }

    /// About 1, so that `strength` means the same however long the task was.
    unsafe fn weights(&self, s: *mut Scope) -> *mut Tensor {
        let t = self.tensor();
        if self.config.weigh == EQUALLY {
            return (t.affine)(s, self.squares.at, 0.0, 1.0);
        }
        let root = (t.sqrt)(s, self.squares.at);
        let mean = (t.mean)(s, root, ALL, 0);
        let least = (t.full)(s, F32, null(), 0, 1e-37); // 0 / 0 is 0 here
        (t.div)(s, root, (t.maximum)(s, mean, least))
    }

    /// (2) What older tasks need covers the parameters that there were then: the first ones.
    unsafe fn after_task(&mut self, task: &Task) -> Status {
        let s = task.scope;
        let newer = Kept::of(self.host, self.weights(s));
        let older = std::mem::replace(&mut self.importance, newer);
        let t = self.tensor();
        if !older.at.is_null() {
            let first = (t.slice)(s, self.importance.at, 0, 0, (t.size)(older.at, 0));
            (t.blend)(s, first, 1.0, older.at, 1.0);
        }
        let largest = (t.max)(s, self.importance.at, ALL, 0);
        ((*self.host).metric_of)(self.host, c!("importance.largest"), largest);
        let anchor = (t.clone)(s, (self.model().flat_params)(task.model));
        self.anchor = Kept::of(self.host, anchor);
        (self.tensor().status)(s)
    }

    /// (3)
    unsafe fn after_loss(&mut self, s: &Step) -> Status {
        if self.anchor.at.is_null() {
            return OK;
        }
        let step = &*(*self.host).step;
        (step.add_penalty)(
            s,
            self.importance.at,
            self.anchor.at,
            self.config.strength,
            c!("penalty"),
        )
    }

    unsafe fn save(&self, out: *mut State) -> Status {
        let state = &*(*self.host).state;
        (state.put_tensor)(out, c!("squares"), self.squares.at);
        (state.put_tensor)(out, c!("importance"), self.importance.at);
        (state.put_tensor)(out, c!("anchor"), self.anchor.at);
        OK
    }

    unsafe fn load(&mut self, from: *mut State) -> Status {
        let state = &*(*self.host).state;
        self.squares.at = (state.get_tensor)(from, c!("squares"));
        self.importance.at = (state.get_tensor)(from, c!("importance"));
        self.anchor.at = (state.get_tensor)(from, c!("anchor"));
        OK
    }
}

// ---- the border: hooks are methods, and no panic passes ----

unsafe fn guarded(this: *mut c_void, work: impl FnOnce(&mut Steady) -> Status) -> Status {
    let host = (*(this as *mut Steady)).host;
    catch_unwind(AssertUnwindSafe(|| work(&mut *(this as *mut Steady))))
        .unwrap_or_else(|_| ((*host).fail)(host, ERROR, c!("a panic; its words are on standard error")))
}

unsafe extern "C" fn before_task(this: *mut c_void, t: *const Task) -> Status {
    guarded(this, |steady| steady.before_task(&*t))
}

unsafe extern "C" fn after_backward(this: *mut c_void, s: *const Step) -> Status {
    guarded(this, |steady| steady.after_backward(&*s))
}

unsafe extern "C" fn after_task(this: *mut c_void, t: *const Task) -> Status {
    guarded(this, |steady| steady.after_task(&*t))
}

unsafe extern "C" fn after_loss(this: *mut c_void, s: *const Step) -> Status {
    guarded(this, |steady| steady.after_loss(&*s))
}

unsafe extern "C" fn save(this: *mut c_void, out: *mut State) -> Status {
    guarded(this, |steady| steady.save(out))
}

// state_version: there is one so far.
unsafe extern "C" fn load(this: *mut c_void, from: *mut State, _state_version: u32) -> Status {
    guarded(this, |steady| steady.load(from))
}

unsafe extern "C" fn create(host: *const Host, config: *const c_void, this: *mut *mut c_void) -> Status {
    let made = Box::new(Steady {
        host,
        config: *(config as *const Config),
        squares: Kept::none(host),
        importance: Kept::none(host),
        anchor: Kept::none(host),
    });
    *this = Box::into_raw(made) as *mut c_void;
    OK
}

unsafe extern "C" fn destroy(this: *mut c_void) {
    drop(Box::from_raw(this as *mut Steady));
}

// ---- the descriptor ----

static HOOKS: Hooks = Hooks {
    before_task: Some(before_task),
    after_loss: Some(after_loss),
    after_backward: Some(after_backward),
    after_task: Some(after_task),
    save: Some(save),
    load: Some(load),
    ..Hooks::NONE
};

static PLUGIN: Plugin = Plugin {
    abi_version: ABI_VERSION,
    struct_size: std::mem::size_of::<Plugin>() as u32,
    name: c!("steady"),
    version: c!("1.0"),
    summary: c!("Holds parameters by the size of the gradients that moved them"),
    paper: null(),
    params: &PARAMS as *const Param,
    param_size: std::mem::size_of::<Param>() as u64,
    config_size: std::mem::size_of::<Config>() as u64,
    state_version: 1,
    flags: NEEDS_BOUNDARIES | GRAPH_SAFE | RANK_SAFE | USES_GRADIENT,
    hooks: &HOOKS,
    create: Some(create),
    destroy: Some(destroy),
    extension: None,
};

#[no_mangle]
pub extern "C" fn perdure_plugin() -> *const Plugin {
    &PLUGIN
}

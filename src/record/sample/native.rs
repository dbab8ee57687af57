//! Frames of C code, by the crates py-spy and remoteprocess and the library libunwind (feature `native`).
//!
//! Only threads that are stopped can be followed, and following a stack takes long, looking up names even longer. So
//! while a thread stands still no more than the addresses on its stack are taken.

use super::collect::Function;
use py_spy::{Frame, PythonSpy, StackTrace};
use remoteprocess::{Thread, Tid, Unwinder};
use std::sync::Arc;

/// What follows the stacks of one process.
pub(super) struct Native {
    unwinder: Unwinder,
}

/// What was taken of a thread while it stood still.
pub(super) struct Unwound {
    trace: StackTrace,
    /// What is on its stack, the innermost first; `None` where it could not be followed.
    addresses: Option<Vec<u64>>,
}

impl Native {
    /// # Errors
    /// Why that is not possible here.
    pub(super) fn of(spy: &PythonSpy) -> Result<Native, String> {
        let unwinder = spy.process.unwinder().map_err(|error| error.to_string())?;
        Ok(Native { unwinder })
    }

    /// Of a thread that is stopped by us, or is none of the system's.
    pub(super) fn unwind(&self, trace: StackTrace, thread: Option<i32>) -> Unwound {
        let addresses = thread.and_then(|thread| {
            let thread = Thread::new(Tid::from(thread)).ok()?;
            let cursor = self.unwinder.cursor(&thread).ok()?;
            cursor.collect::<Result<Vec<u64>, _>>().ok()
        });
        Unwound { trace, addresses }
    }
}

/// The stack with its frames of C between those of Python, which stay alone where that fails.
pub(super) fn merged(unwound: Unwound, spy: &mut PythonSpy) -> (StackTrace, bool) {
    let Unwound { mut trace, addresses } = unwound;
    let merged = addresses
        .zip(spy.native.as_mut())
        .and_then(|(addresses, native)| native.merge_native_stack(&trace.frames, addresses).ok());
    let is_whole = merged.is_some();
    if let Some(mut frames) = merged {
        frames.dedup_by(|next, before| {
            is_nameless(next) && is_nameless(before) && next.module == before.module
        });
        trace.frames = frames;
    }
    (trace, is_whole)
}

/// Has the library no name for this address?
fn is_nameless(frame: &Frame) -> bool {
    frame.module.is_some() && frame.name.starts_with("0x")
}

/// A frame of C as a function: without a line, named after its library, too, since short names such as `read` recur.
/// What has no name is a part of its library, whatever its address.
pub(super) fn function(frame: &Frame) -> Option<Arc<Function>> {
    let module = frame.module.as_ref()?;
    let library = module.rsplit('/').next().unwrap_or_default();
    let name = if is_nameless(frame) {
        library.into()
    } else {
        format!("{} ({library})", frame.name)
    };
    Some(Arc::new(Function {
        name,
        file: String::new(),
        line: 0,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_c_are_named_after_their_library() {
        let frame = |name: &str, module: Option<&str>| Frame {
            name: name.into(),
            filename: "inflate.c".into(),
            module: module.map(str::to_owned),
            short_filename: None,
            line: 7,
            locals: None,
            is_entry: false,
            is_shim_entry: false,
        };
        let named = |name, module| function(&frame(name, module)).map(|function| function.name.clone());
        let library = Some("/usr/lib/libz.so.1");
        assert_eq!(named("inflate", library).as_deref(), Some("inflate (libz.so.1)"));
        assert_eq!(named("0x7f3a5c0e1b20", library).as_deref(), Some("libz.so.1"));
        assert_eq!(named("poll", None), None, "a function of Python");
    }
}

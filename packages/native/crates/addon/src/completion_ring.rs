//! The completion ring: how finished calls reach JavaScript.
//!
//! A call is started with a number that JavaScript chose. Any thread finishes it by pushing its
//! outcome; the first push into an empty ring wakes JavaScript's thread once, and that one callback
//! takes everything that has gathered by then. So a burst of finished calls costs one crossing.
//!
//! The wake-up alone does not keep the process alive: the TypeScript side holds a handle as long as
//! calls are open.

use std::sync::{Arc, Mutex, PoisonError};

use napi::Status;
use napi::bindgen_prelude::{BigInt, FnArgs, Function, Uint8Array};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::failure::{Failure, Thrown};

/// What a finished call answers.
pub enum Answer {
    Nothing,
    Bytes(Vec<u8>),
    Number(u64),
}

/// One finished call as JavaScript sees it: an answer, or `reason` and what belongs to it.
#[napi(object)]
pub struct Completion {
    pub call: u32,
    pub bytes: Option<Uint8Array>,
    pub number: Option<BigInt>,
    pub reason: Option<String>,
    pub message: Option<String>,
    pub subject: Option<String>,
}

type Wake = ThreadsafeFunction<(), (), FnArgs<(Vec<Completion>,)>, Status, false, true>;

#[derive(Default)]
struct Finished {
    calls: Vec<(u32, Result<Answer, Failure>)>,
}

/// Where one JavaScript thread collects its finished calls.
#[napi]
pub struct CompletionRing {
    inbox: Arc<Inbox>,
}

pub struct Inbox {
    finished: Arc<Mutex<Finished>>,
    wake: Wake,
}

#[napi]
impl CompletionRing {
    /// `deliver` gets every completion that has gathered, oldest first.
    #[napi(constructor, catch_unwind)]
    pub fn new(deliver: Function<FnArgs<(Vec<Completion>,)>, ()>) -> Result<Self, Thrown> {
        let finished = Arc::new(Mutex::new(Finished::default()));
        let taken = Arc::clone(&finished);
        let wake = deliver
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .build_callback(move |_| Ok(FnArgs::from((take(&taken),))))
            .map_err(|cause| Thrown::new("INTERNAL".to_owned(), cause.reason.clone()))?;
        Ok(Self {
            inbox: Arc::new(Inbox { finished, wake }),
        })
    }
}

impl CompletionRing {
    pub fn inbox(&self) -> Arc<Inbox> {
        Arc::clone(&self.inbox)
    }
}

impl Inbox {
    /// Finishes a call, from any thread.
    pub fn finish(&self, call: u32, outcome: Result<Answer, Failure>) {
        let is_first = {
            let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
            finished.calls.push((call, outcome));
            finished.calls.len() == 1
        };
        if is_first {
            // Refused only when JavaScript's thread is gone, and its promises with it.
            let _ = self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

fn take(finished: &Mutex<Finished>) -> Vec<Completion> {
    let calls = std::mem::take(
        &mut finished
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .calls,
    );
    calls
        .into_iter()
        .map(|(call, outcome)| to_completion(call, outcome))
        .collect()
}

fn to_completion(call: u32, outcome: Result<Answer, Failure>) -> Completion {
    let mut completion = Completion {
        call,
        bytes: None,
        number: None,
        reason: None,
        message: None,
        subject: None,
    };
    match outcome {
        Ok(Answer::Nothing) => {}
        Ok(Answer::Bytes(bytes)) => completion.bytes = Some(Uint8Array::new(bytes)),
        Ok(Answer::Number(number)) => completion.number = Some(number.into()),
        Err(failure) => {
            completion.reason = Some(failure.reason.to_owned());
            completion.message = Some(failure.message);
            completion.subject = failure.subject;
        }
    }
    completion
}

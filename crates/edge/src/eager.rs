//! A connection that wakes itself while it is polled (it has asked for a body that has come already) is polled again at
//! once. By way of the scheduler a second thread would be woken for it, which costs more than the request.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

use crate::limits::POLLS_AT_ONCE_MAX;

const IDLE: u8 = 0;
const POLLED: u8 = 1;
const WOKEN: u8 = 2;

pub(crate) async fn eagerly<F: Future>(mut future: Pin<&mut F>) -> F::Output {
    let own = Arc::new(Own::default());
    let waker = Waker::from(own.clone());
    poll_fn(move |outer| {
        own.outer.register(outer.waker());
        for _ in 0..POLLS_AT_ONCE_MAX {
            own.state.store(POLLED, Ordering::SeqCst);
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(output);
            }
            if own.state.swap(IDLE, Ordering::SeqCst) == POLLED {
                return Poll::Pending;
            }
        }
        outer.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

#[derive(Default)]
struct Own {
    state: AtomicU8,
    outer: AtomicWaker,
}

impl Wake for Own {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let noted = self.state.compare_exchange(POLLED, WOKEN, Ordering::SeqCst, Ordering::SeqCst);
        if noted == Err(IDLE) {
            self.outer.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Polls it once; answers whether it ended, and how often it asked its task to be polled again.
    fn polled_once(future: impl Future<Output = ()>) -> (bool, usize) {
        let wakes = Arc::new(Wakes::default());
        let ended = pin!(eagerly(pin!(future))).poll(&mut Context::from_waker(&Waker::from(wakes.clone()))).is_ready();
        (ended, wakes.0.load(Ordering::SeqCst))
    }

    /// Ends when it was polled so often, and wakes itself until then.
    fn waking_itself(times: usize) -> impl Future<Output = ()> {
        let mut left = times;
        poll_fn(move |cx| {
            left -= 1;
            if left == 0 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    }

    #[test]
    fn what_wakes_itself_goes_on_without_its_scheduler() {
        assert_eq!(polled_once(waking_itself(POLLS_AT_ONCE_MAX)), (true, 0));
    }

    #[test]
    fn what_wakes_itself_without_end_leaves_the_thread_to_others() {
        assert_eq!(polled_once(waking_itself(1000)), (false, 1));
    }

    #[tokio::test]
    async fn what_waits_is_woken_from_outside() {
        let (say, said) = tokio::sync::oneshot::channel();
        let waiting = tokio::spawn(async move { eagerly(pin!(said)).await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        say.send(7).unwrap();
        assert_eq!(waiting.await.unwrap(), Ok(7));
    }
}

//! Events on their way to handlers, which may ask for more of them meanwhile, or do away with the object.

use crate::face::Happened;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Most calls that deliver at once, inside each other's handlers or on several threads. A handler that makes events and
/// asks for them without end would use up the stack.
const AT_ONCE_MAX: usize = 16;

/// Events that were taken and not told yet. Every call that delivers takes from the same queue, so that the order holds
/// where a handler asks for more.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    waiting: Mutex<VecDeque<Happened>>,
    under_way: AtomicUsize,
}

/// One call that delivers.
struct Turn<'a>(&'a AtomicUsize);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Delivery {
    /// Tells of what waits and of what is taken now; what happens meanwhile waits for the next call. No lock is held while
    /// telling.
    pub(super) fn deliver(&self, take: impl FnOnce() -> Vec<Happened>, mut tell: impl FnMut(Happened)) {
        let turn = Turn(&self.under_way);
        if self.under_way.fetch_add(1, Relaxed) >= AT_ONCE_MAX {
            return;
        }
        let mut left = {
            let mut waiting = self.waiting();
            waiting.extend(take());
            waiting.len()
        };
        while left > 0 {
            let Some(event) = self.waiting().pop_front() else { break };
            tell(event);
            left -= 1;
        }
        drop(turn);
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<Happened>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn events(results: impl IntoIterator<Item = i64>) -> Vec<Happened> {
        results.into_iter().map(|result| Happened::FakeIp { result }).collect()
    }

    #[test]
    fn a_handler_that_asks_for_more_keeps_the_order() {
        let delivery = Delivery::default();
        let told = RefCell::new(Vec::new());
        delivery.deliver(
            || events(1..=3),
            |event| {
                let first = told.borrow().is_empty();
                told.borrow_mut().push(event);
                if first {
                    delivery.deliver(|| events(4..=5), |event| told.borrow_mut().push(event));
                }
            },
        );
        assert_eq!(told.into_inner(), events(1..=5));
    }

    #[test]
    fn a_handler_that_never_stops_is_stopped() {
        fn again(delivery: &Delivery, told: &RefCell<usize>) {
            delivery.deliver(
                || events([1]),
                |_| {
                    *told.borrow_mut() += 1;
                    again(delivery, told);
                },
            );
        }
        let (delivery, told) = (Delivery::default(), RefCell::new(0));
        again(&delivery, &told);
        assert_eq!(*told.borrow(), AT_ONCE_MAX);
        assert_eq!(delivery.under_way.load(Relaxed), 0);
    }
}

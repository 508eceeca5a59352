//! Queues that deliver again what is given back, five times, then put it into a dead-letter queue.

use std::collections::{BTreeMap, VecDeque};

/// A `maxReceiveCount` as in the template.
pub(crate) const MAX_RECEIVES: u32 = 5;

/// Messages in one invocation.
const BATCH: usize = 10;

/// The consumer of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Function {
    Seal,
    Quality,
    Pseudonymize,
}

impl Function {
    pub(crate) const ALL: [Self; 3] = [Self::Seal, Self::Quality, Self::Pseudonymize];
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) receives: u32,
}

/// One queue and one dead-letter queue a function.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    waiting: BTreeMap<Function, VecDeque<Message>>,
    dead: BTreeMap<Function, Vec<Message>>,
    sent: usize,
    /// How often each message is delivered beyond once.
    pub(crate) duplicates: usize,
    /// Whether the last message sent is the first received.
    pub(crate) reversed: bool,
}

impl Queues {
    pub(crate) fn send(&mut self, to: Function, body: String) {
        for _copy in 0..=self.duplicates {
            self.sent += 1;
            let id = format!("message-{}", self.sent);
            self.waiting.entry(to).or_default().push_back(Message { id, body: body.clone(), receives: 0 });
        }
    }

    /// Receives a batch.
    pub(crate) fn receive(&mut self, from: Function) -> Vec<Message> {
        let waiting = self.waiting.entry(from).or_default();
        let many = BATCH.min(waiting.len());
        let mut batch: Vec<Message> = if self.reversed {
            (0..many).filter_map(|_| waiting.pop_back()).collect()
        } else {
            waiting.drain(..many).collect()
        };
        batch.iter_mut().for_each(|message| message.receives += 1);
        batch
    }

    /// Takes a message back, or buries it.
    pub(crate) fn give_back(&mut self, to: Function, message: Message) {
        if message.receives >= MAX_RECEIVES {
            self.dead.entry(to).or_default().push(message);
        } else if self.reversed {
            self.waiting.entry(to).or_default().push_front(message);
        } else {
            self.waiting.entry(to).or_default().push_back(message);
        }
    }

    pub(crate) fn waiting(&self, function: Function) -> usize {
        self.waiting.get(&function).map_or(0, VecDeque::len)
    }

    pub(crate) fn dead(&self, function: Function) -> usize {
        self.dead.get(&function).map_or(0, Vec::len)
    }

    pub(crate) fn all_dead(&self) -> usize {
        self.dead.values().map(Vec::len).sum()
    }

    /// Forgets what waits, as if it had never been sent.
    pub(crate) fn forget(&mut self, function: Function) {
        self.waiting.remove(&function);
    }

    /// Puts the dead letters back.
    pub(crate) fn redrive(&mut self) {
        for (function, messages) in std::mem::take(&mut self.dead) {
            let fresh = messages.into_iter().map(|message| Message { receives: 0, ..message });
            self.waiting.entry(function).or_default().extend(fresh);
        }
    }
}

//! Depth-first search over all states.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sluice_log::layout::intent_key;
use sluice_tlog::{Checkpoint, Edge, decode_bundle, leaf_hash};

use crate::world::{Answer, Request, Standing, Store, leaf, replay};

/// What is tried.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// The leaves of each writer.
    pub(crate) writers: Vec<Vec<u8>>,
    /// Deaths in all; who died starts again.
    pub(crate) crashes: u8,
    /// Delete markers that an intruder sets on intents and checkpoints.
    pub(crate) delete_markers: u8,
    /// Intents that an intruder writes for the first size.
    pub(crate) void_intents: u8,
    /// A broken store, to check the checker.
    pub(crate) unconditional: bool,
    /// Writers that do not look at histories, likewise.
    pub(crate) blind: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) states: usize,
    pub(crate) finals: usize,
    pub(crate) alarms: usize,
    pub(crate) violation: Option<String>,
}

type Node = usize;

/// Where a writer stands is a function of the answers that it was given: computed once for each list of answers.
struct Trie {
    leaves: Vec<u8>,
    nodes: Vec<(Vec<Answer>, Standing)>,
    children: HashMap<(Node, Answer), Node>,
}

impl Trie {
    fn new(leaves: &[u8]) -> Self {
        Self { leaves: leaves.to_vec(), nodes: vec![(Vec::new(), replay(leaves, &[]))], children: HashMap::new() }
    }

    fn next(&mut self, node: Node, answer: Answer) -> Node {
        if let Some(child) = self.children.get(&(node, answer.clone())) {
            return *child;
        }
        let mut answers = self.nodes[node].0.clone();
        answers.push(answer.clone());
        let standing = replay(&self.leaves, &answers);
        self.nodes.push((answers, standing));
        self.children.insert((node, answer), self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn standing(&self, node: Node) -> &Standing {
        &self.nodes[node].1
    }
}

#[derive(Clone)]
struct State {
    store: Store,
    writers: Vec<Node>,
    crashes: u8,
    delete_markers: u8,
    void_intents: u8,
    /// Every checkpoint text that was ever signed.
    signed: BTreeSet<Vec<u8>>,
}

impl State {
    fn id(&self) -> (u64, Vec<Node>, u8, u8, u8, BTreeSet<Vec<u8>>) {
        let budgets = (self.crashes, self.delete_markers, self.void_intents);
        (self.store.digest, self.writers.clone(), budgets.0, budgets.1, budgets.2, self.signed.clone())
    }
}

/// Tries everything; stops at the first violation.
pub(crate) fn search(plan: &Plan) -> Outcome {
    // Writers with the same leaves are the same program, and share what is known of it.
    let mut tries: BTreeMap<Vec<u8>, Trie> = plan.writers.iter().map(|w| (w.clone(), Trie::new(w))).collect();
    let start = State {
        store: Store { unconditional: plan.unconditional, blind: plan.blind, ..Store::default() },
        writers: vec![0; plan.writers.len()],
        crashes: plan.crashes,
        delete_markers: plan.delete_markers,
        void_intents: plan.void_intents,
        signed: BTreeSet::new(),
    };
    let (mut seen, mut stack, mut outcome) = (HashSet::new(), vec![start], Outcome::default());
    while let Some(state) = stack.pop() {
        if !seen.insert(state.id()) {
            continue;
        }
        outcome.states += 1;
        if let Err(violation) = one_history(&state) {
            outcome.violation = Some(violation);
            return outcome;
        }
        let before = stack.len();
        let asks = |writer: &usize| tries[&plan.writers[*writer]].standing(state.writers[*writer]);
        // A signature touches nothing that another step does: whatever comes next may as well come after it.
        let signs = (0..plan.writers.len()).find(|writer| matches!(asks(writer), Standing::Asks(Request::Sign(_))));
        for writer in (0..plan.writers.len()).filter(|writer| signs.is_none_or(|signs| signs == *writer)) {
            let trie = tries.get_mut(&plan.writers[writer]).unwrap();
            if let Standing::Asks(request) = trie.standing(state.writers[writer]).clone() {
                steps(&state, writer, &request, trie, &mut stack);
            }
        }
        if stack.len() == before {
            outcome.finals += 1;
            let standings: Vec<Standing> = (0..plan.writers.len())
                .map(|writer| tries[&plan.writers[writer]].standing(state.writers[writer]).clone())
                .collect();
            let alarmed = standings.iter().any(|standing| matches!(standing, Standing::Alarmed(_)));
            outcome.alarms += usize::from(alarmed);
            // A blind store is there to be forked, nothing else is asked of it.
            if !alarmed
                && !plan.blind
                && let Err(violation) = complete(&state, plan, &standings)
            {
                outcome.violation = Some(violation);
                return outcome;
            }
        }
        intrude(&state, &mut stack);
    }
    outcome
}

/// Everything that may become of a writer's request.
fn steps(state: &State, writer: usize, request: &Request, trie: &mut Trie, stack: &mut Vec<State>) {
    let mut done = state.clone();
    let answer = done.store.answer(request);
    if let Request::Sign(text) = request {
        done.signed.insert(text.clone());
    }
    let node = trie.next(state.writers[writer], answer);
    done.writers[writer] = node;
    if state.crashes > 0 {
        let dead = |mut state: State| {
            state.crashes -= 1;
            state.writers[writer] = 0;
            state
        };
        stack.push(dead(state.clone()));
        match request {
            // What a read or a signature would have told dies with the writer.
            Request::Read(_) | Request::ReadAll(_) | Request::Largest(_) => {}
            Request::Write(..) | Request::Sign(_) => stack.push(dead(done.clone())),
            Request::WriteAll(objects) => {
                stack.push(dead(done.clone()));
                for one in 0..objects.len() {
                    let mut only = state.clone();
                    only.store.write(&objects[one].0, &objects[one].1);
                    stack.push(dead(only));
                    let mut all_but = state.clone();
                    for (_, (key, bytes)) in objects.iter().enumerate().filter(|(at, _)| *at != one) {
                        all_but.store.write(key, bytes);
                    }
                    stack.push(dead(all_but));
                }
            }
        }
    }
    stack.push(done);
}

fn intrude(state: &State, stack: &mut Vec<State>) {
    if state.delete_markers > 0 {
        let decides =
            |key: &&std::sync::Arc<str>| key.starts_with("log/commit/") || key.starts_with("log/checkpoints/");
        for key in state.store.keys.keys().filter(decides) {
            let mut marked = state.clone();
            marked.delete_markers -= 1;
            marked.store.push(key, None);
            stack.push(marked);
        }
    }
    if state.void_intents > 0 {
        let slot = u32::from(state.void_intents % 2);
        let forged = Edge::default();
        let nonsense = if slot == 0 {
            b"{}".to_vec()
        } else {
            sluice_log::intent::Intent::new(&forged, &[b"nobody signed this".to_vec()]).to_bytes().unwrap()
        };
        let mut intruded = state.clone();
        intruded.void_intents -= 1;
        for free in 0..4 {
            if intruded.store.read(&intent_key(0, free)) == Ok(None) {
                intruded.store.write(&intent_key(0, free), &nonsense.clone().into());
                break;
            }
        }
        stack.push(intruded);
    }
}

/// Every signed root is the root of a beginning of one list of leaves.
fn one_history(state: &State) -> Result<(), String> {
    let mut roots: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    for text in &state.signed {
        let checkpoint = Checkpoint::parse(std::str::from_utf8(text).unwrap()).unwrap();
        if roots.insert(checkpoint.size, checkpoint.root.clone()).is_some_and(|other| other != checkpoint.root) {
            return Err(format!("two histories: two roots of size {} were signed", checkpoint.size));
        }
    }
    if roots.len() < 2 {
        return Ok(());
    }
    // Follow the intents whose outcome was signed: at each step there is one way on, and each signed root lies on it.
    let mut edge = Edge::default();
    let mut reached: BTreeSet<Vec<u8>> = BTreeSet::new();
    loop {
        reached.insert(edge.root().to_vec());
        let slots = (0..4).filter_map(|slot| state.store.keys.get(intent_key(edge.size(), slot).as_str()));
        let mut next: BTreeMap<Vec<u8>, Edge> = BTreeMap::new();
        for intent in slots.flatten().flatten() {
            let mut after = edge.clone();
            for leaf in leaves_of(intent) {
                after.push(leaf_hash(&leaf));
            }
            let is_signed = roots.get(&after.size()).is_some_and(|root| *root == after.root());
            if after.size() > edge.size() && is_signed {
                next.insert(after.root().to_vec(), after);
            }
        }
        if next.len() > 1 {
            return Err(format!("two histories: two ways on from size {} were signed", edge.size()));
        }
        match next.into_values().next() {
            Some(after) => edge = after,
            None => break,
        }
    }
    match roots.iter().find(|(_, root)| !reached.contains(*root)) {
        Some((size, _)) => Err(format!("two histories: the root signed for size {size} does not continue the others")),
        None => Ok(()),
    }
}

fn leaves_of(intent: &[u8]) -> Vec<Vec<u8>> {
    let Ok(intent) = serde_json::from_slice::<serde_json::Value>(intent) else { return Vec::new() };
    let leaves = intent["leaves"].as_array().cloned().unwrap_or_default();
    leaves.iter().filter_map(|leaf| STANDARD.decode(leaf.as_str()?).ok()).collect()
}

/// A further writer completes what is left; then each leaf stands once, where its writers were told.
fn complete(state: &State, plan: &Plan, standings: &[Standing]) -> Result<(), String> {
    let mut store = state.store.clone();
    let everything: BTreeSet<u8> = plan.writers.iter().flatten().copied().collect();
    let everything: Vec<u8> = everything.into_iter().collect();
    let mut answers: Vec<Answer> = Vec::new();
    let positions = loop {
        match replay(&everything, &answers) {
            Standing::Asks(request) => answers.push(store.answer(&request)),
            Standing::Done(positions) => break positions,
            Standing::Alarmed(_) if plan.delete_markers > state.delete_markers => return Ok(()),
            other => return Err(format!("what was left cannot be completed: {other:?}")),
        }
    };
    let log = log_of(&store);
    for (number, position) in everything.iter().zip(&positions) {
        let at: Vec<u64> =
            (0_u64..).zip(&log).filter(|(_, entry)| **entry == leaf(*number)).map(|(at, _)| at).collect();
        if at != [*position] {
            return Err(format!("leaf {number} stands at {at:?}, expected once at {position}"));
        }
    }
    for (leaves, standing) in plan.writers.iter().zip(standings) {
        if let Standing::Done(told) = standing {
            for (number, told) in leaves.iter().zip(told) {
                if log.get(usize::try_from(*told).unwrap()) != Some(&leaf(*number)) {
                    return Err(format!("a writer was told that leaf {number} stands at {told}; it does not"));
                }
            }
        }
    }
    Ok(())
}

fn log_of(store: &Store) -> Vec<Vec<u8>> {
    let bundles = store.keys.iter().filter(|(key, _)| key.starts_with("log/tile/entries/000"));
    let widest = bundles.max_by_key(|(key, _)| key.rsplit('/').next().unwrap().parse::<u32>().unwrap_or(256));
    let Some((_, versions)) = widest else { return Vec::new() };
    let bytes = versions.last().unwrap().as_ref().unwrap();
    decode_bundle(bytes).unwrap().into_iter().map(<[u8]>::to_vec).collect()
}

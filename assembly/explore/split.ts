/**
 * One worker's part of an exhaustive search that several share: the fingerprints are parted by their value, the states
 * stay with the worker that found them.
 *
 * Protocol
 *   Layer by layer, in rounds; the host carries what is exchanged (src/explore/split-worker.ts).
 *   Expand: each waiting state moves every agent once. The fingerprints of what comes out go to their owners' outboxes,
 *   in order; the trail keeps which agent each came from.
 *   Visit: an owner looks the fingerprints of worker 0 up, then those of worker 1, and so on; it answers new or known.
 *   Settle: the worker goes through its states once more, makes the successors that are new again, and keeps them.
 *   Between layers states move to workers that have fewer; the order over all workers stays what it was.
 *
 * Invariants
 *   D1  The states of a layer, worker after worker, stand in the order in which one worker alone would have found them,
 *       and owners answer in that order: each state has the parent that it has there, and so has each counterexample.
 *       Only a layer that does not fit into the outboxes at once takes several rounds, and then the order is another.
 */
import { Run } from "../abi/layout";
import { Tally } from "../abi/records";
import { Full, Search, Store, WATCH_STATES } from "../abi/search";
import { logFull, put, runWord, tally } from "../word";
import { bounded, ended, keep, prepare, successors, tellVisited } from "./exhaustive";
import { dropLayer, noteLayer, setShelf, spanAt, spanCount } from "./layers";
import { moveAny } from "./paths";
import { liveCount, queueBytes, queued, skipAt, takeAt, takenState } from "./queue";
import * as space from "./space";
import * as next from "./successors";
import { noteTaken } from "./symmetry";
import { Visit, visit, visitedTouch } from "./visited";

const NOBODY: u32 = 0xffffffff;
/** Keys that the worker itself sent lately: an owner need not be asked again. */
const FILTER: u32 = 1 << 15;
/** Bits of a trail word below the owner. */
const AGENT_BITS: u32 = 28;
/** Keys whose places are brought near together. */
const AHEAD: u32 = 16;

let workers: u32 = 1;
let me: u32 = 0;
let wide: bool = false;
let keyShift: u32 = 3;
let keysMax: u32 = 0;
let filterAt: u32 = 0;
let outboxAt: u32 = 0;
let inboxAt: u32 = 0;
let answersAt: u32 = 0;
let trailAt: u32 = 0;
let trailEnd: u32 = 0;
let trail: u32 = 0;
/** Answers read of each owner. */
const read = memory.data(8 * 4);

/** A walk through the layer in order: the span, states left in it, the place in the ring. */
let span: u32 = 0;
let left: u32 = 0;
let place: u32 = 0;
/** The same of the settling, which follows behind. */
let settleSpan: u32 = 0;
let settleLeft: u32 = 0;
let settlePlace: u32 = 0;
/** States expanded and not settled; states of the layer that are done. */
let open: u32 = 0;
let done: u32 = 0;

function keys(owner: u32): u32 {
  return space.asked(Search.KEYS + owner);
}

/** Begins at the initial state, which worker 0 keeps. False without memory. */
export function splitStart(): bool {
  workers = space.asked(Search.WORKERS);
  me = space.asked(Search.WORKER);
  wide = space.asked(Search.STORE) == Store.WIDE;
  const most = space.asked(Search.KEYS_MAX);
  if (!prepare()) return false;
  keyShift = wide ? 4 : 3;
  const bytes = space.splitBytes - (FILTER << 3);
  // For each key: its outboxes, the inbox, answers both ways, and two trail words for each outbox.
  keysMax = (bytes / (((workers + 1) << keyShift) + workers + 1 + (workers << 3))) & ~63;
  if (most != 0) keysMax = min(keysMax, most);
  if (keysMax < 2 * next.SUCCESSORS_MAX || bytes > space.splitBytes) return false;
  filterAt = space.splitAt;
  outboxAt = filterAt + (FILTER << 3);
  inboxAt = outboxAt + ((workers * keysMax) << keyShift);
  answersAt = inboxAt + (keysMax << keyShift);
  trailAt = answersAt + (workers + 1) * keysMax;
  trailEnd = trailAt + ((workers * keysMax) << 3);
  memory.fill(filterAt, 0, FILTER << 3);
  setShelf(outboxAt);
  space.tell(Search.OUTBOX_AT, outboxAt >> 2);
  space.tell(Search.INBOX_AT, inboxAt >> 2);
  space.tell(Search.ANSWERS_AT, answersAt >> 2);
  space.tell(Search.KEYS_MAX, keysMax);
  const key = next.keyOf(0);
  if (ownerOf(key) == me) visit(key, next.secondKeyOf(0));
  if (me == 0 && !keep(NOBODY, 0)) return false;
  beginLayer();
  return true;
}

function ownerOf(key: u64): u32 {
  return <u32>(((key & 0xffffffff) * <u64>workers) >> 32);
}

/** What waits now is the layer, all of it this worker's own. */
export function splitLayer(): void {
  dropLayer();
  beginLayer();
}

function beginLayer(): void {
  noteLayer();
  span = NOBODY;
  left = 0;
  settleSpan = NOBODY;
  settleLeft = 0;
  open = 0;
  done = 0;
  beginRound();
}

function beginRound(): void {
  trail = trailAt;
  for (let owner: u32 = 0; owner < workers; owner++) {
    space.tell(Search.KEYS + owner, 0);
    store<u32>(read + (owner << 2), 0);
  }
}

function roundIsFull(): bool {
  if (trailEnd - trail < (next.SUCCESSORS_MAX + 2) << 2) return true;
  for (let owner: u32 = 0; owner < workers; owner++) if (keys(owner) + next.SUCCESSORS_MAX > keysMax) return true;
  return false;
}

/** Expands up to `count` states. Gives 0 when the layer is expanded, 1 when there is more, 2 when a round must end. */
export function splitExpand(count: u32): u32 {
  let more = count;
  while (more > 0) {
    while (left == 0) {
      if (span == 2) return 0;
      span++;
      place = spanAt(span);
      left = spanCount(span);
    }
    if (roundIsFull()) return 2;
    place = takeAt(place);
    left--;
    open++;
    successors(takenState);
    if (logFull) bounded(Full.LOG);
    post();
    more--;
  }
  return 1;
}

/** Sends the fingerprints of the successors to their owners. */
function post(): void {
  const header = trail;
  trail += 4;
  const count = next.moveCount;
  for (let i: u32 = 0; i < count; i++) {
    const key = next.keyOf(i);
    if (!wide) {
      const slot = filterAt + ((<u32>(key >> 20) & (FILTER - 1)) << 3);
      if (load<u64>(slot) == key) continue;
      store<u64>(slot, key);
    }
    const owner = ownerOf(key);
    const at = keys(owner);
    const to = outboxAt + ((owner * keysMax + at) << keyShift);
    store<u64>(to, key);
    if (wide) store<u64>(to + 8, next.secondKeyOf(i));
    space.tell(Search.KEYS + owner, at + 1);
    store<u32>(trail, (owner << AGENT_BITS) | next.agentOf(i));
    trail += 4;
  }
  store<u32>(header, (trail - header - 4) >> 2);
}

/** Looks up `count` keys of one worker: in the inbox, or this worker's own in its outbox. Answers after all answers. */
export function splitVisit(count: u32, own: bool): void {
  const from = own ? outboxAt + ((me * keysMax) << keyShift) : inboxAt;
  const to = own ? answersAt + me * keysMax : answersAt + workers * keysMax;
  let touched: u64 = 0;
  let i: u32 = 0;
  while (i < count) {
    const end = min(i + AHEAD, count);
    for (let k = i; k < end; k++) touched |= visitedTouch(load<u64>(from + (k << keyShift)));
    while (i < end) {
      const at = from + (i << keyShift);
      const found = visit(load<u64>(at), wide ? load<u64>(at + 8) : 0);
      if (found == Visit.FULL) bounded(Full.VISITED);
      store<u8>(to + i, found == Visit.NEW ? 1 : 0);
      i++;
    }
  }
  // Without a use of what was read, the reads would be optimised away.
  space.tell(Search.TOUCHED, <u32>touched);
}

/** Keeps what is new. Gives 1 when the host must take the watched words first, 0 when the round is over. */
export function splitSettle(): u32 {
  if (trail != trailAt && settling == 0) settling = trailAt;
  while (open > 0) {
    if (space.asked(Search.WATCHED) != 0 && space.asked(Search.WATCH_COUNT) + next.SUCCESSORS_MAX > WATCH_STATES)
      return 1;
    while (settleLeft == 0) {
      settleSpan++;
      settlePlace = spanAt(settleSpan);
      settleLeft = spanCount(settleSpan);
    }
    settlePlace = settleOne();
    settleLeft--;
    open--;
    done++;
  }
  settling = 0;
  beginRound();
  return 0;
}

/** Where the settling is in the trail; 0 when it has not begun. */
let settling: u32 = 0;

/** Keeps the new successors of the state at `settlePlace`; gives the place of the next state. */
function settleOne(): u32 {
  let count = load<u32>(settling);
  let after: u32 = 0;
  settling += 4;
  while (count > 0) {
    const word = load<u32>(settling);
    const owner = word >> AGENT_BITS;
    const at = load<u32>(read + (owner << 2));
    settling += 4;
    count--;
    store<u32>(read + (owner << 2), at + 1);
    if (load<u8>(answersAt + owner * keysMax + at) == 0) continue;
    if (after == 0) {
      after = takeAt(settlePlace);
      noteTaken();
      put(tally(Tally.STEPS), runWord(Run.DEPTH) + 1);
    }
    next.noMoves(space.logAt);
    next.begin(word & ((1 << AGENT_BITS) - 1));
    moveAny(word & ((1 << AGENT_BITS) - 1));
    ended();
    keep(takenState, 0);
  }
  return after == 0 ? skipAt(settlePlace) : after;
}

/** Live words of this worker. */
export function splitLive(): u32 {
  return liveCount;
}

/** States that wait to be expanded. Tells what the search tells of itself. */
export function splitWaiting(): u32 {
  space.tell(Search.QUEUE, queued - done);
  space.tell(Search.QUEUE_BYTES, queueBytes());
  space.tell(Search.LIVE, liveCount);
  tellVisited();
  return queued - done;
}

/**
 * States that wait for their turn, first in first out, each as what sets it apart from the initial state.
 *
 * Protocol
 *   Words that no step has ever changed are the same in all states. The others are live: their values, in the order in
 *   which they came alive, are all that an entry holds. A word that came alive after an entry was written has its
 *   initial value there. Entries lie in a ring; one that does not fit before its end starts over at its beginning.
 *
 * Units: addresses in bytes; an entry is words.
 */
import { Base } from "../abi/layout";
import { base, stateBase } from "../word";

const enum Entry {
  /** Words of the entry; 0: go on at the beginning of the ring. */
  SIZE,
  /** Number of the state, in order of discovery. */
  STATE,
  SUM,
  SECOND_SUM = 4,
  VALUES = 6,
}

let ring: u32 = 0;
let ringEnd: u32 = 0;
let head: u32 = 0;
let tail: u32 = 0;
export let queued: u32 = 0;

/** Where the live words are listed, and one byte for each word of the state. */
let list: u32 = 0;
let flags: u32 = 0;
export let liveCount: u32 = 0;

export function queueStart(from: u32, bytes: u32, liveList: u32, liveFlags: u32, stateWords: u32): void {
  ring = from;
  ringEnd = from + bytes;
  head = from;
  tail = from;
  queued = 0;
  list = liveList;
  flags = liveFlags;
  liveCount = 0;
  memory.fill(flags, 0, stateWords);
}

/** The word has changed in some state. */
export function enliven(word: u32): void {
  const flag = flags + (word - stateBase);
  if (load<u8>(flag) != 0) return;
  store<u8>(flag, 1);
  store<u32>(list + (liveCount << 2), word << 2);
  liveCount++;
}

/** The i-th of the live words, and what it was at first. */
export function liveWord(i: u32): u32 {
  return load<u32>(list + (i << 2)) >> 2;
}

export function initialOf(word: u32): u32 {
  return load<u32>((word - stateBase + base(Base.INITIAL)) << 2);
}

/** Bytes of the ring in use. */
export function queueBytes(): u32 {
  return tail >= head ? tail - head : ringEnd - head + (tail - ring);
}

/** Room for one entry of `bytes`, after the last; 0 when there is none. The ring never fills up to its head. */
function roomFor(bytes: u32): u32 {
  if (tail >= head) {
    if (ringEnd - tail > bytes + 4) return tail;
    if (head - ring <= bytes + 4) return 0;
    store<u32>(tail, 0);
    return ring;
  }
  return head - tail > bytes + 4 ? tail : 0;
}

/** Appends the machine's present state; false when the ring is full. */
export function enqueue(state: u32, sum: u64, second: u64): bool {
  const count = liveCount;
  const size = (<u32>Entry.VALUES + count) << 2;
  const at = roomFor(size);
  if (at == 0) return false;
  store<u32>(at, size);
  store<u32>(at + (Entry.STATE << 2), state);
  store<u64>(at + (Entry.SUM << 2), sum);
  store<u64>(at + (Entry.SECOND_SUM << 2), second);
  let to = at + (Entry.VALUES << 2);
  const end = at + size;
  let word = list;
  while (to < end) {
    store<u32>(to, load<u32>(load<u32>(word)));
    to += 4;
    word += 4;
  }
  tail = end;
  queued++;
  return true;
}

/** What the entry that was taken last says about itself. */
export let takenState: u32 = 0;
export let takenSum: u64 = 0;
export let takenSecond: u64 = 0;

/** Puts the machine into the state that has waited longest. */
export function dequeue(): void {
  head = takeAt(head);
  queued--;
}

/** Where the ring's entries begin and end: what `takeAt` goes through. */
export function ringHead(): u32 {
  return head;
}

export function ringTail(): u32 {
  return tail;
}

/** Forgets `count` entries at the front, or at the back: those before `to`, or from it on. */
export function dropFront(to: u32, count: u32): void {
  head = to;
  queued -= count;
}

export function dropBack(from: u32, count: u32): void {
  tail = from;
  queued -= count;
}

/** Puts the machine into the state of the entry at `place`, which stays where it is; gives the place of the next. */
export function takeAt(place: u32): u32 {
  const at = ringEnd - place < 4 || load<u32>(place) == 0 ? ring : place;
  const size = load<u32>(at);
  takenState = load<u32>(at + (Entry.STATE << 2));
  takenSum = load<u64>(at + (Entry.SUM << 2));
  takenSecond = load<u64>(at + (Entry.SECOND_SUM << 2));
  let from = at + (Entry.VALUES << 2);
  const end = at + size;
  let word = list;
  while (from < end) {
    store<u32>(load<u32>(word), load<u32>(from));
    from += 4;
    word += 4;
  }
  toInitial(word);
  return end;
}

/** The place after the entry at `place`. */
export function skipAt(place: u32): u32 {
  const at = ringEnd - place < 4 || load<u32>(place) == 0 ? ring : place;
  return at + load<u32>(at);
}

/** Live words from `first` of the list on get their initial values. */
function toInitial(first: u32): void {
  let word = first;
  const last = list + (liveCount << 2);
  const initial = (base(Base.INITIAL) - stateBase) << 2;
  while (word < last) {
    store<u32>(load<u32>(word), load<u32>(load<u32>(word) + initial));
    word += 4;
  }
}

/** Writes the machine's present state as a row: number, sums, live values. Gives its end. */
export function writeRow(to: u32): u32 {
  store<u32>(to, takenState);
  store<u64>(to + 4, takenSum);
  store<u64>(to + 12, takenSecond);
  let at = to + 20;
  const last = list + (liveCount << 2);
  for (let word = list; word < last; word += 4) {
    store<u32>(at, load<u32>(load<u32>(word)));
    at += 4;
  }
  return at;
}

/** Writes the list of live words; gives its end. */
export function writeLive(to: u32): u32 {
  memory.copy(to, list, liveCount << 2);
  return to + (liveCount << 2);
}

/** Appends the row at `from` of somebody whose `live` live words are listed at `words`. False when the ring is full. */
export function readRow(from: u32, words: u32, live: u32): bool {
  toInitial(list);
  for (let i: u32 = 0; i < live; i++) {
    const word = load<u32>(words + (i << 2));
    enliven(word >> 2);
    store<u32>(word, load<u32>(from + 20 + (i << 2)));
  }
  return enqueue(load<u32>(from), load<u64>(from + 4), load<u64>(from + 12));
}

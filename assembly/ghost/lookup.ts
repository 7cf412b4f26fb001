/**
 * The list of obligations: finding one, by frame or an equal one, and taking one out.
 *
 * Invariants
 *   K1  STALE of a frame is the number of obligations on it, of all its lives.
 */
import { Frame, Globals, Rest } from "../abi/records";
import { Obligation, ObligationFlag, Task } from "../abi/tasks";
import {
  clearWords,
  copyWords,
  frameAt,
  get,
  getLong,
  globalWord,
  obligationAt,
  peek,
  poke,
  restAt,
  taskAt,
  tasks,
} from "../word";
import { Access, ANYBODY, noteFrame } from "./cells";
import { currentAgent } from "./report";

/** Flags that set two obligations on one entry apart. */
const KIND_FLAGS: u32 = 15 | ObligationFlag.STORES;

/** The task that moves, as a bit, when it runs `mm`; 0 for another and for an interrupt. */
export function moverIn(mm: u32): u32 {
  return currentAgent < tasks && get(taskAt(currentAgent) + Task.MM) == mm ? 1 << currentAgent : 0;
}

export function obligationCount(): u32 {
  return peek(globalWord(Globals.OBLIGATIONS));
}

/** Obligations on a frame, of all its lives. */
export function staleOn(frame: u32): u32 {
  noteFrame(ANYBODY, frame, Access.READ);
  return peek(restAt(frame) + Rest.STALE);
}

/** One obligation more or less on the frame. */
export function countOn(frame: u32, change: u32): void {
  poke(restAt(frame) + Rest.STALE, peek(restAt(frame) + Rest.STALE) + change);
}

/** Index of the obligation that onlyOn() found last. A guess, not state. */
let lastOnly: u32 = 0;

/** The obligation on a frame that has just one. Batches pass their frames in order, so it is near the last one. */
export function onlyOn(frame: u32): u32 {
  const count = obligationCount();
  let below = lastOnly < count ? lastOnly : count - 1;
  let above = below;
  for (let tried: u32 = 0; tried < count; tried++) {
    if (get(obligationAt(below) + Obligation.FRAME) == frame) break;
    if (get(obligationAt(above) + Obligation.FRAME) == frame) {
      below = above;
      break;
    }
    below = below == 0 ? count - 1 : below - 1;
    above = above + 1 == count ? 0 : above + 1;
  }
  lastOnly = below;
  return obligationAt(below);
}

function isEqual(other: u32, mm: u32, start: u64, level: u32, frame: u32, flags: u32): bool {
  if (get(other + Obligation.FRAME) != frame || getLong(other + Obligation.START) != start) return false;
  if (get(other + Obligation.MM) != mm || get(other + Obligation.LEVEL) != level) return false;
  const generation = get(frameAt(frame) + Frame.GENERATION);
  return get(other + Obligation.GENERATION) == generation && (get(other + Obligation.FLAGS) & KIND_FLAGS) == flags;
}

/** The obligation with this mm, place, frame and flags, or 0. */
export function findEqual(mm: u32, start: u64, level: u32, frame: u32, flags: u32): u32 {
  // Most frames owe nothing or one thing: otherwise, clearing a batch of thousands would compare each with each.
  noteFrame(mm, frame, Access.READ);
  const stale = peek(restAt(frame) + Rest.STALE);
  if (stale == 0) return 0;
  if (stale == 1) {
    const only = onlyOn(frame);
    return isEqual(only, mm, start, level, frame, flags) ? only : 0;
  }
  const count = obligationCount();
  for (let i: u32 = 0; i < count; i++) {
    if (isEqual(obligationAt(i), mm, start, level, frame, flags)) return obligationAt(i);
  }
  return 0;
}

/** Takes obligation `i` out; the last one moves into its place. */
export function forget(i: u32): void {
  const last = obligationCount() - 1;
  const record = obligationAt(i);
  countOn(get(record + Obligation.FRAME), -1);
  if (i != last) copyWords(record, obligationAt(last), Obligation.WORDS);
  clearWords(obligationAt(last), Obligation.WORDS);
  poke(globalWord(Globals.OBLIGATIONS), last);
}

/**
 * Moves of hardware whose result is known without a look: they are counted as transitions, and not looked up.
 *
 * Say state X was found from P by move a, and move m was tried in P before a. If m and a are moves of hardware that
 * have nothing to do with each other, X has m as well, and what it leads to is what a leads to from P with m taken. P
 * with m taken was known before X, so it was taken from the queue before X, and a was tried there, or was known there
 * for the same reason. So what m leads to from X is in the visited set. Every state is still found and counted.
 *
 * Which moves have nothing to do with each other: slots of different CPUs; leaves of one CPU; the reuse of a frame with
 * every slot and every other reuse. A leaf is read through a pointer of its CPU, so those two are not told apart here.
 * Kernel steps come first and are always taken.
 *
 * It takes a visited set that loses nothing, and states in the order in which they were found. Split searches, those
 * with a reduction, and those that write transitions down look everything up.
 */
import { Hardware, Reduction, Search, Store } from "../abi/search";
import { kernelAgents } from "../run";
import { getLong, putLong } from "../word";
import { frameAgents, isLeafSlot, slotsPerCpu } from "./hardware";
import { takenBy, UNKNOWN } from "./queue";
import * as space from "./space";

let leavesOut: bool = false;
/** Slots below are known: pointers, leaves. Frames below, as agents, are known. */
let pointersEnd: u32 = 0;
let leavesEnd: u32 = 0;
let framesEnd: u32 = 0;
/** Moves of the present state that were not looked up. */
export let knownMoves: u32 = 0;

/** A search begins. */
export function leaveOutKnown(hardware: u32, edges: bool): void {
  putLong(space.searchWords() + Search.KNOWN, 0);
  const store = space.asked(Search.STORE);
  const isExact = store == Store.EXACT || store == Store.WIDE;
  const isAlone = space.asked(Search.WORKERS) < 2;
  const isAsked = space.asked(Search.REDUCE) == Reduction.LOOK_UPS;
  leavesOut = isAsked && isExact && isAlone && !edges && hardware == Hardware.ENUMERATED;
}

/** A state has been taken from the queue: what is known of its moves? */
export function lookBack(): void {
  knownMoves = 0;
  pointersEnd = 0;
  leavesEnd = 0;
  framesEnd = 0;
  const first = kernelAgents();
  if (!leavesOut || takenBy == UNKNOWN || takenBy < first) return;
  const frames = frameAgents();
  if (takenBy >= frames) {
    pointersEnd = frames;
    leavesEnd = frames;
    framesEnd = takenBy;
    return;
  }
  const slot = (takenBy - first) % slotsPerCpu();
  pointersEnd = takenBy - slot;
  leavesEnd = isLeafSlot(slot) ? takenBy : pointersEnd;
}

/** Slots below this number are known. */
export function knownSlots(isWalk: bool): u32 {
  return isWalk ? pointersEnd : leavesEnd;
}

export function countKnown(moves: u32): void {
  knownMoves += moves;
}

/** The present state has been expanded. */
export function tellKnownMoves(): void {
  const known = space.searchWords() + Search.KNOWN;
  putLong(known, getLong(known) + <u64>knownMoves);
}

/** Whether the reuse of a frame that can be reused is known. */
export function isKnownReuse(agent: u32): bool {
  if (agent >= framesEnd) return false;
  knownMoves++;
  return true;
}

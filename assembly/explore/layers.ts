/**
 * The states of one layer, as one worker of a split search has them: its own, and what came from other workers.
 *
 * States that move from one worker to another do so as rows: the list of the sender's live words, then for each state
 * its number, its sums and the values of those words. The host carries them from shelf to shelf.
 *
 * Invariants
 *   Y1  Spans are gone through in their order: from workers before this one, its own, from workers after it.
 */
import { Full } from "../abi/search";
import { bounded } from "./exhaustive";
import { dropBack, dropFront, queued, readRow, ringHead, ringTail, skipAt, takeAt, writeLive, writeRow } from "./queue";

/** Place and count of each span. */
const spans = memory.data(3 * 8);
let layer: u32 = 0;
let layerEnd: u32 = 0;
let shelf: u32 = 0;

export function setShelf(at: u32): void {
  shelf = at;
}

export function spanAt(i: u32): u32 {
  return load<u32>(spans + (i << 3));
}

export function spanCount(i: u32): u32 {
  return load<u32>(spans + (i << 3) + 4);
}

function setSpan(i: u32, from: u32, count: u32): void {
  store<u32>(spans + (i << 3), from);
  store<u32>(spans + (i << 3) + 4, count);
}

function measure(): void {
  layer = queued;
  layerEnd = ringTail();
}

/** All that waits is the layer, and this worker's own. */
export function noteLayer(): void {
  measure();
  setSpan(0, 0, 0);
  setSpan(1, ringHead(), queued);
  setSpan(2, 0, 0);
}

/** The layer is done: its states are forgotten. */
export function dropLayer(): void {
  dropFront(layerEnd, layer);
}

/** Writes states [from, from + count) of this worker's layer on the shelf, live words first. Gives the bytes. */
export function splitExport(from: u32, count: u32): u32 {
  let at = spanAt(1);
  for (let i: u32 = 0; i < from; i++) at = skipAt(at);
  let to = writeLive(shelf);
  for (let i: u32 = 0; i < count; i++) {
    at = takeAt(at);
    to = writeRow(to);
  }
  return to - shelf;
}

/** Forgets what was exported: all but states [from, from + count) of the layer. */
export function splitKeep(from: u32, count: u32): void {
  let at = spanAt(1);
  for (let i: u32 = 0; i < from; i++) at = skipAt(at);
  dropFront(at, from);
  setSpan(1, at, count);
  for (let i: u32 = 0; i < count; i++) at = skipAt(at);
  dropBack(at, queued - count);
  measure();
}

/** Takes `count` states, on the shelf, with `live` live words; `before` or after this worker's own. */
export function splitImport(live: u32, count: u32, before: bool): bool {
  const i: u32 = before ? 0 : 2;
  if (spanCount(i) == 0) setSpan(i, ringTail(), 0);
  let from = shelf + (live << 2);
  for (let k: u32 = 0; k < count; k++) {
    if (!readRow(from, shelf, live)) {
      bounded(Full.QUEUE);
      return false;
    }
    from += 20 + (live << 2);
  }
  setSpan(i, spanAt(i), spanCount(i) + count);
  measure();
  return true;
}

/**
 * What the loops of the sweep share: the record of one sweep and the masks that move a stack.
 */
import { allocate } from "./memory";

/** Sets of 1, 2, 4, .. 2048: 4095 stacks of 16 keys; those of 2^n sets begin at stack 2^n - 1. */
export const sweepSets: u32 = 4095;
/** Marks a place that an invalidation emptied; an empty place is -1. No key is either (spaces.ts, K3). */
export const HOLE: u32 = 0xfffffffe;

export const enum Sweep {
  STACKS = 0,
  EPOCHS = 4,
  EPOCH = 8,
  LAST = 12,
  CAREFUL = 16,
  /** The miss curve of this page size instead of stacks (curve.ts); 0 when not asked for. */
  CURVE = 20,
  /** 17 counts of u64 for each number of sets. */
  HITS = 64,
  END = 1728,
}

/** Lanes 0..p, by p; 16 is a miss and moves all. */
export const rows: usize = makeRows();
/** The first four lanes only, by the bits of the comparison. */
export const rows4: usize = makeRows4();

function makeRows(): usize {
  const table = allocate(17 * 64);
  for (let p: usize = 0; p < 17; p++) {
    for (let lane: usize = 0; lane < 16; lane++) {
      store<u32>(table + (p << 6) + (lane << 2), lane <= p ? 0xffffffff : 0);
    }
  }
  return table;
}

function makeRows4(): usize {
  const table = allocate(256);
  for (let bits: usize = 1; bits < 16; bits++) {
    const p = <usize>ctz(<u32>bits);
    for (let lane: usize = 0; lane < 4; lane++) {
      store<u32>(table + (bits << 4) + (lane << 2), lane <= p ? 0xffffffff : 0);
    }
  }
  return table;
}

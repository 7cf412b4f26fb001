/**
 * What the throughput engine and the host share: record types, structures, policies, counters.
 *
 * A record is one u64: address in bits 0..47, size in bits 48..55, type in bits 56..63. Types below 16 are accesses;
 * the others are events, which act on the CPU that the stream has switched to, as the instructions that they stand for
 * do: a shootdown is one event on each CPU that it reaches.
 */

/** Bumped whenever a number in this file changes its meaning; core and host compare it. */
export const REPLAY_LAYOUT: u32 = 1;

export const enum RecordType {
  FETCH = 0,
  LOAD = 1,
  STORE = 2,
  MODIFY = 3,
  /** Everything that the CPU caches. */
  FLUSH_ALL = 16,
  /** Entries of the ASID in the address field. */
  FLUSH_ASID = 17,
  /** The page that holds the address, in the current ASID; all paging-structure caches (Intel INVLPG). */
  INVALIDATE = 18,
  /** The pages from the address to the address in the next record (exclusive). */
  INVALIDATE_RANGE = 19,
  SWITCH_CPU = 20,
  SWITCH_ASID = 21,
}

export const enum Policy {
  LRU = 0,
  FIFO = 1,
  /** Binary tree over the next power of two of the ways; a subtree without ways is never chosen. */
  PLRU = 2,
  /** One draw of xorshift32 per eviction. */
  RANDOM = 3,
}

/** Structures of one CPU. A class is a page size (0 = 4 KiB, 1 = 2 MiB, 2 = 1 GiB), plus 3 for fetches. */
export const enum Structure {
  L1 = 0,
  L1_FETCH = 3,
  L2 = 6,
  PDE = 9,
  PDPTE = 10,
  PML4E = 11,
  PML5E = 12,
  COUNT = 13,
}

/** Counters of one CPU, as u64 each. */
export const enum Count {
  ACCESSES = 0,
  REFERENCES = 1,
  FETCH_REFERENCES = 2,
  L1_MISSES = 3,
  FETCH_MISSES = 4,
  L2_MISSES = 5,
  /** Walks by size of the page that they ended at: 3 counters. */
  WALKS = 6,
  WALK_LOADS = 9,
  FLUSHES = 10,
  INVALIDATIONS = 11,
  /** Entries that events removed one by one; a full flush does not count what it removes. */
  REMOVED = 12,
  /** Accesses that straddle 2 MiB and 1 GiB pages; counted when all pages are of one size. */
  CROSS_HUGE = 13,
  CROSS_GIANT = 14,
  COUNT = 16,
}

/** Why the engine stopped. */
export const enum Fault {
  NONE = 0,
  /** More than 4094 regions of 4 GiB (or more in one congruence class than there are numbers). */
  REGIONS = 1,
  ASID = 2,
  CPU = 3,
  MEMORY = 4,
}

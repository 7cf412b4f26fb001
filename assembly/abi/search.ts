/**
 * What the search is asked and what it tells: words of its own, at the address that `searchWords()` gives.
 *
 * Same rules as layout.ts: 64-bit values take two words, low first.
 */

export const enum Search {
  /** Asked: 0 the oracle alone, 1 hardware steps are agents, 2 every fill that can happen has happened. */
  HARDWARE,
  /** Asked: most words of memory that the search may use, in MiB; how states are remembered (Store). */
  MEMORY_MIB,
  STORE,
  /** Asked: states above which the search ends as bounded, 64 bits. */
  STATES_MAX,
  /** Asked: words of the state that are written down for each new state, and where the list begins. */
  WATCHED = 5,
  /** Told: states with something stale in a TLB, instances of it (64 bits each), steps to the first (-1: none). */
  BAD_STATES = 6,
  INSTANCES = 8,
  BAD_DEPTH = 10,
  /** Told: states that wait, words of the state that ever changed, slots of the visited set, bytes in use in all. */
  QUEUE = 11,
  LIVE,
  SLOTS,
  QUEUE_BYTES,
  /** Told: why it is bounded, Full. */
  FULL,
  /** Told: the watched values, words, oldest first, and how many states they are of. Emptied by the host. */
  WATCH_AT,
  WATCH_COUNT,
  /** Told: states that were expanded (64 bits). */
  EXPANDED = 18,
  /** Read so that it is used; means nothing. */
  TOUCHED = 20,
  /** Asked: workers that share one search, and which of them this is (explore/split.ts). */
  WORKERS,
  WORKER,
  /**
   * Told: where keys for others, keys from others and answers lie (words), and how many keys fit for each worker.
   * Asked: most of them in a round (0: as many as fit).
   */
  OUTBOX_AT,
  INBOX_AT,
  ANSWERS_AT,
  KEYS_MAX,
  /** Told: keys for each worker. */
  KEYS,
  /** Told: sum of the fingerprints of all states, 64 bits: the same set has the same sum. */
  KEY_SUM = 36,
  /** Told: states that the store is expected to have taken for known ones, a double. */
  OMITTED = 38,
  /** Asked: most memory of the visited set, KiB (0: all that is there). */
  STORE_KIB = 40,
  /** Asked: transitions are written down. Told: where (word), how many. Emptied by the host. */
  EDGES,
  EDGES_AT,
  EDGE_COUNT,
  /** Told: where the number of states is written that were known when each layer began (word). */
  LAYERS_AT,
  /** Asked: bit set of Reduction. */
  REDUCE,
  /** Told: bit set of the reductions in use, states at which fewer agents moved than could (64 bits). */
  REDUCED,
  SPARED = 48,
  /** Told: places of tasks that were learned, words that they contend for, searches until one was a proof. */
  PLACES = 50,
  CONTENDED,
  PASSES,
  /** Told: CPUs that were interchangeable, and permutations of mms. */
  LOOSE_CPUS,
  TWINS,
  WORDS = 56,
}

/** How the visited set remembers a state. */
export const enum Store {
  /** 64 bits of fingerprint, 128, or 36 of which 32 are stored. */
  EXACT,
  WIDE,
  COMPACT,
  /** Three bits in an array. */
  BITS,
}

/** Workers that one search can be split over. */
export const WORKERS_MAX: u32 = 8;
/** A state's number has its worker in the bits from here on. */
export const WORKER_SHIFT: u32 = 28;

/** Watched words that can be asked for, and states that are kept before the search hands back. */
export const WATCHED_MAX: u32 = 1024;
export const WATCH_STATES: u32 = 4096;

export const enum Hardware {
  ORACLE,
  ENUMERATED,
  SATURATED,
}

/** A transition: number of the state, agent (EDGE_NEW: to a new state), and the fingerprint of what it led to. */
export const EDGE_WORDS: u32 = 4;
export const EDGE_NEW: u32 = 0x80000000;
/** Transitions that are kept before the search hands back. */
export const EDGES_MAX: u32 = 32768;

/** Layers of which that is kept. */
export const LAYERS_MAX: u32 = 4096;

/** What may be left out without losing a violation. */
export const enum Reduction {
  PARTIAL_ORDER = 1,
  SYMMETRY = 2,
}

/** What was used up. */
export const enum Full {
  NOTHING,
  STATES,
  /** The visited set, or the queue, has no room in the memory that was allowed. */
  VISITED,
  QUEUE,
  /** One step wrote more words than the log holds. */
  LOG,
  DEPTH,
}

/**
 * What the search is asked and what it tells: words of its own, at the address that `searchWords()` gives.
 *
 * Same rules as layout.ts: 64-bit values take two words, low first.
 */

export const enum Search {
  /** Asked: 0 the oracle alone, 1 hardware steps are agents, 2 every fill that can happen has happened. */
  HARDWARE,
  /** Asked: most words of memory that the search may use, in MiB; 1 for fingerprints of 128 bits. */
  MEMORY_MIB,
  WIDE,
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
  WORDS = 38,
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

/**
 * The memory map: every word that the core and the host share, and every word that a step can change.
 *
 * Protocol
 *   The host writes the Boot words and calls `boot`; the core lays the regions out from them and writes where each
 *   begins into the Base words. A record is a run of u32 words; `record + Field` is a word index, in both languages.
 *   A 64-bit value takes two words, low first.
 *
 * Invariants
 *   L1  Everything that a step can change lies between Base.STATE and Base.STATE_END.
 *   L2  Word index 0 is never a record, so 0 says "none".
 *
 * Units: addresses of simulated memory are numbers of base pages (VPN, PFN); sizes of regions are words.
 */

/** Grows whenever the meaning of a word changes; the host refuses a core with another number. */
export const LAYOUT_VERSION: u32 = 9;

/** Geometry and capacities, written by the host before `boot`. First word of the area: Area.BOOT. */
export const enum Boot {
  /** Levels of page tables, 3 or 4; level 0 holds the base-page entries. */
  LEVELS,
  /** Index bits of level 0 and of the levels above it. */
  BITS_0,
  BITS_1,
  BITS_2,
  BITS_3,
  CPUS,
  MMS,
  TASKS,
  FILES,
  /** Pages that one file can hold, in units of its own page size. */
  FILE_PAGES,
  VMAS,
  /** Frames that can be page tables, base pages, huge pages. */
  TABLE_FRAMES,
  BASE_FRAMES,
  HUGE_FRAMES,
  OBLIGATIONS,
  /** Pages that a gather can hold before it must be flushed. */
  BATCH,
  /** x86: strides above which a ranged flush becomes a full one. */
  CEILING,
  /** arm64: strides at which a loop of TLBI becomes a whole-ASID one. */
  DVM_OPS,
  /** riscv: strides above which a ranged flush becomes a whole-ASID one. */
  FENCE_OPS,
  /** 0 reuses the last freed frame first, 1 the first freed, 2 never reuses; 3: an agent hands it to a stranger. */
  REUSE,
  /** Machine, see abi/ops.ts. */
  MACHINE,
  /** 0 without PCID: slot 0 only, and every switch of mm flushes. */
  PCID,
  /** x86 with PTI: 0 without INVPCID, when the user PCID is flushed as a whole on the way back to user mode. */
  INVPCID,
  /** Bit set of Erratum: what the hardware does wrong. */
  ERRATA,
  /** 1 simulates TLBs entry by entry; 0 knows only the flush obligations. */
  CONCRETE,
  /** TLB sets and ways: L1 of base, huge and giant pages, then the unified L2. */
  L1_SETS,
  L1_WAYS,
  L1_HUGE_SETS,
  L1_HUGE_WAYS,
  L1_GIANT_SETS,
  L1_GIANT_WAYS,
  L2_SETS,
  L2_WAYS,
  /** Entries of each paging-structure cache. */
  WALK_CACHE,
  /** Operations (four words each) and script words that the host may load. */
  CODE,
  SCRIPT,
  /** Bytes of schedule, events of trace. */
  SCHEDULE,
  EVENTS,
  /** With CONCRETE: bit set of the parts of TLBs without limits (hw/unlimited.ts); 0: TLBs of sets and ways. */
  PARTS,
  /** 1: no flush obligations, the TLBs alone decide. */
  NO_ORACLE,
  WORDS,
}

/** First word of each fixed area. The areas lie below the static data of the module (`memoryBase` in asconfig). */
export const enum Area {
  BOOT = 16,
  BASE = 64,
  RUN = 112,
  /** One past the last word. */
  END = 256,
}

/** Where each region begins (word indices), written by `boot`. First word of the area: Area.BASE. */
export const enum Base {
  STATE,
  STATE_END,
  /** Hashing starts here: what lies before is bookkeeping that no later step reads. */
  HASHED,
  CPU,
  MM,
  FILE,
  FILE_WORDS,
  VMA,
  FRAME,
  FRAMES,
  REST,
  TABLE,
  TABLE_WORDS,
  TASK,
  GATHER,
  GATHER_WORDS,
  TLB,
  TLB_WORDS,
  OBLIGATION,
  CODE,
  SCRIPT,
  SCHEDULE,
  EVENT,
  INITIAL,
  END,
  WORDS,
}

/** Parameters and results of a run or a search. First word of the area: Area.RUN. */
export const enum Run {
  /** Length of the schedule in bytes; bytes used; 1 when the schedule did not fit and where. */
  SCHEDULE_LENGTH,
  SCHEDULE_USED,
  MISFIT,
  /** Violations written, see Violation; events written. */
  VIOLATIONS,
  EVENTS,
  /** Last status, abi/events.ts Status. */
  STATUS,
  /** Random: seed (two words), schedules asked for, depth of PCT (0: uniform), steps bound, stop at harm. */
  SEED,
  RUNS = 8,
  PCT_DEPTH,
  STEPS_MAX,
  STOP_MASK,
  RUNS_DONE,
  /** 64 bits. */
  STEPS_DONE,
  /** Random: runs that ended in each status. */
  FOUND_AT = 15,
  /** Exhaustive: states (64 bits), transitions (64 bits), depth, widest layer, complete. */
  STATES = 16,
  TRANSITIONS = 18,
  DEPTH = 20,
  WIDEST,
  COMPLETE,
  /** Union over all transitions. */
  SOMETIMES,
  HIDDEN,
  KINDS,
  /** Witness: fills to make, and what came of it. */
  WITNESS_CPU,
  WITNESS_STATUS,
  OVERFLOW,
  /** Layers still to go before the search hands back to the host. */
  LAYERS,
  /** Hash of the last state, low and high. */
  HASH,
  /** Hardware steps are offered to the schedule as agents. */
  HARDWARE_AGENTS = 32,
  /** Concrete invalidations by TLBI happen when issued (1) or when waited for (0). */
  TLBI_EARLY,
  WORDS,
}

/** Violation record: Area.RUN + 40 on, at most VIOLATIONS_MAX, first of each kind. */
export const enum Violation {
  KIND,
  STEP,
  AGENT,
  PC,
  /** Obligation that it is about: mm, start (64 bits), level, frame, generation, holders, birth. */
  MM,
  START,
  LEVEL = 7,
  FRAME,
  GENERATION,
  HOLDERS,
  BIRTH,
  /** Exhaustive: state (index) in which the step was taken. */
  STATE,
  WORDS,
}

export const VIOLATION_AREA: u32 = 148;
export const VIOLATIONS_MAX: u32 = 8;

/** Trace event. */
export const enum Event {
  KIND,
  STEP,
  AGENT,
  PC,
  CPU,
  MM,
  START,
  END = 8,
  FRAME = 10,
  EXTRA,
  WORDS,
}

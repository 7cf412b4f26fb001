/**
 * The exhaustive search of the core, driven from outside: what it is asked, a slice at a time, and what it tells.
 */
import { Base, Run } from "../../assembly/abi/layout.js";
import { Op } from "../../assembly/abi/ops.js";
import { EDGE_WORDS, Full, Hardware, LAYERS_MAX, Search, Store, WATCHED_MAX } from "../../assembly/abi/search.js";
import type { SearchCore } from "../core/core.js";
import type { Machine } from "../machine.js";
import type { Places, Projection } from "../scenarios/scenario.js";
import type { TransitionGraph } from "./livelock.js";
import { REDUCTIONS, type ReductionFigures, type ReductionName, reductionName } from "./reductions.js";
import { SetHash } from "./set-hash.js";

/** What hardware does in a search: what the oracle knows and no more, each step by itself, or all it can at once. */
export type HardwareMode = "oracle" | "enumerated" | "saturated";

export const MODES: Readonly<Record<HardwareMode, Hardware>> = {
  oracle: Hardware.ORACLE,
  enumerated: Hardware.ENUMERATED,
  saturated: Hardware.SATURATED,
};

/**
 * How states are remembered: by 64 bits of fingerprint, 128, 36 (half the memory), or three bits of an array. The last
 * two take some states for known ones that are not: such a search never says that it is complete.
 */
export type StoreKind = "exact" | "wide" | "compact" | "bitstate";

/** The core's number of a store, bytes of one of its slots, bits of a fingerprint, and whether it loses states. */
export const STORES: Readonly<Record<StoreKind, { number: Store; bytes: number; bits: number; lossy: boolean }>> = {
  exact: { number: Store.EXACT, bytes: 8, bits: 64, lossy: false },
  wide: { number: Store.WIDE, bytes: 16, bits: 128, lossy: false },
  compact: { number: Store.COMPACT, bytes: 4, bits: 36, lossy: true },
  bitstate: { number: Store.BITS, bytes: 8, bits: 64, lossy: true },
};

export interface SearchOptions {
  readonly hardware: HardwareMode;
  readonly memoryMib: number;
  readonly store?: StoreKind;
  /** Most memory of the visited set, KiB (default: what the search's memory leaves). */
  readonly storeKib?: number;
  readonly statesMax: number;
  /** Violation kinds, as a mask, at which the search stops after the layer. */
  readonly stopMask?: number;
  readonly projection?: Projection | undefined;
  /** Is given every transition. */
  readonly graph?: TransitionGraph | undefined;
  /** What to leave out; nothing by default. */
  readonly reduce?: ReductionName | undefined;
}

export interface SearchFigures {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly widest: number;
  /** States that are known and not yet expanded. */
  readonly queue: number;
  readonly badStates: number;
  readonly instances: number;
  readonly badDepth: number | undefined;
  /** Bytes of the visited set for each state. */
  readonly bytesPerState: number;
  readonly queueBytes: number;
  /** Sum of the fingerprints of all states: equal for equal sets of states. */
  readonly keySum: bigint;
  /** States that were known when each layer began. */
  readonly layers: readonly number[];
  /** States that the store is expected to have taken for known ones. */
  readonly omitted: number;
}

/** A search that has ended, on one worker or several. */
export interface Searched {
  readonly core: SearchCore;
  readonly machine: Machine;
  figures(): SearchFigures;
  complete(): boolean;
  stoppedBy(): StoppedBy | undefined;
  setHash(): string | undefined;
  pathTo(state: number): number[] | undefined;
  reduction(): ReductionFigures;
}

/** `store`: everything that was found was searched, but a lossy store may have hidden some. */
export type StoppedBy = "store" | "states" | "memory" | "steps" | "time" | "interrupt";

export const STOPPED: Readonly<Record<number, StoppedBy>> = {
  [Full.STATES]: "states",
  [Full.VISITED]: "memory",
  [Full.QUEUE]: "memory",
  [Full.DEPTH]: "steps",
};

/** The double in two words of the core. */
export const doubleAt = (core: SearchCore, word: number): number =>
  new Float64Array(core.words().slice(word, word + 2).buffer)[0] as number;

export class ExhaustiveSearch implements Searched {
  readonly core: SearchCore;
  readonly machine: Machine;
  readonly #store: StoreKind;
  readonly #projection: Projection | undefined;
  readonly #graph: TransitionGraph | undefined;
  readonly #setHash = new SetHash();
  readonly #packed = new Uint32Array(2);

  /** `machine` is a machine that was staged on `core`. Throws when there is no memory. */
  constructor(core: SearchCore, machine: Machine, options: SearchOptions) {
    this.core = core;
    this.machine = machine;
    this.#store = options.store ?? "exact";
    this.#projection = options.projection;
    machine.setRun(Run.STOP_MASK, options.stopMask ?? 0);
    this.#ask(Search.HARDWARE, MODES[options.hardware]);
    this.#ask(Search.MEMORY_MIB, options.memoryMib);
    this.#ask(Search.STORE, STORES[this.#store].number);
    this.#ask(Search.STORE_KIB, options.storeKib ?? 0);
    this.#ask(Search.REDUCE, REDUCTIONS[options.reduce ?? "none"]);
    this.#ask(Search.STATES_MAX, options.statesMax % 2 ** 32);
    this.#ask(Search.STATES_MAX + 1, Math.floor(options.statesMax / 2 ** 32));
    this.#watch(options.projection?.words ?? []);
    this.#graph = options.graph;
    this.#ask(Search.EDGES, options.graph === undefined ? 0 : 1);
    if (core.call.exploreStart() === 0) throw new Error("the search does not fit into memory: allow it less");
    this.#drain();
  }

  /** Expands up to `count` states; gives the status. */
  slice(count: number): number {
    const status = this.core.call.explore(count);
    this.#drain();
    return status;
  }

  #ask(field: number, value: number): void {
    this.machine.put(this.core.call.searchWords() + field, value);
  }

  #told(field: number): number {
    return this.machine.get(this.core.call.searchWords() + field);
  }

  #toldLong(field: number): number {
    return this.machine.long(this.core.call.searchWords() + field);
  }

  #watch(words: readonly number[]): void {
    if (words.length > WATCHED_MAX) throw new RangeError(`more than ${WATCHED_MAX} words to watch`);
    this.#ask(Search.WATCHED, words.length);
    if (words.length > 0) this.core.words().set(words, this.core.call.watchList(words.length));
  }

  /** Takes what the core has written down: transitions, and new states for the hash of the set. */
  #drain(): void {
    if (this.#graph !== undefined) {
      const from = this.#told(Search.EDGES_AT);
      this.#graph.add(this.core.words().subarray(from, from + this.#told(Search.EDGE_COUNT) * EDGE_WORDS));
      this.#ask(Search.EDGE_COUNT, 0);
    }
    const projection = this.#projection;
    if (projection === undefined) return;
    const count = this.#told(Search.WATCH_COUNT);
    const words = this.core.words();
    let at = this.#told(Search.WATCH_AT);
    const value = (index: number): number => words[at + index] as number;
    for (let i = 0; i < count; i++, at += projection.words.length) {
      projection.pack(value, this.#packed);
      this.#setHash.add(this.#packed[0] as number, this.#packed[1] as number);
    }
    this.#ask(Search.WATCH_COUNT, 0);
  }

  /** The order-free hash of all states so far, 16 hex digits; undefined without a projection. */
  setHash(): string | undefined {
    return this.#projection === undefined ? undefined : this.#setHash.toString();
  }

  figures(): SearchFigures {
    const states = this.machine.run(Run.STATES);
    const badDepth = this.#told(Search.BAD_DEPTH);
    return {
      states,
      transitions: this.machine.long(this.machine.runWord(Run.TRANSITIONS)),
      depth: this.machine.run(Run.DEPTH),
      widest: this.machine.run(Run.WIDEST),
      queue: this.#told(Search.QUEUE),
      badStates: this.#toldLong(Search.BAD_STATES),
      instances: this.#toldLong(Search.INSTANCES),
      badDepth: badDepth === 0xffffffff ? undefined : badDepth,
      bytesPerState: (this.#told(Search.SLOTS) * STORES[this.#store].bytes) / Math.max(1, states),
      queueBytes: this.#told(Search.QUEUE_BYTES),
      layers: this.#layers(),
      omitted: doubleAt(this.core, this.core.call.searchWords() + Search.OMITTED),
      keySum: (BigInt(this.#told(Search.KEY_SUM + 1)) << 32n) | BigInt(this.#told(Search.KEY_SUM)),
    };
  }

  /** What was left out, and how. */
  reduction(): ReductionFigures {
    return {
      used: reductionName(this.#told(Search.REDUCED)),
      spared: this.#toldLong(Search.SPARED),
      places: this.#told(Search.PLACES),
      contended: this.#told(Search.CONTENDED),
      passes: this.#told(Search.PASSES),
      alikeCpus: this.#told(Search.LOOSE_CPUS),
      alikeMms: this.#told(Search.TWINS),
    };
  }

  #layers(): number[] {
    const first = this.#told(Search.LAYERS_AT);
    const count = Math.min(this.machine.run(Run.DEPTH) + 1, LAYERS_MAX);
    return [...this.core.words().subarray(first, first + count)];
  }

  complete(): boolean {
    return this.machine.run(Run.COMPLETE) === 1 && !STORES[this.#store].lossy;
  }

  /** What ended a search that was not complete, when the core ended it. */
  stoppedBy(): StoppedBy | undefined {
    const full = this.#told(Search.FULL);
    if (full === Full.LOG) throw new Error("one step wrote more words than the log of the search holds");
    return STOPPED[full] ?? (this.machine.run(Run.COMPLETE) === 1 && !this.complete() ? "store" : undefined);
  }

  /** The agents from the start to a state, or undefined when it was found too late for its path to be kept. */
  pathTo(state: number): number[] | undefined {
    const length = this.core.call.pathTo(state);
    if (length === 0xffffffff || length < 0) return undefined;
    const first = this.core.call.pathWords();
    return [...this.core.words().subarray(first, first + length)];
  }
}

/** Where things lie on a machine, for a scenario's projection. */
export function placesOf(machine: Machine): Places {
  const ranks = new Map<number, number>();
  const first = machine.pcOf(0);
  let rank = 0;
  for (let pc = first; pc < machine.program.length; pc++) {
    if ((machine.program[pc]?.op ?? 0) < Op.VISIBLE) continue;
    ranks.set(pc, rank++);
  }
  return {
    task: machine.task,
    cpu: machine.cpu,
    frame: machine.frame,
    file: machine.file,
    entry: (table, index) => machine.base(Base.TABLE) + (table - 1) * machine.base(Base.TABLE_WORDS) + index,
    slot: (cpu, index) => machine.base(Base.TLB) + cpu * machine.base(Base.TLB_WORDS) + 2 * index,
    get: (word) => machine.get(word),
    visibleRank: (pc) => ranks.get(pc) as number,
  };
}

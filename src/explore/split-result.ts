/**
 * What several workers have found together, in the form of one search, written back into the host's machine.
 */

import { Run, VIOLATION_AREA, VIOLATIONS_MAX, Violation } from "../../assembly/abi/layout.js";
import { Full, LAYERS_MAX, Search } from "../../assembly/abi/search.js";
import type { SearchCore } from "../core/core.js";
import type { Machine } from "../machine.js";
import { type ReductionFigures, reductionName } from "./reductions.js";
import {
  MODES,
  type Searched,
  type SearchFigures,
  type SearchOptions,
  STOPPED,
  STORES,
  type StoppedBy,
  type StoreKind,
} from "./search.js";
import type { Told } from "./split-shared.js";

export interface Asked extends SearchOptions {
  readonly workers: number;
  /** Most fingerprints that a worker sends to another at once (default: as many as fit). */
  readonly roundKeys?: number;
  /** Aborted when the search is to end as it is. */
  readonly stop: AbortSignal;
  readonly report: (figures: SearchFigures) => void;
}

/** The first layer is the initial state. */
export const layersOf = (shared: SharedArrayBuffer, depth: number): number[] => [
  1,
  ...new Uint32Array(shared).subarray(1, Math.min(depth + 1, LAYERS_MAX)),
];

/** What several workers have found together, in the form of one search. */
export class SplitSearch implements Searched {
  readonly core: SearchCore;
  readonly machine: Machine;
  readonly #store: StoreKind;
  readonly #layers: SharedArrayBuffer;
  readonly #all: readonly Told[];
  readonly #stopped: StoppedBy | undefined;
  readonly #ways: ReadonlyMap<number, number[] | undefined>;

  constructor(
    core: SearchCore,
    machine: Machine,
    asked: Asked,
    all: readonly Told[],
    ways: ReadonlyMap<number, number[] | undefined>,
    layers: SharedArrayBuffer,
  ) {
    this.#layers = layers;
    this.core = core;
    this.machine = machine;
    this.#store = asked.store ?? "exact";
    this.#all = all;
    this.#ways = ways;
    const full = all.map(({ search }) => search[Search.FULL] as number).find((why) => why !== Full.NOTHING);
    if (full === Full.LOG) throw new Error("one step wrote more words than the log of the search holds");
    this.#stopped = full !== undefined ? STOPPED[full] : this.figures().states > asked.statesMax ? "states" : undefined;
    this.#writeBack(asked);
  }

  /** The host's machine has the masks and the first violation of each kind, as after a search of its own. */
  #writeBack(asked: Asked): void {
    const machine = this.machine;
    const or = (field: number): number => this.#all.reduce((mask, { run }) => mask | (run[field] as number), 0) >>> 0;
    for (const field of [Run.HIDDEN, Run.SOMETIMES, Run.KINDS, Run.OVERFLOW]) machine.setRun(field, or(field));
    const found = firstViolations(this.#all);
    machine.setRun(Run.VIOLATIONS, found.length);
    found.forEach((record, i) => {
      machine.core.words().set(record, VIOLATION_AREA + i * Violation.WORDS);
    });
    machine.put(this.core.call.searchWords() + Search.HARDWARE, MODES[asked.hardware]);
  }

  #sum(field: number, area: "run" | "search", long = false): number {
    return this.#all.reduce((sum, told) => {
      const high = long ? (told[area][field + 1] as number) * 2 ** 32 : 0;
      return sum + (told[area][field] as number) + high;
    }, 0);
  }

  figures(): SearchFigures {
    const states = this.#sum(Run.STATES, "run");
    const bad = Math.min(...this.#all.map(({ search }) => search[Search.BAD_DEPTH] as number));
    const depth = Math.max(...this.#all.map(({ run }) => run[Run.DEPTH] as number));
    return {
      states,
      layers: layersOf(this.#layers, depth),
      transitions: this.#sum(Run.TRANSITIONS, "run", true),
      depth,
      widest: Math.max(...this.#all.map(({ run }) => run[Run.WIDEST] as number)),
      queue: this.#sum(Search.QUEUE, "search"),
      badStates: this.#sum(Search.BAD_STATES, "search", true),
      instances: this.#sum(Search.INSTANCES, "search", true),
      badDepth: bad === 0xffffffff ? undefined : bad,
      bytesPerState: (this.#sum(Search.SLOTS, "search") * STORES[this.#store].bytes) / Math.max(1, states),
      queueBytes: this.#sum(Search.QUEUE_BYTES, "search"),
      omitted: this.#all.reduce((sum, { search }) => sum + doubleOf(search, Search.OMITTED), 0),
      keySum: this.#all.reduce((sum, { search }) => BigInt.asUintN(64, sum + longOf(search, Search.KEY_SUM)), 0n),
    };
  }

  /** Every state that was found was expanded. */
  #seenAll(): boolean {
    return this.#stopped === undefined && this.figures().queue === 0 && this.machine.run(Run.OVERFLOW) === 0;
  }

  complete(): boolean {
    return this.#seenAll() && !STORES[this.#store].lossy;
  }

  stoppedBy(): StoppedBy | undefined {
    return this.#stopped ?? (this.#seenAll() && !this.complete() ? "store" : undefined);
  }

  /** What was taken for one; learning is not shared, so no orders of steps are left out. */
  reduction(): ReductionFigures {
    const told = (field: number): number => this.#all[0]?.search[field] as number;
    const used = reductionName(told(Search.REDUCED));
    const alike = { alikeCpus: told(Search.LOOSE_CPUS), alikeMms: told(Search.TWINS) };
    return { used, spared: 0, places: 0, contended: 0, passes: 1, ...alike };
  }

  /** Projections are not handed to workers. */
  setHash(): undefined {
    return undefined;
  }

  /** Seconds that the busiest worker was on a CPU: what the search takes when every worker has a CPU of its own. */
  busiestSeconds(): number | undefined {
    const all = this.#all.map(({ cpuSeconds }) => cpuSeconds);
    return all.some((seconds) => seconds === undefined) ? undefined : Math.max(...(all as number[]));
  }

  pathTo(state: number): number[] | undefined {
    return this.#ways.get(state);
  }
}

const doubleOf = (words: Uint32Array, field: number): number =>
  new Float64Array(words.slice(field, field + 2).buffer)[0] as number;

const longOf = (words: Uint32Array, field: number): bigint =>
  (BigInt(words[field + 1] as number) << 32n) | BigInt(words[field] as number);

/** The record of each kind that one worker alone would have met first: nearest, then first in the layer's order. */
export function firstViolations(all: readonly Told[]): Uint32Array[] {
  const found = new Map<number, Uint32Array>();
  for (const { violations } of all) {
    for (let at = 0; at < violations.length; at += Violation.WORDS) {
      const record = violations.subarray(at, at + Violation.WORDS);
      const kind = record[Violation.KIND] as number;
      const known = found.get(kind);
      const [step, other] = [record[Violation.STEP] as number, known?.[Violation.STEP] ?? Infinity];
      if (step < other) found.set(kind, record);
    }
  }
  const inOrder = [...found.values()].sort((a, b) => (a[Violation.STEP] as number) - (b[Violation.STEP] as number));
  return inOrder.slice(0, VIOLATIONS_MAX);
}

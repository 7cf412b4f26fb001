/**
 * One exhaustive search on several workers: same states, same transitions, same shortest counterexamples as on one.
 *
 * The workers get the staged machine word for word and know nothing of scenarios. What they found is written back into
 * the host's machine, so that it is read like the result of a search of its own.
 */
import { Worker } from "node:worker_threads";
import { Base, Run, VIOLATION_AREA, VIOLATIONS_MAX, Violation } from "../../assembly/abi/layout.js";
import { Full, Search, WORKER_SHIFT, WORKERS_MAX } from "../../assembly/abi/search.js";
import { type SearchCore, searchModule } from "../core/core.js";
import type { Machine } from "../machine.js";
import { MODES, type Searched, type SearchFigures, type SearchOptions, STOPPED, type StoppedBy } from "./search.js";
import { Control, type FromWorker, Own, type Shared, type SplitOrder, type ToWorker } from "./split-shared.js";

export const SPLIT_MAX: number = WORKERS_MAX;
const PROGRESS_MS = 50;

/** The last words of each worker. */
interface Told {
  readonly run: Uint32Array;
  readonly search: Uint32Array;
  readonly violations: Uint32Array;
}

interface Asked extends SearchOptions {
  readonly workers: number;
  /** Most fingerprints that a worker sends to another at once (default: as many as fit). */
  readonly roundKeys?: number;
  /** Aborted when the search is to end as it is. */
  readonly stop: AbortSignal;
  readonly report: (figures: SearchFigures) => void;
}

class Crew {
  readonly workers: readonly Worker[];
  readonly #inbox: FromWorker[][];
  readonly #waiting: (((message: FromWorker) => void) | undefined)[];
  #failed: ((error: Error) => void) | undefined;
  #failure: Error | undefined;

  constructor(orders: readonly SplitOrder[]) {
    this.workers = orders.map((workerData) => {
      return new Worker(new URL("./split-worker.js", import.meta.url), { workerData });
    });
    this.#inbox = orders.map(() => []);
    this.#waiting = orders.map(() => undefined);
    this.workers.forEach((worker, i) => {
      worker.on("message", (message: FromWorker) => {
        const wanted = this.#waiting[i];
        this.#waiting[i] = undefined;
        if (wanted === undefined) this.#inbox[i]?.push(message);
        else wanted(message);
      });
      worker.on("error", (error) => this.#fail(error as Error));
    });
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#failed?.(error);
  }

  send(i: number, message: ToWorker): void {
    this.workers[i]?.postMessage(message);
  }

  /** The next message of worker `i`. */
  async hear(i: number): Promise<FromWorker> {
    if (this.#failure !== undefined) throw this.#failure;
    const early = this.#inbox[i]?.shift();
    if (early !== undefined) return early;
    return new Promise((resolve, reject) => {
      this.#failed = reject;
      this.#waiting[i] = resolve;
    });
  }

  hearAll(): Promise<FromWorker[]> {
    return Promise.all(this.workers.map((_, i) => this.hear(i)));
  }

  async dismiss(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

/** What several workers have found together, in the form of one search. */
export class SplitSearch implements Searched {
  readonly core: SearchCore;
  readonly machine: Machine;
  readonly #wide: boolean;
  readonly #all: readonly Told[];
  readonly #stopped: StoppedBy | undefined;
  readonly #ways: ReadonlyMap<number, number[] | undefined>;

  constructor(
    core: SearchCore,
    machine: Machine,
    asked: Asked,
    all: readonly Told[],
    ways: ReadonlyMap<number, number[] | undefined>,
  ) {
    this.core = core;
    this.machine = machine;
    this.#wide = asked.wide ?? false;
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
    return {
      states,
      transitions: this.#sum(Run.TRANSITIONS, "run", true),
      depth: Math.max(...this.#all.map(({ run }) => run[Run.DEPTH] as number)),
      widest: Math.max(...this.#all.map(({ run }) => run[Run.WIDEST] as number)),
      queue: this.#sum(Search.QUEUE, "search"),
      badStates: this.#sum(Search.BAD_STATES, "search", true),
      instances: this.#sum(Search.INSTANCES, "search", true),
      badDepth: bad === 0xffffffff ? undefined : bad,
      bytesPerState: (this.#sum(Search.SLOTS, "search") * (this.#wide ? 16 : 8)) / Math.max(1, states),
      queueBytes: this.#sum(Search.QUEUE_BYTES, "search"),
      keySum: this.#all.reduce((sum, { search }) => BigInt.asUintN(64, sum + longOf(search, Search.KEY_SUM)), 0n),
    };
  }

  complete(): boolean {
    return this.#stopped === undefined && this.figures().queue === 0 && this.machine.run(Run.OVERFLOW) === 0;
  }

  stoppedBy(): StoppedBy | undefined {
    return this.#stopped;
  }

  /** Projections are not handed to workers. */
  setHash(): undefined {
    return undefined;
  }

  pathTo(state: number): number[] | undefined {
    return this.#ways.get(state);
  }
}

const longOf = (words: Uint32Array, field: number): bigint =>
  (BigInt(words[field + 1] as number) << 32n) | BigInt(words[field] as number);

/** The record of each kind that one worker alone would have met first: nearest, then first in the layer's order. */
function firstViolations(all: readonly Told[]): Uint32Array[] {
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

/** Follows the parents of a state from worker to worker, back to the start. */
async function wayTo(crew: Crew, state: number): Promise<number[] | undefined> {
  const agents: number[] = [];
  let at: number | undefined = state;
  while (at !== undefined && at !== 0) {
    const worker = at >>> WORKER_SHIFT;
    crew.send(worker, { wayTo: at });
    const message = await crew.hear(worker);
    if (!("way" in message) || message.way.lost) return undefined;
    agents.push(...message.way.agents);
    at = message.way.from;
  }
  return agents.reverse();
}

/** What the workers say of themselves while they run. */
function progressOf(control: Int32Array, workers: number): SearchFigures {
  const of = (i: number, field: Own): number => Atomics.load(control, Control.WORDS + i * Own.WORDS + field) >>> 0;
  const sum = (field: Own): number =>
    Array.from({ length: workers }, (_, i) => of(i, field)).reduce((a, b) => a + b, 0);
  return {
    states: sum(Own.STATES),
    transitions: sum(Own.TRANSITIONS_LOW) + sum(Own.TRANSITIONS_HIGH) * 2 ** 32,
    depth: of(0, Own.DEPTH),
    widest: 0,
    queue: sum(Own.QUEUED),
    badStates: 0,
    instances: 0,
    badDepth: undefined,
    bytesPerState: (8 * sum(Own.SLOTS)) / Math.max(1, sum(Own.STATES)),
    queueBytes: sum(Own.QUEUE_BYTES),
    keySum: 0n,
  };
}

function shareMemory(workers: number, keysMax: number, wide: boolean): Shared {
  const several = (bytes: number): SharedArrayBuffer[] =>
    Array.from({ length: workers }, () => new SharedArrayBuffer(bytes));
  return {
    control: new SharedArrayBuffer(4 * (Control.WORDS + workers * Own.WORDS)),
    keys: several(workers * keysMax * (wide ? 16 : 8)),
    answers: several(workers * keysMax),
  };
}

/** Searches on `asked.workers` workers. `machine` is staged on `core`. Throws when there is no memory. */
export async function searchInWorkers(core: SearchCore, machine: Machine, asked: Asked): Promise<SplitSearch> {
  const { workers } = asked;
  const image = core.words().slice(0, machine.base(Base.END));
  const common = {
    module: searchModule(),
    image,
    workers,
    hardware: MODES[asked.hardware],
    memoryMib: Math.max(1, Math.floor(asked.memoryMib / workers)),
    wide: asked.wide ?? false,
    statesMax: asked.statesMax,
    stopMask: asked.stopMask ?? 0,
    roundKeys: asked.roundKeys ?? 0,
  };
  const crew = new Crew(Array.from({ length: workers }, (_, worker) => ({ ...common, worker })));
  try {
    const ready = await crew.hearAll();
    const sizes = ready.map((message) => ("keysMax" in message ? message.keysMax : 0));
    if (sizes.some((size) => size === 0 || size !== sizes[0]))
      throw new Error("the search does not fit into memory: allow it less, or take fewer workers");
    const shared = shareMemory(workers, sizes[0] as number, common.wide);
    const control = new Int32Array(shared.control);
    const timer = setInterval(() => {
      if (asked.stop.aborted) Atomics.store(control, Control.STOP, 1);
      asked.report(progressOf(control, workers));
    }, PROGRESS_MS);
    try {
      for (let i = 0; i < workers; i++) crew.send(i, { shared });
      const all = (await crew.hearAll()) as Told[];
      const ways = new Map<number, number[] | undefined>();
      for (const record of firstViolations(all)) {
        const state = (record[Violation.STATE] as number) - 1;
        if (!ways.has(state)) ways.set(state, await wayTo(crew, state));
      }
      return new SplitSearch(core, machine, asked, all, ways);
    } finally {
      clearInterval(timer);
    }
  } finally {
    await crew.dismiss();
  }
}

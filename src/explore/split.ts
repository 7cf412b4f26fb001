/**
 * One exhaustive search on several workers: same states, same transitions, same shortest counterexamples as on one.
 *
 * The workers get the staged machine word for word and know nothing of scenarios. What they found is written back into
 * the host's machine, so that it is read like the result of a search of its own.
 */

import { Worker } from "node:worker_threads";
import { Base, Violation } from "../../assembly/abi/layout.js";
import { LAYERS_MAX, WORKER_SHIFT, WORKERS_MAX } from "../../assembly/abi/search.js";
import { type CoreModule, reduceModule, type SearchCore, searchModule } from "../core/core.js";
import type { Machine } from "../machine.js";
import { REDUCTIONS, type ReductionName } from "./reductions.js";
import { MODES, type SearchFigures, STORES } from "./search.js";
import { type Asked, firstViolations, layersOf, SplitSearch } from "./split-result.js";
import {
  Control,
  type FromWorker,
  Own,
  type Shared,
  type SplitOrder,
  type Told,
  type ToWorker,
} from "./split-shared.js";

export const SPLIT_MAX: number = WORKERS_MAX;
const PROGRESS_MS = 50;

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
function progressOf(control: Int32Array, layers: SharedArrayBuffer, workers: number): SearchFigures {
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
    layers: layersOf(layers, of(0, Own.DEPTH)),
    omitted: 0,
  };
}

function shareMemory(workers: number, keysMax: number, wide: boolean): Shared {
  const several = (bytes: number): SharedArrayBuffer[] =>
    Array.from({ length: workers }, () => new SharedArrayBuffer(bytes));
  return {
    control: new SharedArrayBuffer(4 * (Control.WORDS + workers * Own.WORDS)),
    layers: new SharedArrayBuffer(4 * LAYERS_MAX),
    keys: several(workers * keysMax * (wide ? 16 : 8)),
    answers: several(workers * keysMax),
  };
}

/** The module that the host's own core was made of: the places of words differ from module to module. */
const moduleFor = (reduce: ReductionName = "none"): CoreModule => (reduce === "none" ? searchModule() : reduceModule());

/** Searches on `asked.workers` workers. `machine` is staged on `core`. Throws when there is no memory. */
export async function searchInWorkers(core: SearchCore, machine: Machine, asked: Asked): Promise<SplitSearch> {
  const { workers } = asked;
  const image = core.words().slice(0, machine.base(Base.END));
  const common = {
    module: moduleFor(asked.reduce),
    image,
    workers,
    hardware: MODES[asked.hardware],
    memoryMib: Math.max(1, Math.floor(asked.memoryMib / workers)),
    store: STORES[asked.store ?? "exact"].number,
    reduce: REDUCTIONS[asked.reduce ?? "none"],
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
    const shared = shareMemory(workers, sizes[0] as number, asked.store === "wide");
    const control = new Int32Array(shared.control);
    const timer = setInterval(() => {
      if (asked.stop.aborted) Atomics.store(control, Control.STOP, 1);
      asked.report(progressOf(control, shared.layers, workers));
    }, PROGRESS_MS);
    try {
      for (let i = 0; i < workers; i++) crew.send(i, { shared });
      const all = (await crew.hearAll()) as Told[];
      const ways = new Map<number, number[] | undefined>();
      for (const record of firstViolations(all)) {
        const state = (record[Violation.STATE] as number) - 1;
        if (!ways.has(state)) ways.set(state, await wayTo(crew, state));
      }
      return new SplitSearch(core, machine, asked, all, ways, shared.layers);
    } finally {
      clearInterval(timer);
    }
  } finally {
    await crew.dismiss();
  }
}

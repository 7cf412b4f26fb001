/**
 * Traces on several workers. Nothing is shared: a worker opens its trace and makes its engines, as this thread would.
 *
 * Protocol
 *   A share is a trace and some of its rows. With at least as many traces as workers a share is a whole trace; with
 *   fewer, the rows of a file are shared out, and it is read once for each share. A pipe is never divided.
 *   Shares are taken in order. This thread takes some itself: N jobs are N - 1 workers at a time, one for each share.
 *
 * Invariants
 *   J1  The result does not depend on the number of workers, but for `seconds`.
 *   J2  A trace that is refused stops nothing else; any other failure, and the caller's signal, stop everything.
 */
import { stat } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { type ReplayModule, replayModule } from "../core/replay.js";
import { InputError, type InputErrorPlace } from "../error.js";
import { isRow, type LanePlan } from "./lanes.js";
import { runPlans } from "./simulate.js";
import type { TlbCurve, TlbOptions, TlbResult, TlbRow, TlbSweep } from "./tlb-result.js";

export const TLB_JOBS_MAX = 256;

/** What a worker is told. */
export interface Order {
  /** Sent, so that all workers run the same compiled code. */
  readonly module: ReplayModule;
  readonly options: TlbOptions;
  readonly plans: readonly LanePlan[];
}

/** What it says: how far it is, and at the end what it has, or why it has nothing. */
export type Message =
  | { readonly records: number }
  | { readonly result: TlbResult }
  | { readonly refused: { readonly what: string; readonly place: InputErrorPlace } }
  | { readonly failed: { readonly message: string; readonly stack?: string } };

type Outcome = TlbResult | InputError;

interface Share {
  readonly trace: number;
  /** Indices of plans, ascending. */
  readonly rows: readonly number[];
}

/** About what a row costs beside others: only for sharing out. */
function weightOf({ sweep, curve, pages }: LanePlan): number {
  if (sweep !== undefined) return 5 * sweep.length;
  return curve?.length ?? (pages === "thp" ? 4 : 1);
}

/** Shares out rows so that the heaviest share is light: heavy rows first, each to the lightest share. */
export function divide(plans: readonly LanePlan[], parts: number): number[][] {
  const shares = Array.from({ length: Math.min(parts, plans.length) }, () => ({ weight: 0, rows: [] as number[] }));
  const order = plans.map((plan, row) => ({ row, weight: weightOf(plan) })).sort((a, b) => b.weight - a.weight);
  for (const { row, weight } of order) {
    const lightest = shares.reduce((least, share) => (share.weight < least.weight ? share : least));
    lightest.weight += weight;
    lightest.rows.push(row);
  }
  return shares.map(({ rows }) => rows.sort((a, b) => a - b));
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

/** Runs every plan on every trace; results in the order of the traces. Throws InputError on a wrong number of jobs. */
export async function runShares(
  sources: readonly string[],
  options: Omit<TlbOptions, "source">,
  plans: readonly LanePlan[],
  jobs: number,
  onResult: (outcome: Outcome, index: number) => void = () => {},
): Promise<Outcome[]> {
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > TLB_JOBS_MAX) {
    throw new InputError(`${jobs} workers cannot be`, { source: "--jobs", remedy: `give 1 to ${TLB_JOBS_MAX}` });
  }
  options.signal?.throwIfAborted();
  const shares: Share[] = [];
  for (const [trace, source] of sources.entries()) {
    const parts = (await isFile(source)) ? Math.ceil(jobs / sources.length) : 1;
    for (const rows of divide(plans, parts)) shares.push({ trace, rows });
  }
  return new Shares(sources, options, plans, shares, onResult).run(jobs);
}

class Shares {
  readonly #outcomes: (Outcome | undefined)[];
  readonly #records: number[];
  readonly #running = new Set<Worker>();
  readonly #results: Outcome[] = [];
  /** Stops what this thread itself runs: when the caller says so, or a worker has failed. */
  readonly #here = new AbortController();
  #next = 0;

  constructor(
    readonly sources: readonly string[],
    readonly options: Omit<TlbOptions, "source">,
    readonly plans: readonly LanePlan[],
    readonly shares: readonly Share[],
    readonly onResult: (outcome: Outcome, index: number) => void,
  ) {
    this.#outcomes = new Array(shares.length).fill(undefined);
    this.#records = new Array(shares.length).fill(0);
  }

  async run(jobs: number): Promise<Outcome[]> {
    const { signal } = this.options;
    const stop = (): void => this.#stop();
    signal?.addEventListener("abort", stop);
    try {
      const count = Math.min(jobs, this.shares.length);
      // Workers first: this thread is busy once it has begun.
      const others = Array.from({ length: count - 1 }, () =>
        this.#work((order, seen) => this.#runElsewhere(order, seen)),
      );
      await Promise.all([...others, this.#work((order, seen) => this.#runHere(order, seen))]);
    } catch (error) {
      this.#stop();
      throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
    signal?.throwIfAborted();
    return this.#results;
  }

  /** Workers are told to stop, so that they can take their temporary files away. */
  #stop(): void {
    this.#next = this.shares.length;
    this.#here.abort();
    for (const worker of this.#running) worker.postMessage("stop");
  }

  async #work(run: (order: Order, onRecords: (records: number) => void) => Promise<Outcome>): Promise<void> {
    while (this.#next < this.shares.length) {
      const index = this.#next++;
      this.#outcomes[index] = await run(this.#orderOf(index), (records) => {
        this.#records[index] = records;
        this.options.onProgress?.({ records: this.#recordsSeen() });
      });
      this.#tellResults();
    }
  }

  #orderOf(index: number): Order {
    const { trace, rows } = this.shares[index] as Share;
    const { signal: _, onProgress: _onProgress, jobs: _jobs, tlb: _tlb, ...plain } = this.options;
    const plans = rows.map((row) => this.plans[row] as LanePlan);
    return { module: replayModule(), options: { ...plain, source: this.sources[trace] as string }, plans };
  }

  async #runHere({ options, plans }: Order, onRecords: (records: number) => void): Promise<Outcome> {
    const onProgress = ({ records }: { records: number }): void => onRecords(records);
    try {
      return await runPlans({ ...options, onProgress, signal: this.#here.signal }, plans);
    } catch (error) {
      if (error instanceof InputError) return error;
      throw error;
    }
  }

  async #runElsewhere(order: Order, onRecords: (records: number) => void): Promise<Outcome> {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: order });
    this.#running.add(worker);
    try {
      return await outcomeOf(worker, onRecords);
    } finally {
      this.#running.delete(worker);
    }
  }

  /** Records of a trace are counted once, however many shares read it. */
  #recordsSeen(): number {
    const seen = this.sources.map(() => 0);
    this.shares.forEach(({ trace }, i) => {
      seen[trace] = Math.max(seen[trace] as number, this.#records[i] as number);
    });
    return seen.reduce((sum, records) => sum + records, 0);
  }

  /** Hands on what is complete, in the order of the traces. */
  #tellResults(): void {
    while (this.#results.length < this.sources.length) {
      const trace = this.#results.length;
      const mine = this.shares.flatMap((share, i) =>
        share.trace === trace ? [{ share, got: this.#outcomes[i] }] : [],
      );
      if (mine.some(({ got }) => got === undefined)) return;
      const whole = this.#together(mine as { share: Share; got: Outcome }[]);
      this.#results.push(whole);
      this.onResult(whole, trace);
    }
  }

  /** One result of the shares of a trace. */
  #together(parts: readonly { share: Share; got: Outcome }[]): Outcome {
    const refused = parts.find(({ got }) => got instanceof InputError);
    if (refused !== undefined) return refused.got;
    const rows = new Map<number, TlbRow>();
    const sweeps: TlbSweep[] = [];
    const curves: TlbCurve[] = [];
    for (const { share, got } of parts as { share: Share; got: TlbResult }[]) {
      const simulated = share.rows.filter((row) => isRow(this.plans[row] as LanePlan));
      for (const [i, row] of simulated.entries()) rows.set(row, got.results[i] as TlbRow);
      sweeps.push(...got.sweeps);
      curves.push(...got.curves);
    }
    const results = [...rows].sort(([a], [b]) => a - b).map(([, row]) => row);
    return { ...(parts[0]?.got as TlbResult), results, sweeps, curves };
  }
}

/** What a worker ends with. */
function outcomeOf(worker: Worker, onRecords: (records: number) => void): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    worker.on("message", (message: Message) => {
      if ("records" in message) onRecords(message.records);
      else if ("result" in message) resolve(message.result);
      else if ("refused" in message) resolve(new InputError(message.refused.what, message.refused.place));
      else reject(Object.assign(new Error(message.failed.message), { stack: message.failed.stack }));
    });
    worker.on("error", reject);
    worker.on("exit", () => reject(new Error("a worker ended without a result")));
  });
}

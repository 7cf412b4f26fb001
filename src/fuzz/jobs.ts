/**
 * A campaign on several workers: each runs one of its own with its own seed, what they found is put together, and they
 * share out the shrinking.
 *
 * Nothing is shared while they run. With a number of runs the result is the same for the same seed and jobs.
 */
import { Worker } from "node:worker_threads";
import { type CoreModule, coreModule } from "../core/core.js";
import { InputError } from "../error.js";
import { Campaign, type Share } from "./campaign.js";
import type { CaseFile } from "./case.js";
import { type FuzzOptions, type FuzzProgress, type FuzzResult, shrinkAll } from "./fuzz.js";
import type { Large } from "./smallest.js";

export const JOBS_MAX = 256;

/** What a worker is told. */
export interface Order {
  readonly module: CoreModule;
  readonly options: FuzzOptions;
}

/** What it is asked later: to end its runs, to shrink a finding. */
export type Wish = "stop" | { readonly large: Large };

/** What it says: how far it is; what it has when its runs have ended; each case that it was asked for. */
export type Message =
  | { readonly progress: FuzzProgress }
  | { readonly share: Share; readonly seconds: number }
  | { readonly made: CaseFile | undefined };

/** Far apart, so that neighbouring seeds of a user are not each other's workers. */
const seedOf = (seed: number, job: number): number => seed + job * 2 ** 32;

interface Done {
  readonly share: Share;
  readonly seconds: number;
}

/** A worker, from its first run to its last case. */
class Hand {
  readonly #worker: Worker;
  readonly done: Promise<Done>;
  #made: (made: CaseFile | undefined) => void = () => {};
  #failed: (error: Error) => void = () => {};

  constructor(order: Order, onProgress: (p: FuzzProgress) => void) {
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: order });
    this.done = new Promise((resolve, reject) => {
      this.#failed = reject;
      this.#worker.on("message", (message: Message) => {
        if ("progress" in message) onProgress(message.progress);
        else if ("made" in message) this.#made(message.made);
        else resolve(message);
      });
    });
    this.#worker.on("error", (error: Error) => this.#failed(error));
    this.#worker.on("exit", () => this.#failed(new Error("a worker of the campaign ended without a result")));
  }

  ask(wish: Wish): void {
    this.#worker.postMessage(wish);
  }

  end(): void {
    void this.#worker.terminate();
  }

  shrink(large: Large): Promise<CaseFile | undefined> {
    return new Promise((resolve, reject) => {
      this.#made = resolve;
      this.#failed = reject;
      this.ask({ large });
    });
  }
}

/** Runs of worker `job` of `jobs`. */
const part = (runs: number, job: number, jobs: number): number =>
  Math.floor((runs * (job + 1)) / jobs) - Math.floor((runs * job) / jobs);

/** Adds up the figures of the workers. */
function together(all: readonly FuzzProgress[]): FuzzProgress {
  const sum = (of: (p: FuzzProgress) => number): number => all.reduce((total, p) => total + of(p), 0);
  const most = (of: (p: FuzzProgress) => number): number => Math.max(0, ...all.map(of));
  return {
    runs: sum((p) => p.runs),
    rate: sum((p) => p.rate),
    steps: sum((p) => p.steps),
    seconds: most((p) => p.seconds),
    coverage: most((p) => p.coverage),
    corpus: sum((p) => p.corpus),
    findings: most((p) => p.findings),
  };
}

export async function fuzzInJobs(options: FuzzOptions): Promise<FuzzResult> {
  const { jobs = 1, runs, seed = 1, signal, onProgress, onState, state, minimize, ...rest } = options;
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > JOBS_MAX)
    throw new InputError(`${jobs} workers cannot be`, { source: "fuzz", remedy: `give 1 to ${JOBS_MAX}` });
  if (state !== undefined || onState !== undefined || minimize === true) {
    const remedy = "leave out --corpus and --minimize, or take one worker";
    throw new InputError("a campaign that is kept has one worker", { source: "fuzz", remedy });
  }
  // Wrong names are refused here, before any worker starts.
  const campaign = new Campaign(options);
  const progress: FuzzProgress[] = [];
  const module = coreModule();
  const hands = Array.from({ length: jobs }, (_, job) => {
    const mine = runs === undefined ? {} : { runs: part(runs, job, jobs) };
    return new Hand({ module, options: { ...rest, ...mine, seed: seedOf(seed, job) } }, (p) => {
      progress[job] = p;
      onProgress?.(together(Object.values(progress)));
    });
  });
  const stop = (): void => {
    for (const hand of hands) hand.ask("stop");
  };
  signal?.addEventListener("abort", stop);
  try {
    const done = await Promise.all(hands.map((hand) => hand.done));
    for (const { share } of done) campaign.takeIn(share);
    await shrinkAll(campaign, options, (large, hand) => (hands[hand] as Hand).shrink(large), jobs);
    const result = campaign.result(Math.max(...done.map(({ seconds }) => seconds)));
    const entries = done.reduce((sum, { share }) => sum + share.corpus, 0);
    return { ...result, jobs, corpus: { entries, hash: done.map(({ share }) => share.hash).join("+") } };
  } finally {
    signal?.removeEventListener("abort", stop);
    for (const hand of hands) hand.end();
  }
}

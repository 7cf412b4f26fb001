/**
 * Several checks at once: each worker takes the next one when it has finished. Results come in the order of the list.
 */
import { Worker } from "node:worker_threads";
import { InputError } from "../error.js";
import type { Values } from "../scenarios/scenario.js";
import type { CaseOptions } from "./case.js";
import type { CheckProgress, CheckResultRow } from "./check.js";
import { SPLIT_MAX } from "./split.js";

/** One check, in words that can be sent to a worker. */
export interface Errand {
  /** Name of a scenario of the catalogue, or of one in `file`. */
  readonly scenario: string;
  readonly file?: string;
  readonly set?: Values;
  readonly edition: string;
  readonly backend: string;
}

/** Options of a search that can be sent. */
export type Sendable = Omit<CaseOptions, "signal" | "partial" | "workers">;

export interface PoolOrder {
  readonly errand: Errand;
  readonly options: Sendable;
}

export type PoolMessage = { readonly row: CheckResultRow } | { readonly progress: CheckProgress };

interface PoolOptions extends Sendable {
  readonly jobs: number;
  readonly signal?: AbortSignal | undefined;
  /** Hears of each result as it comes, with its place in the list. */
  readonly onRow?: (row: CheckResultRow, index: number) => void;
  readonly onProgress?: (progress: CheckProgress) => void;
}

/** Throws an InputError for a number of workers that cannot be. */
export function mustBeJobs(jobs: number): number {
  if (Number.isInteger(jobs) && jobs >= 1 && jobs <= SPLIT_MAX) return jobs;
  throw new InputError(`${jobs} workers cannot be`, { source: "check", remedy: `give 1 to ${SPLIT_MAX}` });
}

/** A worker that does one errand after another. */
function hire(onProgress: (progress: CheckProgress) => void) {
  const worker = new Worker(new URL("./pool-worker.js", import.meta.url));
  const run = (order: PoolOrder): Promise<CheckResultRow> =>
    new Promise((resolve, reject) => {
      const hear = (message: PoolMessage): void => {
        if ("progress" in message) onProgress(message.progress);
        else {
          leave();
          resolve(message.row);
        }
      };
      const fail = (error: Error): void => {
        leave();
        reject(error);
      };
      const gone = (): void => fail(new Error("a worker of the check ended without a result"));
      const leave = (): void => {
        worker.off("message", hear).off("error", fail).off("exit", gone);
      };
      worker.on("message", hear).on("error", fail).on("exit", gone);
      worker.postMessage(order);
    });
  return { run, dismiss: () => worker.terminate() };
}

/**
 * Runs the errands on `jobs` workers. Aborted, it ends with the rows that are there; the others are undefined.
 */
export async function checkInPool(
  errands: readonly Errand[],
  { jobs, signal, onRow, onProgress, ...options }: PoolOptions,
): Promise<(CheckResultRow | undefined)[]> {
  const rows: (CheckResultRow | undefined)[] = errands.map(() => undefined);
  const crew = Array.from({ length: Math.min(jobs, errands.length) }, () => hire((p) => onProgress?.(p)));
  const dismiss = (): void => {
    for (const one of crew) one.dismiss();
  };
  signal?.addEventListener("abort", dismiss);
  let nextOne = 0;
  const work = async (one: (typeof crew)[number]): Promise<void> => {
    while (nextOne < errands.length && signal?.aborted !== true) {
      const index = nextOne++;
      const row = await one.run({ errand: errands[index] as Errand, options });
      rows[index] = row;
      onRow?.(row, index);
    }
  };
  try {
    await Promise.all(crew.map(work));
  } catch (error) {
    // Dismissed workers have no result: that is what was asked for.
    if (signal?.aborted !== true) throw error;
  } finally {
    signal?.removeEventListener("abort", dismiss);
    await Promise.all(crew.map((one) => one.dismiss()));
  }
  return rows;
}

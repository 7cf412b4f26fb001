/**
 * One worker of `tlb`: runs its share of rows on its trace and sends what it has. Started by jobs.ts.
 */
import { parentPort, workerData } from "node:worker_threads";
import { InputError } from "../error.js";
import type { Message, Order } from "./jobs.js";
import { runPlans } from "./simulate.js";

const PROGRESS_MS = 100;

const { module, options, plans } = workerData as Order;
const stop = new AbortController();
parentPort?.on("message", () => stop.abort());
const tell = (message: Message): void => parentPort?.postMessage(message);

let told = 0;
const onProgress = ({ records }: { records: number }): void => {
  if (performance.now() - told < PROGRESS_MS) return;
  told = performance.now();
  tell({ records });
};

try {
  tell({ result: await runPlans({ ...options, signal: stop.signal, onProgress }, plans, module) });
} catch (error) {
  tell(reasonOf(error));
}
parentPort?.close();

function reasonOf(error: unknown): Message {
  if (error instanceof InputError) return { refused: { what: error.problem, place: error.where } };
  if (!(error instanceof Error)) return { failed: { message: String(error) } };
  return { failed: { message: `${error.name}: ${error.message}`, ...(error.stack && { stack: error.stack }) } };
}

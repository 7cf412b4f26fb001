/**
 * A worker that checks what it is sent, one after another. Started by pool.ts.
 */
import { parentPort } from "node:worker_threads";
import { loadScenarios } from "../author/load.js";
import type { Scenario } from "../scenarios/scenario.js";
import { type CheckProgress, check } from "./check.js";
import type { Errand, PoolMessage, PoolOrder } from "./pool.js";

const PROGRESS_MS = 100;

const tell = (message: PoolMessage): void => parentPort?.postMessage(message);
const files = new Map<string, Promise<readonly Scenario[]>>();

/** A file is read once: its listings are compiled once, too. */
async function scenarioOf({ scenario, file }: Errand): Promise<string | Scenario> {
  if (file === undefined) return scenario;
  const known = files.get(file) ?? loadScenarios(file);
  files.set(file, known);
  return (await known).find((one) => one.name === scenario) ?? scenario;
}

let told = 0;
const onProgress = (progress: CheckProgress): void => {
  if (performance.now() - told < PROGRESS_MS) return;
  told = performance.now();
  tell({ progress });
};

parentPort?.on("message", async ({ errand, options }: PoolOrder) => {
  const { edition, backend, set = {} } = errand;
  const scenario = await scenarioOf(errand);
  const one = { scenarios: [scenario], editions: [edition], backends: [backend], set };
  const { results } = await check({ ...options, ...one, onProgress });
  for (const row of results) tell({ row });
});

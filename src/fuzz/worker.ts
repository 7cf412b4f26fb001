/**
 * One worker of a campaign: runs its share and sends what it has. Started by jobs.ts.
 */
import { parentPort, workerData } from "node:worker_threads";
import { Campaign } from "./campaign.js";
import { drive, type FuzzProgress } from "./fuzz.js";
import type { Message, Order } from "./jobs.js";

const PROGRESS_MS = 100;

const { module, options } = workerData as Order;
const stop = new AbortController();
parentPort?.on("message", () => stop.abort());
const tell = (message: Message): void => parentPort?.postMessage(message);

let told = 0;
const onProgress = (progress: FuzzProgress): void => {
  if (performance.now() - told < PROGRESS_MS) return;
  told = performance.now();
  tell({ progress });
};

const campaign = new Campaign(options, module);
const seconds = await drive(campaign, { ...options, signal: stop.signal, onProgress });
tell({ share: campaign.share(), seconds });
parentPort?.close();

/**
 * One worker of a campaign: runs its share and sends what it has, then shrinks what it is given. Started by jobs.ts.
 */
import { parentPort, workerData } from "node:worker_threads";
import { Campaign } from "./campaign.js";
import { drive, type FuzzProgress } from "./fuzz.js";
import type { Message, Order, Wish } from "./jobs.js";
import { smallestOf } from "./smallest.js";

const PROGRESS_MS = 100;

const { module, options } = workerData as Order;
const stop = new AbortController();
const tell = (message: Message): void => parentPort?.postMessage(message);

parentPort?.on("message", async (wish: Wish) => {
  if (wish === "stop") stop.abort();
  else tell({ made: await smallestOf(wish.large) });
});

let told = 0;
const onProgress = (progress: FuzzProgress): void => {
  if (performance.now() - told < PROGRESS_MS) return;
  told = performance.now();
  tell({ progress });
};

const campaign = new Campaign(options, module);
const seconds = await drive(campaign, { ...options, signal: stop.signal, onProgress });
tell({ share: campaign.share(), seconds });

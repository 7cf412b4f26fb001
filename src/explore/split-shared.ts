/**
 * What the workers of one search share: a few words each, a barrier, and the bytes that they exchange.
 */
import type { Store } from "../../assembly/abi/search.js";
import type { CoreModule } from "../core/core.js";

/** Words at the front of the shared control block. */
export enum Control {
  /** Workers that wait at the barrier, and how often it has opened. */
  WAITING,
  OPENED,
  /** Set by the host: the search is to end. Worker 0 passes it on, so that all see it at the same barrier. */
  STOP,
  ENDING,
  WORDS,
}

/** Words of each worker. */
export enum Own {
  STATES,
  TRANSITIONS_LOW,
  TRANSITIONS_HIGH,
  QUEUED,
  QUEUE_BYTES,
  SLOTS,
  DEPTH,
  /** States of the layer that comes; live words; this layer needs another round; the core has given up. */
  LAYER,
  LIVE,
  MORE,
  FAILED,
  KINDS,
  /** Keys for each worker. */
  KEYS,
  WORDS = 24,
}

export interface SplitOrder {
  readonly module: CoreModule;
  /** The memory of a machine at the start, up to Base.END. */
  readonly image: Uint32Array;
  readonly worker: number;
  readonly workers: number;
  readonly hardware: number;
  readonly memoryMib: number;
  readonly store: Store;
  /** Bits of Reduction. */
  readonly reduce: number;
  readonly statesMax: number;
  readonly stopMask: number;
  /** Most keys for one worker in a round; 0: as many as fit. */
  readonly roundKeys: number;
}

/** What the host makes when it knows how much a worker sends at once. */
export interface Shared {
  readonly control: SharedArrayBuffer;
  /** States that were known when each layer began. */
  readonly layers: SharedArrayBuffer;
  /** Of each worker: keys (or states) for each other, and its answers to each other. */
  readonly keys: readonly SharedArrayBuffer[];
  readonly answers: readonly SharedArrayBuffer[];
}

/** A way back from a state, to one of another worker (`from`) or to the start. */
export interface WayBack {
  readonly agents: readonly number[];
  /** Number of the other worker's state; undefined at the start. */
  readonly from?: number;
  readonly lost: boolean;
}

export type ToWorker = { readonly shared: Shared } | { readonly wayTo: number } | { readonly end: true };

/** A worker's last words. */
export interface Told {
  readonly run: Uint32Array;
  readonly search: Uint32Array;
  readonly violations: Uint32Array;
  /** Seconds that its thread was on a CPU, where the system says so. */
  readonly cpuSeconds: number | undefined;
}

export type FromWorker = { readonly keysMax: number } | { readonly noMemory: true } | Told | { readonly way: WayBack };

/** Waits until every worker is here. */
export function meet(control: Int32Array, workers: number): void {
  const opened = Atomics.load(control, Control.OPENED);
  if (Atomics.add(control, Control.WAITING, 1) === workers - 1) {
    Atomics.store(control, Control.WAITING, 0);
    Atomics.add(control, Control.OPENED, 1);
    Atomics.notify(control, Control.OPENED);
    return;
  }
  while (Atomics.load(control, Control.OPENED) === opened) Atomics.wait(control, Control.OPENED, opened, 1000);
}

/** Which states of the layer go where: states [from, to) of all, numbered over the workers, belong to each worker. */
export function sharesOf(layer: readonly number[]): readonly (readonly [number, number])[] | undefined {
  const total = layer.reduce((sum, count) => sum + count, 0);
  const workers = layer.length;
  const most = Math.max(...layer);
  // A few states more are not worth the way.
  if (total < 64 * workers || most * workers < 1.03 * total) return undefined;
  const bound = (i: number): number => Math.floor((total * i) / workers);
  return layer.map((_, i) => [bound(i), bound(i + 1)] as const);
}

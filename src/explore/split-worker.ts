/**
 * One worker of a search that several share: carries between the cores what assembly/explore/split.ts exchanges.
 * Started by split.ts.
 */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { Area, Run, VIOLATION_AREA, Violation } from "../../assembly/abi/layout.js";
import { Full, Search, Store, WORKER_SHIFT } from "../../assembly/abi/search.js";
import { openCore, type SearchCore } from "../core/core.js";
import {
  Control,
  type FromWorker,
  meet,
  Own,
  type Shared,
  type SplitOrder,
  sharesOf,
  type ToWorker,
  type WayBack,
} from "./split-shared.js";

const SLICE = 2000;
const NOBODY = 0xffffffff;

const order = workerData as SplitOrder;
const { worker: me, workers } = order;
const core = openCore(order.module) as SearchCore;
const call = core.call;
const tell = (message: FromWorker): void => parentPort?.postMessage(message);

/** The machine is the host's, word for word. */
function copyMachine(): void {
  core.words().set(order.image.subarray(0, Area.END));
  if (call.bootMachine() === 0) throw new Error("the machine does not fit into a worker's memory");
  core.words().set(order.image);
}

const word = (at: number): number => core.words()[at] as number;
const told = (field: number): number => word(call.searchWords() + field);

function start(): boolean {
  copyMachine();
  const ask = (field: number, value: number): void => {
    core.words()[call.searchWords() + field] = value;
  };
  core.words()[Area.RUN + Run.STOP_MASK] = order.stopMask;
  ask(Search.HARDWARE, order.hardware);
  ask(Search.MEMORY_MIB, order.memoryMib);
  ask(Search.STORE, order.store);
  ask(Search.REDUCE, order.reduce);
  ask(Search.STATES_MAX, 2 ** WORKER_SHIFT);
  ask(Search.STATES_MAX + 1, 0);
  ask(Search.WATCHED, 0);
  ask(Search.WORKERS, workers);
  ask(Search.WORKER, me);
  ask(Search.KEYS_MAX, order.roundKeys);
  return call.splitStart() !== 0;
}

class Rounds {
  readonly #shared: Shared;
  readonly #control: Int32Array;
  readonly #keysMax = told(Search.KEYS_MAX);
  readonly #keyBytes = order.store === Store.WIDE ? 16 : 8;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#control = new Int32Array(shared.control);
  }

  #own(of: number, field: Own): number {
    return Control.WORDS + of * Own.WORDS + field;
  }

  #read(of: number, field: number): number {
    return Atomics.load(this.#control, this.#own(of, field));
  }

  #write(field: number, value: number): void {
    Atomics.store(this.#control, this.#own(me, field), value);
  }

  #meet(): void {
    meet(this.#control, workers);
  }

  /** Bytes of this worker's memory from word `first` on, `skip` bytes in. */
  #mine(first: number, skip: number, length: number): Uint8Array {
    return core.bytes().subarray(4 * first + skip, 4 * first + skip + length);
  }

  #copyOut(to: SharedArrayBuffer, at: number, from: Uint8Array): void {
    new Uint8Array(to, at, from.length).set(from);
  }

  #progress(): void {
    this.#write(Own.STATES, word(Area.RUN + Run.STATES));
    this.#write(Own.TRANSITIONS_LOW, word(Area.RUN + Run.TRANSITIONS));
    this.#write(Own.TRANSITIONS_HIGH, word(Area.RUN + Run.TRANSITIONS + 1));
    this.#write(Own.DEPTH, word(Area.RUN + Run.DEPTH));
    this.#write(Own.KINDS, word(Area.RUN + Run.KINDS));
    this.#write(Own.QUEUED, call.splitWaiting());
    this.#write(Own.QUEUE_BYTES, told(Search.QUEUE_BYTES));
    this.#write(Own.SLOTS, told(Search.SLOTS));
  }

  /** Every state of the layer, until it is done or the outboxes are full. */
  #expand(): void {
    let more = 1;
    while (more === 1) {
      more = call.splitExpand(SLICE);
      this.#progress();
    }
    this.#write(Own.MORE, more);
    const stride = this.#keysMax * this.#keyBytes;
    for (let owner = 0; owner < workers; owner++) {
      const count = told(Search.KEYS + owner);
      this.#write(Own.KEYS + owner, count);
      if (owner === me) continue;
      const keys = this.#mine(told(Search.OUTBOX_AT), owner * stride, count * this.#keyBytes);
      this.#copyOut(this.#shared.keys[me] as SharedArrayBuffer, owner * stride, keys);
    }
  }

  /** Answers all workers in their order. */
  #visit(): void {
    const stride = this.#keysMax * this.#keyBytes;
    for (let from = 0; from < workers; from++) {
      const count = this.#read(from, Own.KEYS + me);
      if (from === me) {
        call.splitVisit(count, 1);
        continue;
      }
      const keys = new Uint8Array(this.#shared.keys[from] as SharedArrayBuffer, me * stride, count * this.#keyBytes);
      this.#mine(told(Search.INBOX_AT), 0, keys.length).set(keys);
      call.splitVisit(count, 0);
      const answers = this.#mine(told(Search.ANSWERS_AT), workers * this.#keysMax, count);
      this.#copyOut(this.#shared.answers[me] as SharedArrayBuffer, from * this.#keysMax, answers);
    }
  }

  #settle(): void {
    for (let owner = 0; owner < workers; owner++) {
      if (owner === me) continue;
      const count = this.#read(me, Own.KEYS + owner);
      const answers = new Uint8Array(this.#shared.answers[owner] as SharedArrayBuffer, me * this.#keysMax, count);
      this.#mine(told(Search.ANSWERS_AT), owner * this.#keysMax, count).set(answers);
    }
    call.splitSettle();
    this.#progress();
    this.#write(Own.FAILED, told(Search.FULL) !== Full.NOTHING || word(Area.RUN + Run.OVERFLOW) !== 0 ? 1 : 0);
    if (me === 0) Atomics.store(this.#control, Control.ENDING, Atomics.load(this.#control, Control.STOP));
  }

  #any(field: number): boolean {
    for (let of = 0; of < workers; of++) if (this.#read(of, field) !== 0) return true;
    return false;
  }

  #sum(field: number): number {
    let sum = 0;
    for (let of = 0; of < workers; of++) sum += this.#read(of, field) >>> 0;
    return sum;
  }

  /** All workers see the same words, and decide the same. */
  #isOver(): boolean {
    if (Atomics.load(this.#control, Control.ENDING) !== 0 || this.#any(Own.FAILED)) return true;
    return this.#sum(Own.STATES) > order.statesMax;
  }

  /** A layer is done: the next one begins, in shares that are alike. False when there is none. */
  #nextLayer(): boolean {
    let kinds = 0;
    for (let of = 0; of < workers; of++) kinds |= this.#read(of, Own.KINDS);
    call.splitLayer();
    this.#write(Own.LAYER, call.splitWaiting());
    this.#write(Own.LIVE, call.splitLive());
    this.#meet();
    const width = this.#sum(Own.LAYER);
    if (width === 0) return false;
    const run = core.words().subarray(Area.RUN, Area.RUN + Run.WORDS);
    const depth = (run[Run.DEPTH] as number) + 1;
    run[Run.DEPTH] = depth;
    run[Run.WIDEST] = Math.max(run[Run.WIDEST] as number, width);
    const layers = new Uint32Array(this.#shared.layers);
    if (me === 0 && depth < layers.length) layers[depth] = this.#sum(Own.STATES);
    if ((kinds & order.stopMask) !== 0) return false;
    if (depth >= (run[Run.STEPS_MAX] as number)) {
      core.words()[call.searchWords() + Search.FULL] = Full.DEPTH;
      return false;
    }
    this.#share();
    return true;
  }

  #share(): void {
    const layer = Array.from({ length: workers }, (_, of) => this.#read(of, Own.LAYER));
    const shares = sharesOf(layer);
    if (shares === undefined) return;
    const room = this.#keysMax * this.#keyBytes;
    const firsts = layer.map((_, of) => layer.slice(0, of).reduce((sum, count) => sum + count, 0));
    const overlap = (of: number, to: number): readonly [number, number] => {
      const [from, end] = shares[to] as readonly [number, number];
      const first = firsts[of] as number;
      const begin = Math.max(from, first);
      return [begin - first, Math.max(0, Math.min(end, first + (layer[of] as number)) - begin)];
    };
    const bytes = (of: number, count: number): number => {
      const live = this.#read(of, Own.LIVE);
      return 4 * live + count * (20 + 4 * live);
    };
    for (let of = 0; of < workers; of++)
      for (let to = 0; to < workers; to++) if (of !== to && bytes(of, overlap(of, to)[1]) > room) return;
    for (let to = 0; to < workers; to++) {
      const [from, count] = overlap(me, to);
      if (to === me || count === 0) continue;
      const length = call.splitExport(from, count);
      const rows = this.#mine(told(Search.OUTBOX_AT), 0, length);
      this.#copyOut(this.#shared.keys[me] as SharedArrayBuffer, to * room, rows);
    }
    call.splitKeep(...overlap(me, me));
    this.#meet();
    for (let from = 0; from < workers; from++) {
      const count = overlap(from, me)[1];
      if (from === me || count === 0) continue;
      const length = bytes(from, count);
      const rows = new Uint8Array(this.#shared.keys[from] as SharedArrayBuffer, me * room, length);
      this.#mine(told(Search.OUTBOX_AT), 0, length).set(rows);
      call.splitImport(this.#read(from, Own.LIVE), count, from < me ? 1 : 0);
    }
    // Nobody writes over what another still reads.
    this.#meet();
  }

  run(): void {
    let going = true;
    while (going) {
      this.#expand();
      this.#meet();
      this.#visit();
      this.#meet();
      this.#settle();
      this.#meet();
      if (this.#isOver()) return;
      // Nobody begins a round, and says how it went, before all have read how this one did.
      if (this.#any(Own.MORE)) this.#meet();
      else going = this.#nextLayer();
    }
  }
}

/** Linux tells it of a thread; elsewhere nobody does. */
function cpuSeconds(): number | undefined {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e9;
  } catch {
    return undefined;
  }
}

/** Goes back from one of this worker's states as far as they are its own. */
function wayBack(state: number): WayBack {
  const agents: number[] = [];
  let at = state;
  while (at !== 0) {
    if (at >>> WORKER_SHIFT !== me) return { agents, from: at, lost: false };
    const local = at % 2 ** WORKER_SHIFT;
    const agent = call.agentInto(local) >>> 0;
    if (agent === NOBODY) return { agents, lost: true };
    agents.push(agent);
    at = call.parentOf(local) >>> 0;
  }
  return { agents, lost: false };
}

parentPort?.on("message", (message: ToWorker) => {
  if ("wayTo" in message) return tell({ way: wayBack(message.wayTo) });
  if ("end" in message) return parentPort?.close();
  new Rounds(message.shared).run();
  call.splitWaiting();
  const words = core.words();
  const search = call.searchWords();
  const count = word(Area.RUN + Run.VIOLATIONS);
  tell({
    run: words.slice(Area.RUN, Area.RUN + Run.WORDS),
    search: words.slice(search, search + Search.WORDS),
    violations: words.slice(VIOLATION_AREA, VIOLATION_AREA + count * Violation.WORDS),
    cpuSeconds: cpuSeconds(),
  });
});

tell(start() ? { keysMax: told(Search.KEYS_MAX) } : { noMemory: true });

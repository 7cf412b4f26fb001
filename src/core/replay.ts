/**
 * Opens the throughput engine, a wasm module of its own. One instance is one simulation.
 */
import { REPLAY_LAYOUT } from "../../assembly/abi/replay.js";
import { replayBase64 } from "./replay.generated.js";

/** The engine's functions, as assembly/replay/index.ts exports them; addresses are byte addresses. */
export interface ReplayExports {
  readonly memory: WebAssembly.Memory;
  readonly fault: WebAssembly.Global;
  readonly tableCount: WebAssembly.Global;
  readonly cpusUsed: WebAssembly.Global;
  replayLayout(): number;
  allocate(bytes: number): number;
  setStructure(which: number, sets: number, ways: number, policy: number): void;
  makeCpus(count: number): void;
  choosePages(size: number, otherwise: number, splitFetch: number): void;
  setWanted(types: number, firstByteOnly: number): void;
  setCongruence(bits: number): void;
  setLevels(count: number): void;
  addRange(first: bigint, last: bigint, size: number): number;
  setTouching(on: number): void;
  startTouching(): void;
  finishTouching(pages: number): void;
  setSweeping(sizes: number, isCurve: number): void;
  sweepHits(cpu: number, size: number, setBits: number, position: number): number;
  curveDistances(cpu: number, size: number): number;
  curveHits(cpu: number, size: number, distance: number): number;
  curveCold(cpu: number, size: number): number;
  rewind(): void;
  replay(base: number, count: number): void;
  replayKeys(keys: number, count: number): void;
  walkKeys(keys: number, count: number): void;
  compileKeys(base: number, count: number, to: number): number;
  finish(): void;
  countOf(cpu: number, which: number): number;
}

export interface ReplayCore {
  readonly call: ReplayExports;
  /** Do not keep it across a call that can grow the memory: ask again. */
  bytes(): Uint8Array;
}

/** A compiled engine. */
export type ReplayModule = WebAssembly.Module;

let shared: ReplayModule | undefined;

/** The engine, compiled once. */
export function replayModule(): ReplayModule {
  shared ??= new WebAssembly.Module(Uint8Array.from(atob(replayBase64), (char) => char.charCodeAt(0)));
  return shared;
}

/** Compiles an engine from bytes: a debug build. */
export function compileReplay(bytes: Uint8Array<ArrayBuffer>): ReplayModule {
  return new WebAssembly.Module(bytes);
}

function abort(): never {
  throw new Error("the engine met an assertion that failed: a defect of the simulator, please report it");
}

export function openReplay(module: ReplayModule = replayModule()): ReplayCore {
  const instance = new WebAssembly.Instance(module, { env: { abort } });
  const call = instance.exports as unknown as ReplayExports;
  if (call.replayLayout() !== REPLAY_LAYOUT) {
    throw new Error("the engine has another layout than the host: rebuild with `npm run build`");
  }
  let bytes = new Uint8Array(call.memory.buffer);
  return {
    call,
    bytes: () => {
      if (bytes.buffer !== call.memory.buffer) bytes = new Uint8Array(call.memory.buffer);
      return bytes;
    },
  };
}

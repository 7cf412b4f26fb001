/**
 * Opens the core: instantiates the WebAssembly module and gives typed access to its words.
 *
 * Nothing else in the host touches WebAssembly or a raw buffer. The memory may grow during a call, and then the old
 * views are dead; `words` is renewed after every call that can grow it.
 */
import { LAYOUT_VERSION } from "../../assembly/abi/layout.js";
import { reduceBase64 } from "./reduce.generated.js";
import { searchBase64 } from "./search.generated.js";
import { coreBase64 } from "./wasm.generated.js";

/** The core's functions, as assembly/index.ts exports them. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  layoutVersion(): number;
  bootMachine(): number;
  newMm(mm: number): number;
  loadMm(cpu: number, mm: number): void;
  unloadMm(cpu: number): void;
  goLazy(cpu: number): void;
  retireMm(mm: number): void;
  loadScript(task: number, from: number, to: number): void;
  runAlone(task: number, stepsMax: number): number;
  runInBulk(task: number, stepsMax: number): number;
  saveInitial(): void;
  reset(): void;
  agentCount(): number;
  enabledMask(): bigint;
  isEnabled(agent: number): number;
  isFinished(): number;
  stepAgent(agent: number): void;
  runSchedule(): number;
  runRandom(): number;
  audit(): void;
  outcomesSeen(): number;
  outcomesSum(): bigint;
  trace(on: number): void;
  hash(): void;
  fillLeaf(cpu: number, vpn: bigint): number;
  evict(cpu: number): void;
  fillPointer(cpu: number, vpn: bigint, level: number): number;
  handToStranger(frame: number): number;
  probe(cpu: number, vpn: bigint): number;
  probePointer(cpu: number, vpn: bigint, level: number): number;
  probeStore(cpu: number, vpn: bigint): number;
  probeWrite(cpu: number, vpn: bigint): number;
  witnessed(): bigint;
  fuzzBlock(): number;
  fuzzStart(): number;
  forgetFeatures(): void;
  fuzzRuns(): number;
  fuzzInput(): number;
  fuzzPrepare(): number;
  fuzzSeek(kind: number, birth: number, at: number): number;
  fuzzShowed(kind: number, birth: number, at: number): number;
  fuzzFollow(): void;
  fuzzFresh(): void;
  fuzzForget(): void;
  fuzzGuided(): void;
  fuzzProgram(): void;
  fuzzHash(): void;
}

/** The functions of the search's module: the core once more, built with a log of its writes, and the search. */
export interface SearchExports extends CoreExports {
  searchWords(): number;
  watchList(count: number): number;
  exploreStart(): number;
  explore(count: number): number;
  pathTo(state: number): number;
  pathWords(): number;
  restartSearch(): void;
  followSearch(agent: number): void;
  loggedStep(agent: number): number;
  usesOfStep(agent: number): number;
  usesOfObligation(i: number): number;
  usesBytes(): number;
  parentOf(state: number): number;
  agentInto(state: number): number;
  splitStart(): number;
  splitExpand(count: number): number;
  splitVisit(count: number, own: number): void;
  splitSettle(): number;
  splitLayer(): void;
  splitExport(from: number, count: number): number;
  splitKeep(from: number, count: number): void;
  splitImport(live: number, count: number, before: number): number;
  splitLive(): number;
  splitWaiting(): number;
}

/** A compiled core. It can be sent to workers, where it costs nothing to open again. */
export type CoreModule = WebAssembly.Module;

export interface Core<Exports extends CoreExports = CoreExports> {
  readonly call: Exports;
  /** All words of the memory. Do not keep it across a call that can grow the memory: ask again. */
  words(): Uint32Array;
  bytes(): Uint8Array;
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export type SearchCore = Core<SearchExports>;

let shared: CoreModule | undefined;
let sharedSearch: CoreModule | undefined;
let sharedReduce: CoreModule | undefined;

/** The module that ships with the package, compiled once. */
export function coreModule(): CoreModule {
  shared ??= new WebAssembly.Module(decode(coreBase64));
  return shared;
}

/** The module that searches. */
export function searchModule(): CoreModule {
  sharedSearch ??= new WebAssembly.Module(decode(searchBase64));
  return sharedSearch;
}

/** The module that searches and notes what each step reads, which leaving schedules out needs. A fifth slower. */
export function reduceModule(): CoreModule {
  sharedReduce ??= new WebAssembly.Module(decode(reduceBase64));
  return sharedReduce;
}

/** A core that searches; one that can leave schedules out when `reducing`. */
export function openSearchCore(reducing = false): SearchCore {
  return openCore(reducing ? reduceModule() : searchModule()) as SearchCore;
}

/** Compiles a core from bytes: the `shootdown/core.wasm` file, or a debug build. */
export function compileCore(bytes: Uint8Array<ArrayBuffer>): CoreModule {
  return new WebAssembly.Module(bytes);
}

function abort(): never {
  throw new Error("the core met an assertion that failed: a defect of the simulator, please report it");
}

/** Opens a core. Throws when it was built with another memory layout than this host. */
export function openCore(module: CoreModule = coreModule()): Core {
  const instance = new WebAssembly.Instance(module, { env: { abort } });
  const call = instance.exports as unknown as CoreExports;
  const version = call.layoutVersion();
  if (version !== LAYOUT_VERSION) {
    throw new Error(`the core has layout ${version} and the host ${LAYOUT_VERSION}: rebuild with \`npm run build\``);
  }
  let words = new Uint32Array(call.memory.buffer);
  let bytes = new Uint8Array(call.memory.buffer);
  const renew = (): void => {
    if (words.buffer === call.memory.buffer) return;
    words = new Uint32Array(call.memory.buffer);
    bytes = new Uint8Array(call.memory.buffer);
  };
  return {
    call,
    words: () => {
      renew();
      return words;
    },
    bytes: () => {
      renew();
      return bytes;
    },
  };
}

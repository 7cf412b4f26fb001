/**
 * Opens the module that holds the trace readers: the throughput engine's, which any user of it can share.
 */
import { replayBase64 } from "./replay.generated.js";

/** What assembly/replay/read exports, and the engine's allocator. Addresses are byte addresses in `memory`. */
export interface TraceCalls {
  readonly memory: { readonly buffer: ArrayBuffer };
  allocate(bytes: number): number;
  arenaAt(part: number): number;
  prepareArena(arena: number): void;
  readTrace(arena: number, format: number, length: number): number;
  writeHeader(arena: number): number;
  writeBlock(arena: number, count: number): number;
  writeEnd(arena: number): number;
}

let compiled: WebAssembly.Module | undefined;

/** A new instance with its own memory. */
export function openTraceCalls(): TraceCalls {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(replayBase64), (char) => char.charCodeAt(0)));
  const instance = new WebAssembly.Instance(compiled, { env: { abort } });
  return instance.exports as unknown as TraceCalls;
}

function abort(): never {
  throw new Error("the trace readers met an assertion that failed: a defect of the simulator, please report it");
}

/**
 * Memory of the engine: handed out once, never given back. One instance of the module is one simulation.
 */
import { Fault } from "../abi/replay";

let top: usize = (__heap_base + 4095) & ~4095;
let limit: usize = (<usize>memory.size()) << 16;

/** Why the simulation cannot go on (Fault); kept until the host reads it. */
export let fault: u32 = Fault.NONE;

export function fail(why: u32): void {
  if (fault == Fault.NONE) fault = why;
}

/** Zeroed bytes, aligned to 64; views that the host holds die when the memory grows. Traps when there is no memory. */
export function allocate(bytes: usize): usize {
  const start = top;
  const end = (start + bytes + 63) & ~63;
  if (end < start) unreachable();
  if (end > limit) {
    const pages = (end - limit + 0xffff) >>> 16;
    // Growing costs a call into the host's kernel: take 4 MiB at least.
    let grown: u32 = pages < 64 ? 64 : <u32>pages;
    if (memory.grow(grown) < 0) {
      grown = <u32>pages;
      if (memory.grow(grown) < 0) {
        fail(Fault.MEMORY);
        unreachable();
      }
    }
    limit += (<usize>grown) << 16;
  }
  top = end;
  return start;
}

/** The same, aligned to a page of the simulated machine. */
export function allocatePages(bytes: usize): usize {
  const gap: usize = (4096 - (top & 4095)) & 4095;
  return allocate(bytes + gap) + gap;
}

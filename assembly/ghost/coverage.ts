/**
 * Coverage of a run: features, hashed into a map of bytes in which each is set once.
 *
 * A feature is a pair of ops of two agents that follow each other on one object, or the life of an obligation: the op
 * that it was born at, the op that ended it, its level, and how many held it. The map is the fuzzer's; without a fuzzer
 * nothing here is called.
 *
 * Invariants
 *   C1  OPS holds op and agent of each step of the present run, so that a step of birth names them.
 */
import { SEEN_BYTES } from "../abi/fuzz";
import { OBLIGATION_TABLE, Obligation } from "../abi/tasks";
import { get } from "../word";

const STEPS: u32 = 4096;
export const ops: usize = memory.data(4096 * 4, 16);

/** True while a fuzzer watches. */
export let covering: bool = false;
export let seenAt: usize = 0;
/** Features that were new since the last reset. */
export let fresh: u32 = 0;

export function setCoverage(at: u32): void {
  seenAt = at;
}

export function watch(on: bool): void {
  covering = on;
  fresh = 0;
}

export function noteOp(step: u32, pc: u32, agent: u32): void {
  store<u32>(ops + ((step & (STEPS - 1)) << 2), (pc & 0xffff) | (agent << 16));
}

/** Agent of a step of this run. */
export function moverAt(step: u32): u32 {
  return (load<u32>(ops + ((step & (STEPS - 1)) << 2)) >> 16) & 63;
}

/** Op of a step of this run; 0xffff for an interrupt, 0 for none. */
export function opAt(step: u32): u32 {
  return step == 0 ? 0 : load<u16>(ops + ((step & (STEPS - 1)) << 2));
}

export function feature(a: u32, b: u32): void {
  let h = a * 0x9e3779b1 + b * 0x85ebca6b;
  h ^= h >> 15;
  h *= 0x2c1b3c6d;
  h ^= h >> 13;
  const at = seenAt + (h & (SEEN_BYTES - 1));
  if (load<u8>(at) != 0) return;
  store<u8>(at, 1);
  fresh++;
}

/** An obligation ends at op `pc`: `how` is 0 when nobody holds it any more, else the violation's kind. */
export function lifecycle(record: u32, pc: u32, how: u32, holders: u32): void {
  const level = get(record + Obligation.LEVEL);
  const many: u32 = (holders & (holders - 1)) != 0 ? 1 : 0;
  const kind = ((level & 15) << 8) | ((level & OBLIGATION_TABLE) << 8) | (many << 16) | (how << 20);
  feature(opAt(get(record + Obligation.BIRTH)) | (kind << 4), (pc & 0xffff) | 0x10000000);
}

/**
 * The fuzzer's random numbers: xorshift64*, its state in the shared block, so that a campaign can be saved and go on.
 */
import { FuzzWord } from "../abi/fuzz";
import { block } from "./block";

function after(state: u64): u64 {
  let x = state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  return x;
}

/** 32 good bits a draw. */
export function next(): u32 {
  const x = after(load<u64>(block, FuzzWord.RNG << 2));
  store<u64>(block, x, FuzzWord.RNG << 2);
  return <u32>((x * 0x2545f4914f6cdd1d) >> 32);
}

export function below(bound: u32): u32 {
  return <u32>((<u64>next() * <u64>bound) >> 32);
}

/** The same when `isDrawn`, else 0 and nothing is drawn: without a branch, since chance decides which it is. */
export function belowIf(isDrawn: bool, bound: u32): u32 {
  const state = load<u64>(block, FuzzWord.RNG << 2);
  const x = after(state);
  store<u64>(block, isDrawn ? x : state, FuzzWord.RNG << 2);
  const drawn = (x * 0x2545f4914f6cdd1d) >> 32;
  return <u32>((drawn * <u64>(isDrawn ? bound : 0)) >> 32);
}

/** True once in `n` draws. */
export function onceIn(n: u32): bool {
  return below(n) == 0;
}

/**
 * The fuzzer's random numbers: xorshift64*, its state in the shared block, so that a campaign can be saved and go on.
 */
import { FuzzWord } from "../abi/fuzz";
import { block } from "./block";

/** 32 good bits a draw. */
export function next(): u32 {
  let x = load<u64>(block, FuzzWord.RNG << 2);
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  store<u64>(block, x, FuzzWord.RNG << 2);
  return <u32>((x * 0x2545f4914f6cdd1d) >> 32);
}

export function below(bound: u32): u32 {
  return <u32>((<u64>next() * <u64>bound) >> 32);
}

/** True once in `n` draws. */
export function onceIn(n: u32): bool {
  return below(n) == 0;
}

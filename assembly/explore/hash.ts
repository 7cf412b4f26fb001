/**
 * A 64-bit fingerprint of the state: what two runs must agree on to be in the same place.
 *
 * Obligations are hashed one by one and added up, because their order in memory tells only which came first; their
 * step of birth is left out. Everything before Base.HASHED is bookkeeping.
 */
import { Base } from "../abi/layout";
import { Obligation } from "../abi/tasks";
import { obligationCount } from "../ghost/lookup";
import { base, get, getLong, obligationAt } from "../word";

const M1: u64 = 0x9e3779b97f4a7c15;
const M2: u64 = 0xd6e8feb86659fd93;

export function mix(x: u64): u64 {
  let h = x;
  h ^= h >> 32;
  h *= M2;
  h ^= h >> 29;
  h *= M1;
  h ^= h >> 32;
  return h;
}

export function hashState(): u64 {
  let at = base(Base.HASHED);
  const end = base(Base.OBLIGATION);
  let a: u64 = M1;
  let b: u64 = M2;
  while (at + 4 <= end) {
    a = rotl<u64>((a ^ getLong(at)) * M1, 31);
    b = rotl<u64>((b ^ getLong(at + 2)) * M2, 29);
    at += 4;
  }
  while (at < end) {
    a = rotl<u64>((a ^ <u64>get(at)) * M1, 31);
    at++;
  }
  let sum = mix(a + mix(b));
  const count = obligationCount();
  for (let i: u32 = 0; i < count; i++) sum += hashObligation(obligationAt(i));
  return sum;
}

export function hashObligation(record: u32): u64 {
  let h: u64 = M2;
  for (let i: u32 = 0; i < <u32>Obligation.BIRTH; i++) h = rotl<u64>((h ^ <u64>get(record + i)) * M1, 27);
  return mix(h);
}

/**
 * The order-free hash of a set of states: each packed state of 64 bits is mixed, and the results are added up.
 *
 * Two halves of 32 bits throughout: a search hands over millions of states, and a BigInt for each takes longer than the
 * search. What is added up in parts (by workers, in slices) has the same sum.
 */

/** 0xd6e8feb86659fd93, the multiplier that the other implementations of the yardstick use. */
const M_HIGH = 0xd6e8feb8;
const M_LOW = 0x6659fd93;
const M_LOW_0 = M_LOW & 0xffff;
const M_LOW_1 = M_LOW >>> 16;

/** The high word of x times M_LOW. */
function highProduct(x: number): number {
  const [x0, x1] = [x & 0xffff, x >>> 16];
  const middle = x1 * M_LOW_0 + ((x0 * M_LOW_0) >>> 16);
  const other = x0 * M_LOW_1 + (middle % 0x10000);
  return x1 * M_LOW_1 + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000);
}

export class SetHash {
  #low = 0;
  #high = 0;

  /** Adds the state `packed` (low word, high word). Packed states are counted from 1, so that none is 0. */
  add(packedLow: number, packedHigh: number): void {
    let low = (packedLow + 1) >>> 0;
    let high = (low === 0 ? packedHigh + 1 : packedHigh) >>> 0;
    low = (low ^ high) >>> 0;
    for (let round = 0; round < 2; round++) {
      high = (highProduct(low) + Math.imul(low, M_HIGH) + Math.imul(high, M_LOW)) >>> 0;
      low = (Math.imul(low, M_LOW) ^ high) >>> 0;
    }
    this.#sum(low, high);
  }

  /** Adds what another part of the set came to. */
  join(other: SetHash): void {
    this.#sum(other.#low, other.#high);
  }

  #sum(low: number, high: number): void {
    const total = this.#low + low;
    this.#low = total >>> 0;
    this.#high = (this.#high + high + (total > 0xffffffff ? 1 : 0)) >>> 0;
  }

  /** 16 hex digits. */
  toString(): string {
    return [this.#high, this.#low].map((word) => word.toString(16).padStart(8, "0")).join("");
  }
}

/**
 * Traces for tests: the three real ones, and the synthetic ones of
 * bench/native/tlb/common.h.
 */
import { openTrace } from "../../src/replay/read/open.js";

const SYNTHETIC_RECORDS = 10_000_000;
const SYNTHETIC_BASE = 2n ** 40n;

/** Records of a lackey trace, fetches too, through the reader that users have; its own tests read lines slowly. */
export async function readLackey(path: string): Promise<BigUint64Array> {
  let records = new BigUint64Array(1 << 22);
  let count = 0;
  const source = await openTrace(path);
  for (let batch = await source.next(); batch !== undefined; batch = await source.next()) {
    if (count + batch.count > records.length) {
      const grown = new BigUint64Array(2 * records.length);
      grown.set(records);
      records = grown;
    }
    records.set(new BigUint64Array(source.calls.memory.buffer, batch.at, batch.count), count);
    count += batch.count;
  }
  return records.subarray(0, count);
}

/** `uniform-P` and `zipf-P` of common.h, bit for bit. */
export function synthetic(name: string): BigUint64Array {
  const [kind = "", text = ""] = name.split("-");
  const pages = Number(text);
  const records = new BigUint64Array(SYNTHETIC_RECORDS);
  const header = (8n << 48n) | (1n << 56n) | SYNTHETIC_BASE;
  const words = new Uint32Array(records.buffer);
  const limits = kind === "zipf" ? zipfLimits(pages) : undefined;
  const low = Number(header & 0xffffffffn);
  const high = Number(header >> 32n);
  let x = 2463534242;
  for (let i = 0; i < SYNTHETIC_RECORDS; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    const draw = x >>> 0;
    const page = limits ? rankOf(limits, draw) : Math.floor((draw * pages) / 2 ** 32);
    const offset = (limits ? (page * 40503) & (pages - 1) : page) * 4096;
    words[2 * i] = (low + offset) >>> 0;
    words[2 * i + 1] = high + Math.floor(offset / 2 ** 32);
  }
  return records;
}

function zipfLimits(pages: number): Uint32Array {
  let total = 0;
  for (let k = 0; k < pages; k++) total += 1 / (k + 1);
  const limits = new Uint32Array(pages);
  let sum = 0;
  for (let k = 0; k < pages; k++) {
    sum += 1 / (k + 1);
    const limit = (sum / total) * 4294967296;
    limits[k] = limit >= 4294967295 ? 0xffffffff : Math.trunc(limit);
  }
  return limits;
}

function rankOf(limits: Uint32Array, draw: number): number {
  let low = 0;
  let high = limits.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (draw < (limits[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The data accesses of a trace, or its fetches. */
export function select(records: BigUint64Array, isWanted: (type: number) => boolean): BigUint64Array {
  const words = new Uint32Array(records.buffer, records.byteOffset, records.length * 2);
  const chosen = new Uint32Array(words.length);
  let count = 0;
  for (let i = 0; i < words.length; i += 2) {
    if (!isWanted((words[i + 1] as number) >>> 24)) continue;
    chosen[count++] = words[i] as number;
    chosen[count++] = words[i + 1] as number;
  }
  return new BigUint64Array(chosen.buffer, 0, count / 2);
}

/** Puts a full flush behind every `flush`th record, an invalidation of its first byte behind every `invalidate`th. */
export function withEvents(records: BigUint64Array, flush: number, invalidate: number): BigUint64Array {
  const extra =
    (flush > 0 ? Math.floor(records.length / flush) : 0) +
    (invalidate > 0 ? Math.floor(records.length / invalidate) : 0);
  const out = new BigUint64Array(records.length + extra);
  let at = 0;
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as bigint;
    out[at++] = record;
    if (flush > 0 && (i + 1) % flush === 0) out[at++] = 16n << 56n;
    if (invalidate > 0 && (i + 1) % invalidate === 0) out[at++] = (18n << 56n) | (record & 0xffffffffffffn);
  }
  return out;
}

/**
 * Traces for tests: the three real ones, read slowly and obviously, and the synthetic ones of
 * bench/native/tlb/common.h.
 */
import { openBytes } from "../../src/workload/bytes.js";

const TYPES: Record<string, bigint> = { I: 0n, L: 1n, S: 2n, M: 3n };
const SYNTHETIC_RECORDS = 10_000_000;
const SYNTHETIC_BASE = 2n ** 40n;

/** Records of a lackey trace, fetches too. */
export async function readLackey(path: string): Promise<BigUint64Array> {
  let records = new Uint32Array(1 << 22);
  let count = 0;
  let rest = Buffer.alloc(0);
  for await (const piece of openBytes(path)) {
    const bytes = Buffer.concat([rest, piece]);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const type = lineType(bytes, start, end);
      if (type !== undefined) {
        if (2 * count + 2 > records.length) records = grow(records);
        putRecord(records, count++, bytes, start + 3, type);
      }
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  return new BigUint64Array(records.buffer, 0, count);
}

function grow(records: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(records.length * 2);
  grown.set(records);
  return grown;
}

function lineType(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start < 6 || bytes[start + 2] !== 32) return undefined;
  const letter = String.fromCharCode(bytes[start] === 32 ? (bytes[start + 1] as number) : (bytes[start] as number));
  return letter in TYPES ? Number(TYPES[letter]) : undefined;
}

function putRecord(records: Uint32Array, index: number, bytes: Uint8Array, at: number, type: number): void {
  let low = 0;
  let high = 0;
  for (; bytes[at] !== 44; at++) {
    const code = bytes[at] as number;
    high = ((high << 4) | (low >>> 28)) & 0xffff;
    low = ((low << 4) | (code < 58 ? code - 48 : code - 87)) >>> 0;
  }
  let size = 0;
  for (at++; (bytes[at] as number) >= 48; at++) size = size * 10 + (bytes[at] as number) - 48;
  records[2 * index] = low;
  records[2 * index + 1] = high | (Math.min(size, 255) << 16) | (type << 24);
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

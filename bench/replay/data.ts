/**
 * What the throughput benchmarks run on: the real traces as records, the synthetic ones of common.h, keys.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Engine, type EngineConfig } from "../../src/replay/engine.js";
import { parseGeometry } from "../../src/replay/geometry.js";
import { openTrace } from "../../src/replay/read/open.js";
import { openBytes } from "../../src/workload/bytes.js";
import { root, scratch } from "./harness.js";

export const REAL = ["python", "sqlite", "xz"] as const;
export const SYNTHETIC = ["uniform-512", "uniform-16384", "zipf-65536"] as const;
/** The hierarchy of the table; tlbref's default. */
export const HIERARCHY = "l1:64x4,l1-2m:32x4,l1-1g:4x4,l2:1536x12,l2-1g:16x4";
const PIECE = 65536;

export const fixture = (name: string): string => `${root}test/fixtures/traces/${name}.lackey.xz`;

/** Data accesses of a real trace; kept as a file of u64 records for the native baselines, whose path comes too. */
export async function realTrace(name: string, most: number): Promise<{ records: BigUint64Array; path: string }> {
  mkdirSync(scratch, { recursive: true });
  const path = `${scratch}${name}-${most}.bin`;
  if (!existsSync(path)) writeFileSync(path, await readData(name, most));
  const bytes = readFileSync(path);
  return { records: new BigUint64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)), path };
}

async function readData(name: string, most: number): Promise<Uint8Array> {
  const source = await openTrace(fixture(name));
  const chosen = new Uint32Array(2 * most);
  let count = 0;
  try {
    for (let batch = await source.next(); batch !== undefined && count < most; batch = await source.next()) {
      const words = new Uint32Array(source.calls.memory.buffer, batch.at, 2 * batch.count);
      for (let i = 0; i < words.length && count < most; i += 2) {
        if ((words[i + 1] as number) >>> 24 === 0) continue;
        chosen[2 * count] = words[i] as number;
        chosen[2 * count + 1] = words[i + 1] as number;
        count++;
      }
    }
  } finally {
    await source.close();
  }
  return new Uint8Array(chosen.buffer, 0, 8 * count);
}

/** A synthetic trace as u64 records: uniform-P or zipf-P of common.h, bit for bit, its first records only. */
export function synthetic(name: string, count: number): BigUint64Array {
  const [kind = "", text = ""] = name.split("-");
  const pages = Number(text);
  const limits = kind === "zipf" ? zipfLimits(pages) : undefined;
  const words = new Uint32Array(2 * count);
  let x = 2463534242;
  for (let i = 0; i < count; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    const draw = x >>> 0;
    const page = limits ? (rankOf(limits, draw) * 40503) & (pages - 1) : Math.floor((draw * pages) / 2 ** 32);
    words[2 * i] = page * 4096;
    words[2 * i + 1] = 0x0108_0100;
  }
  return new BigUint64Array(words.buffer);
}

function zipfLimits(pages: number): Uint32Array {
  let total = 0;
  for (let k = 0; k < pages; k++) total += 1 / (k + 1);
  let sum = 0;
  return Uint32Array.from({ length: pages }, (_, k) => {
    sum += 1 / (k + 1);
    return Math.min(0xffffffff, Math.trunc((sum / total) * 2 ** 32));
  });
}

/** First rank whose limit is above the draw. */
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

export function engineFor(config: Partial<EngineConfig> = {}): Engine {
  return new Engine({ geometry: parseGeometry(HIERARCHY), pages: "4k", ...config });
}

/** Puts records into an engine's memory; gives what replays them, in slices as a reader would hand them over. */
export function loaded(engine: Engine, records: BigUint64Array): () => void {
  const base = engine.core.call.allocate(records.byteLength + 64) >>> 0;
  engine.core.bytes().set(new Uint8Array(records.buffer, records.byteOffset, records.byteLength), base);
  return () => {
    for (let at = 0; at < records.length; at += PIECE) {
      engine.replay(base + 8 * at, Math.min(PIECE, records.length - at));
    }
    engine.finish();
  };
}

/** The same for page keys: one for each reference, as tlbfast has them. */
export function loadedKeys(engine: Engine, records: BigUint64Array): () => void {
  const keys = keysOf(engine, records);
  const base = engine.core.call.allocate(keys.byteLength + 64) >>> 0;
  engine.core.bytes().set(new Uint8Array(keys.buffer), base);
  return () => {
    for (let at = 0; at < keys.length; at += PIECE) {
      engine.core.call.replayKeys(base + 4 * at, Math.min(PIECE, keys.length - at));
    }
  };
}

/** One key per reference: region numbers in order of appearance from 1, as the engine gives them. */
export function keysOf(engine: Engine, records: BigUint64Array): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(records.buffer, records.byteOffset, 2 * records.length);
  const keys = new Uint32Array(2 * records.length);
  const numbers = new Map<number, number>();
  let count = 0;
  for (let i = 0; i < words.length; i += 2) {
    const [low, high] = [words[i] as number, words[i + 1] as number];
    const region = high & 0xffff;
    let number = numbers.get(region);
    if (number === undefined) {
      // One access makes the engine number the region too.
      engine.feed(records.slice(i / 2, i / 2 + 1));
      number = numbers.size + 1;
      numbers.set(region, number);
    }
    const last = ((low & 4095) + Math.max(1, (high >>> 16) & 255) - 1) >>> 12;
    for (let page = 0; page <= last; page++) keys[count++] = ((number << 20) | (low >>> 12)) + page;
  }
  engine.finish();
  return keys.slice(0, count);
}

/** Every `every`th access is followed by the invalidation of its page, on the CPU that made it; CPUs take turns. */
export function withInvalidations(records: BigUint64Array, every: number, cpus: number, turn: number): BigUint64Array {
  const out: bigint[] = [];
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as bigint;
    if (i % turn === 0) out.push((20n << 56n) | BigInt(Math.floor(i / turn) % cpus));
    out.push(record);
    if (every > 0 && i % every === every - 1) out.push((18n << 56n) | (record & 0xffffffffffffn));
  }
  return BigUint64Array.from(out);
}

/** The first bytes of a real trace as text, whole lines. */
export async function lackeyText(name: string, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const piece of openBytes(fixture(name), {})) {
    parts.push(Uint8Array.from(piece));
    length += piece.length;
    if (length >= most) break;
  }
  const all = Buffer.concat(parts).subarray(0, most);
  return all.subarray(0, all.lastIndexOf(10) + 1);
}

/** Bytes as a file stream would deliver them. */
export async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

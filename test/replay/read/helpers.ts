/** Small traces in every format, and the records that they must become. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { InputError } from "../../../src/error.js";
import { openTrace, type TraceEnd, type TraceOptions } from "../../../src/replay/read/open.js";

const folder = mkdtempSync(join(tmpdir(), "shootdown-traces-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export const pathOf = (name: string): string => join(folder, name);

export function fileWith(name: string, content: string | Uint8Array): string {
  const path = pathOf(name);
  writeFileSync(path, content);
  return path;
}

export const FETCH = 0;
export const LOAD = 1;
export const STORE = 2;
export const MODIFY = 3;
export const SWITCH_CPU = 20;
export const SWITCH_ASID = 21;

export function record(type: number, address: bigint | number, size = 0): bigint {
  return (BigInt(type) << 56n) | (BigInt(size) << 48n) | (BigInt(address) & 0xffffffffffffn);
}

export interface Read {
  readonly records: bigint[];
  readonly format: string;
  readonly end: TraceEnd;
}

/** Everything that a trace yields. */
export async function readAll(path: string, options: TraceOptions = {}): Promise<Read> {
  const source = await openTrace(path, options);
  const records: bigint[] = [];
  for (let batch = await source.next(); batch !== undefined; batch = await source.next()) {
    records.push(...new BigUint64Array(source.calls.memory.buffer, batch.at, batch.count));
  }
  return { records, format: source.format, end: source.end as TraceEnd };
}

/** The records before the fault, and the fault. */
export async function readBad(path: string, options: TraceOptions = {}): Promise<{ count: number; message: string }> {
  let count = 0;
  try {
    const source = await openTrace(path, options);
    for (let batch = await source.next(); batch !== undefined; batch = await source.next()) count += batch.count;
  } catch (error) {
    if (error instanceof InputError) return { count, message: error.message };
    throw error;
  }
  throw new Error(`${path} was read without an error`);
}

/** Bytes in pieces of a size that moves between 1 and `most`, each piece overwritten once the next is asked for. */
export async function* pieces(bytes: Uint8Array, most: number): AsyncGenerator<Uint8Array> {
  let size = 1;
  for (let at = 0; at < bytes.length; ) {
    const piece = Uint8Array.from(bytes.subarray(at, at + size));
    at += piece.length;
    size = (size * 7 + 3) % most || most;
    yield piece;
    piece.fill(0xee);
  }
}

/** A program that is made up: two loops that call each other, a stack, an array, a rare far access. */
export function madeUp(count: number, withFetches = true): bigint[] {
  const records: bigint[] = [];
  let seed = 2463534242;
  const random = (): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return seed >>> 0;
  };
  for (let step = 0; records.length < count; step++) {
    const pc = 0x401000 + 4 * (step % 37) + (step % 111 > 60 ? 0x2000 : 0);
    if (withFetches) records.push(record(FETCH, pc, 4));
    if (step % 3 === 0) records.push(record(LOAD, 0x7ffe0000_0000n + BigInt(8 * step), 8));
    if (step % 5 === 0) records.push(record(STORE, 0x1fff000800n - BigInt(step % 64), 4));
    if (step % 97 === 0) records.push(record(MODIFY, BigInt(random()) << 12n, 16));
    if (step % 211 === 0) for (let i = 0; i < 12; i++) records.push(record(LOAD, 0x5000_0000 + 32 * i, 32));
  }
  return records.slice(0, count);
}

const LETTERS = ["I ", " L", " S", " M"];

export function lackeyText(records: readonly bigint[]): string {
  return records
    .map((value) => {
      const address = (value & 0xffffffffffffn).toString(16).padStart(8, "0");
      return `${LETTERS[Number(value >> 56n)]} ${address},${(value >> 48n) & 255n}\n`;
    })
    .join("");
}

/** A record of DynamoRIO's binary trace. */
export function drEntry(type: number, size: number, address: bigint | number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16LE(type, 0);
  bytes.writeUInt16LE(size, 2);
  bytes.writeBigUInt64LE(BigInt(address), 4);
  return bytes;
}

/** A record of ChampSim's trace. */
export function champsim(ip: bigint, loads: readonly bigint[] = [], stores: readonly bigint[] = []): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeBigUInt64LE(ip, 0);
  for (const [index, address] of stores.entries()) bytes.writeBigUInt64LE(address, 16 + 8 * index);
  for (const [index, address] of loads.entries()) bytes.writeBigUInt64LE(address, 32 + 8 * index);
  return bytes;
}

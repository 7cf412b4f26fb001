/** Shared by the tests of the readers: logs as text, files that are removed afterwards, and errors as values. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { InputError } from "../../src/error.js";
import { type StraceEvent, StraceParser } from "../../src/workload/strace.js";
import { lineChunks } from "../../src/workload/stream.js";

const folder = mkdtempSync(join(tmpdir(), "shootdown-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export function fileWith(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

export function temporaryFolder(): string {
  return folder;
}

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/oplogs/${name}.strace.xz`, import.meta.url));
}

export async function* pieces(content: string | Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export interface Parsed {
  events: StraceEvent[];
  ignored: Record<string, number>;
}

/** The events of a log that is given as text, fed in pieces of `size` bytes. */
export async function parse(log: string | Uint8Array, size = 1 << 20): Promise<Parsed> {
  const parser = new StraceParser("log");
  const events: StraceEvent[] = [];
  for await (const chunk of lineChunks("log", pieces(log, size))) events.push(...parser.push(chunk));
  events.push(...parser.end());
  return { events, ignored: Object.fromEntries(parser.ignored) };
}

/** The events of some lines. */
export async function eventsOf(...lines: string[]): Promise<StraceEvent[]> {
  return (await parse(`${lines.join("\n")}\n`)).events;
}

/** The only event of one line, without what every event has. */
export async function eventOf(call: string): Promise<Record<string, unknown>> {
  const events = await eventsOf(`7 0.5 ${call}`);
  if (events.length !== 1) throw new Error(`${events.length} events from ${call}`);
  const { pid, line, time, ...rest } = events[0] as StraceEvent;
  if (pid !== 7 || line !== 1 || time !== 0.5) throw new Error(`wrong head: ${pid} ${line} ${time}`);
  return rest;
}

/** The InputError that `work` ends with. */
export async function inputErrorOf(work: Promise<unknown>): Promise<InputError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof InputError) return error;
  throw new Error(`expected an InputError, got ${String(error)}`);
}

export async function drain<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/**
 * Reads an strace log of a real program as a stream of typed events.
 *
 * Protocol
 *   openStrace() opens nothing until its batches are asked for. A batch holds the events of some 256 KiB of text:
 *   loop over
 *   it with a plain `for`; an asynchronous step per event would cost more than parsing it.
 *
 * Reference: strace 6.1; `strace -f [-ttt|-tt|-t|-r] [-y] [-T] [-o LOG]`. See ./strace/events.ts for the events.
 */

import type { StraceEvent } from "./strace/events.js";
import { StraceParser } from "./strace/parser.js";
import { openLineChunks } from "./stream.js";

export type * from "./strace/events.js";
export { StraceParser } from "./strace/parser.js";

export interface StraceLog {
  /** Can be read once. Throws InputError on anything that is not a whole strace log. */
  readonly batches: AsyncGenerator<StraceEvent[]>;
  /** Calls so far that yielded no event, counted by name. */
  readonly ignored: ReadonlyMap<string, number>;
  /** Lines read so far. */
  readonly lines: number;
}

/** The events of the log at `path`, plain or packed with gzip or xz. */
export function openStrace(path: string, signal?: AbortSignal): StraceLog {
  const parser = new StraceParser(path);
  return {
    batches: eventBatches(parser, path, signal),
    get ignored() {
      return parser.ignored;
    },
    get lines() {
      return parser.lines;
    },
  };
}

/** One event at a time; for logs that are small or code that is not hot. */
export async function* straceEvents(path: string, signal?: AbortSignal): AsyncGenerator<StraceEvent> {
  for await (const batch of openStrace(path, signal).batches) yield* batch;
}

async function* eventBatches(parser: StraceParser, path: string, signal?: AbortSignal): AsyncGenerator<StraceEvent[]> {
  for await (const chunk of openLineChunks(path, signal)) {
    const events = parser.push(chunk);
    if (events.length > 0) yield events;
  }
  const rest = parser.end();
  if (rest.length > 0) yield rest;
}

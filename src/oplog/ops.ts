/**
 * The `.ops` form: one letter and its numbers a line, hexadecimal but for tasks, CPUs and pages.
 *
 * Format: test/fixtures/oplogs/README.md.
 */
import { excerpt, InputError } from "../error.js";
import type { LogEvent } from "./events.js";

/** A result that is an errno: the last page of the address space. */
const ERRORS_FROM = 2 ** 64 - 4096;

/** A line of an .ops log begins like this. */
export const OPS_LINE = /^[muparbcxeEdFKt] \d+ \d+( |$)/;

/** One line; undefined for an empty one or a comment. Throws an InputError that names it. */
export function parseOpsLine(text: string, source: string, line: number): LogEvent | undefined {
  if (text === "" || text.startsWith("#")) return undefined;
  const words = text.split(" ");
  const [pid, cpu] = [Number(words[1]), Number(words[2])];
  if (!OPS_LINE.test(text)) throw reject(text, source, line);
  const common = { line, pid, cpu };
  const equals = words.indexOf("=");
  const hex = (i: number): number => {
    const value = Number.parseInt(words[i] ?? "", 16);
    if (Number.isNaN(value)) throw reject(text, source, line);
    return value;
  };
  const result = equals < 0 ? 0 : (words[equals + 1] ?? "").startsWith("-") ? -1 : resultOf(words[equals + 1] ?? "");
  if (result < 0) return { ...common, kind: "other" };
  switch (words[0]) {
    case "m": {
      const range = { address: hex(equals + 1), length: hex(4) };
      return { ...common, kind: "mmap", ...range, prot: hex(5), flags: hex(6), offset: hex(7) };
    }
    case "u":
      return { ...common, kind: "munmap", address: hex(3), length: hex(4) };
    case "p":
      return { ...common, kind: "mprotect", address: hex(3), length: hex(4), prot: hex(5) };
    case "a":
      return { ...common, kind: "madvise", address: hex(3), length: hex(4), advice: hex(5) };
    case "r":
      return { ...common, kind: "mremap", address: hex(3), length: hex(4), newLength: hex(5), to: hex(equals + 1) };
    case "b":
      return { ...common, kind: "brk", end: hex(equals + 1) };
    case "c":
      // Children are renumbered tasks, in decimal. A thread is made by clone3; vfork lends its memory.
      return {
        ...common,
        kind: "clone",
        child: Number(words[equals + 1]),
        shares: /vfork|clone3/.test(words[3] ?? ""),
      };
    case "F":
    case "K":
      return faultOf(common, hex(3), Number(words[4]), hex(5));
    case "t":
      return { ...common, kind: "flush", reason: Number(words[3]), pages: Number(words[4]) };
    case "x":
      return { ...common, kind: "exec" };
    case "d":
      return { ...common, kind: "gone" };
    default:
      return { ...common, kind: "exit" };
  }
}

export function faultOf(
  common: { line: number; pid: number; cpu: number },
  address: number,
  pages: number,
  code: number,
): LogEvent {
  const bits = { write: (code & 2) !== 0, present: (code & 1) !== 0, inKernel: (code & 4) === 0 };
  return { ...common, kind: "fault", address, pages, ...bits };
}

function resultOf(text: string): number {
  const value = Number.parseInt(text, 16);
  return value >= ERRORS_FROM ? -1 : value;
}

function reject(text: string, source: string, line: number): InputError {
  return new InputError(`${excerpt(text)} is no line of an .ops log`, {
    source,
    line,
    remedy: "docs/run.md says what a log with faults looks like",
  });
}

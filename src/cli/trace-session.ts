/**
 * What the trace commands need of the command line: where to print, how it looks, the signal of Ctrl-C, the exit code.
 *
 * `Session` of src/cli/session.ts is one; a test makes another.
 */
import type { TlbLook } from "../report/tlb.js";

export interface TraceSession {
  readonly signal: AbortSignal;
  readonly json: boolean;
  readonly look: TlbLook;
  readonly progress: { show(text: () => string): void };
  code: number;
  print(text: string): void;
  printJson(value: object): void;
  /** To stderr: no result. */
  remark(text: string): void;
}

/** Wrong use or bad input: a trace that is cut. */
export const EXIT_BAD_INPUT = 2;

/** The examples that end a help text. */
export function exampleText(lines: readonly (readonly [command: string, what: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  return `\nExamples:\n${lines.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`).join("\n")}`;
}

/** Records and their rate, for the progress line. */
export function recordProgress(name: string): (progress: { records: number }) => string {
  const start = performance.now();
  return ({ records }) => {
    const seconds = (performance.now() - start) / 1000;
    const rate = seconds > 0 ? `, ${(records / seconds / 1e6).toFixed(1)} M/s` : "";
    return `${name}: ${records.toLocaleString("en-US")} records${rate}`;
  };
}

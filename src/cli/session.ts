/**
 * What every command shares: where it prints, how it looks, the signal that Ctrl-C gives, the exit code.
 */
import { coloured, type Look, plain } from "../report/paint.js";
import { Exit } from "./exit.js";
import { Progress } from "./progress.js";

const PIPE_WIDTH = 120;
const WIDTH_LEAST = 80;
const WIDTH_MOST = 140;

export class Session {
  readonly progress = new Progress(process.stderr);
  readonly signal: AbortSignal;
  json = false;
  look: Look = { paint: plain, width: PIPE_WIDTH };
  /** What the process ends with, unless it fails. */
  code: number = Exit.OK;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  /** Takes over the options that every command has. */
  configure(options: { json?: boolean; color?: boolean }): void {
    this.json = options.json ?? false;
    const width = Math.min(WIDTH_MOST, Math.max(WIDTH_LEAST, process.stdout.columns ?? PIPE_WIDTH));
    this.look = { paint: wantsColour(options.color ?? true) ? coloured : plain, width };
  }

  print(text: string): void {
    this.progress.clear();
    process.stdout.write(text);
  }

  printJson(value: object): void {
    this.print(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** A remark that is no result. */
  remark(text: string): void {
    this.progress.clear();
    process.stderr.write(`${text}\n`);
  }
}

/** --no-color and NO_COLOR hold; FORCE_COLOR next; else a terminal has colour and a pipe has none. */
function wantsColour(allowed: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (!allowed || (NO_COLOR !== undefined && NO_COLOR !== "")) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return process.stdout.isTTY === true && TERM !== "dumb";
}

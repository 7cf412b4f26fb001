/**
 * Exit codes, and every failure as one line on stderr.
 */
import { CommanderError } from "commander";
import { InputError } from "../error.js";

export const Exit = {
  OK: 0,
  /** Harm was found. */
  HARM: 1,
  /** Wrong use or bad input. */
  USAGE: 2,
  /** A defect of the simulator. */
  DEFECT: 3,
  INTERRUPTED: 130,
} as const;

export interface Failure {
  readonly code: number;
  /** Empty when everything has been said. */
  readonly message: string;
}

/** What to say about an error, and how to end. */
export function failureOf(error: unknown, interrupted: boolean): Failure {
  if (error instanceof CommanderError) return ofCommander(error);
  if (error instanceof InputError) return { code: Exit.USAGE, message: `shootdown: ${error.message}` };
  if (interrupted) return { code: Exit.INTERRUPTED, message: "shootdown: interrupted" };
  if (isSystemError(error)) return { code: Exit.USAGE, message: `shootdown: ${error.message}` };
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const stack = process.env.SHOOTDOWN_DEBUG === "1" && error instanceof Error ? `\n${error.stack}` : "";
  const line = what.replace(/\s+/g, " ");
  const ask = line.includes("please report it") ? "" : "; this is a defect of the simulator, please report it";
  return { code: Exit.DEFECT, message: `shootdown: ${line}${ask}${stack}` };
}

/** A file that cannot be opened or read: the message names it. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}

/** Help and version end well; the rest is wrong use, said in commander's words on one line. */
function ofCommander(error: CommanderError): Failure {
  if (error.exitCode === 0) return { code: Exit.OK, message: "" };
  const what = error.message
    .replace(/^error: /, "")
    .replace(/\s+/g, " ")
    .trim();
  const isHelp = error.code === "commander.help";
  return { code: Exit.USAGE, message: isHelp ? "" : `shootdown: ${what}; see shootdown --help` };
}

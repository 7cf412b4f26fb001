/**
 * `shootdown fuzz --input FILE`: one byte string through the decoding of fuzzOne, for fuzzers that live outside.
 */
import { readFileSync } from "node:fs";
import { InputError } from "../../error.js";
import { type FuzzOneResult, fuzzOne } from "../../fuzz/one.js";
import { formatFuzzOne } from "../../report/fuzz-one.js";
import { Exit } from "../exit.js";
import type { Session } from "../session.js";

const STDIN = 0;

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file === "-" ? STDIN : file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`the input cannot be read: ${reason}`, {
      source: file === "-" ? "standard input" : file,
      remedy: "name a file of bytes, or - for standard input",
    });
  }
}

/** The JSON of one input: bytes as hexadecimal text. */
export function inputJson(result: FuzzOneResult): object {
  const { edition, backend, steps, violations, program, schedule, hash } = result;
  const canonical = Buffer.from(result.canonical).toString("hex");
  return { schema: "shootdown/fuzz-input@1", edition, backend, steps, violations, program, schedule, canonical, hash };
}

/** Runs the bytes once. Ends with 1 when they do harm. */
export function runInput(file: string, options: { edition?: string; backend?: string }, session: Session): void {
  const { edition, backend } = options;
  const chosen = { ...(edition === undefined ? {} : { edition }), ...(backend === undefined ? {} : { backend }) };
  const result = fuzzOne(readBytes(file), chosen);
  session.code = result.violations.some(({ severity }) => severity === "harm") ? Exit.HARM : Exit.OK;
  if (session.json) session.printJson(inputJson(result));
  else session.print(formatFuzzOne(result, session.look));
}

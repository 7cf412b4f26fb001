/**
 * From a finding to its case: the smallest program, the shortest schedule. The same wherever and whenever it is made.
 */
import { kindName } from "../names.js";
import { type CaseFile, makeCase } from "./case.js";
import { arenaFor, fuzzOne } from "./one.js";
import { shrinkInput, type Target } from "./shrink.js";

/** A finding that is to be shrunk: where it was found, its input (hexadecimal), what must stay. */
export interface Large {
  readonly edition: string;
  readonly backend: string;
  readonly input: string;
  readonly target: Target;
}

/** Undefined when the input does not show the target any more. */
export async function smallestOf({ edition, backend, input, target }: Large): Promise<CaseFile | undefined> {
  const arena = arenaFor(edition, backend);
  const small = shrinkInput(arena, Uint8Array.from(Buffer.from(input, "hex")), target);
  if (small === undefined) return undefined;
  const lines = { born: arena.lineName(target.birth), where: arena.lineName(target.at) };
  return makeCase(fuzzOne(small, { edition, backend }), kindName(target.kind), lines);
}

/**
 * What single steps and obligations are noted to use, for the test that looks whether notes say everything
 * (test/explore/notes.test.ts). A search that leaves schedules out must have been laid out.
 */
import { Access, noteObligation } from "../ghost/cells";
import { moveAgent } from "../run";
import { noteInto, obligationAt } from "../word";
import { firstWord, mapBytes, wordCount } from "./places";
import { reductionAt } from "./space";

function begin(): void {
  memory.fill(reductionAt, 0, mapBytes);
  noteInto(reductionAt, firstWord, wordCount);
}

function end(): u32 {
  noteInto(0, 0, 0);
  return reductionAt;
}

/** Moves an agent. Gives the byte where its uses are: one for each hashed word before the obligations, then cells. */
export function usesOfStep(agent: u32): u32 {
  begin();
  moveAgent(agent);
  return end();
}

/** The same of obligation `i`: every cell that it is in. */
export function usesOfObligation(i: u32): u32 {
  begin();
  noteObligation(obligationAt(i), Access.READ);
  return end();
}

/** Bytes of both. */
export function usesBytes(): u32 {
  return mapBytes;
}

/**
 * What is wrong with a trace, in words: one InputError for each ReadFault.
 */
import { ReadFault, ReadWord } from "../../../assembly/abi/read.js";
import { excerpt, InputError } from "../../error.js";
import type { Arena } from "./arena.js";
import type { TraceFormatName } from "./detect.js";

const LACKEY_FORM = "a lackey line is ` L 1ffeffe868,8`: kind (I, L, S, M), hexadecimal address, comma, size";
const VIEW_FORM = "a line of the view is `<record#> <instr#>: <tid> read 8 byte(s) @ 0x7ffe8b0a0f28 by PC 0x401000`";

const WORDS: Readonly<Record<ReadFault, readonly [what: string, remedy: string]>> = {
  [ReadFault.NONE]: ["cannot be read", "report it as a defect"],
  [ReadFault.FOREIGN_LINE]: ["not a line of a trace", "keep other output out of it (valgrind --log-file=FILE)"],
  [ReadFault.ADDRESS]: ["no address", ""],
  [ReadFault.SIZE]: ["no size of at least 1", ""],
  [ReadFault.LINE_END]: ["the line goes on after the size", ""],
  [ReadFault.RECORD_TYPE]: ["a record of a type that does not exist", "give the canonical trace, made by raw2trace"],
  [ReadFault.MAGIC]: ["not a compact trace", "make it with `shootdown convert`"],
  [ReadFault.VERSION]: ["made by another version of `shootdown convert`", "convert the trace again"],
  [ReadFault.BLOCK_LENGTHS]: ["the block's lengths are impossible: the file is damaged", "convert the trace again"],
  [ReadFault.CHECKSUM]: ["the block's checksum is wrong: the file is damaged", "copy or convert the trace again"],
  [ReadFault.STREAMS]: ["the block does not hold what it says: the file is damaged", "convert the trace again"],
  [ReadFault.TOTAL]: ["blocks are missing: the count at the end is another", "copy or convert the trace again"],
  [ReadFault.TOO_MANY_CPUS]: ["more CPUs than 4096", "cut the trace down"],
  [ReadFault.TOO_MANY_ASIDS]: ["more than 256 processes or 2048 threads", "give the trace of fewer processes"],
  [ReadFault.FLAGS]: ["not a ChampSim record: a branch flag is neither 0 nor 1", "give records of 64 bytes"],
};

/** The fault that the last call of `read` left; `left` bytes of input begin with what is at fault. */
export function faultError(
  arena: Arena,
  format: TraceFormatName,
  place: { source: string; offset: number; consumed: number; left: number; isPacked: boolean },
): InputError {
  const { source } = place;
  const at = arena.word(ReadWord.FAULT_AT);
  const [what, remedy] = WORDS[arena.word(ReadWord.FAULT) as ReadFault] ?? WORDS[ReadFault.NONE];
  if (format === "lackey" || format === "drmemtrace-view") {
    const bytes = arena.inputFrom(0, place.left);
    const end = bytes.indexOf(10);
    const text = Buffer.from(bytes.subarray(0, end < 0 ? place.left : end)).toString("latin1");
    const column = at - place.consumed + 1;
    return new InputError(`column ${column}: ${what}: ${excerpt(text)}`, {
      source,
      line: arena.word(ReadWord.LINES) + 1,
      remedy: remedy || (format === "lackey" ? LACKEY_FORM : VIEW_FORM),
    });
  }
  const unpacked = place.isPacked ? " (counted after unpacking)" : "";
  return new InputError(`${what}${unpacked}`, { source, byte: place.offset + at - place.consumed, remedy });
}

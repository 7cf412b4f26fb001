/** The exports of the trace readers and of the compact form's writer. */
import { ReadWord, TraceFormat } from "../../abi/read";
import { readChampsim } from "./champsim";
import { readCompact } from "./compact";
import { prepareCrc } from "./crc";
import { readDrmemtrace } from "./drmemtrace";
import { readLackey } from "./lackey";
import { readView } from "./view";

export { arenaAt } from "./arena";
export { writeBlock, writeEnd, writeHeader } from "./write";

/** Makes an arena of arenaAt(END) zeroed bytes ready. */
export function prepareArena(arena: usize): void {
  memory.fill(arena, 0, (<usize>ReadWord.WORDS) << 2);
  prepareCrc(arena);
}

/** Reads from the arena's input; returns the number of records. */
export function readTrace(arena: usize, format: u32, length: u32): u32 {
  switch (format) {
    case TraceFormat.LACKEY:
      return readLackey(arena, length);
    case TraceFormat.VIEW:
      return readView(arena, length);
    case TraceFormat.DRMEMTRACE:
      return readDrmemtrace(arena, length);
    case TraceFormat.CHAMPSIM:
      return readChampsim(arena, length);
    default:
      return readCompact(arena, length);
  }
}

/**
 * valgrind lackey: `I  0401ab70,3`, ` L 1ffeffe868,8`, ` S ...`, ` M ...`.
 *
 * A line is recognised by its first three characters, its address by one vector, and its length follows from both, so
 * that nobody looks for newlines. What does not look like that goes to `slowLine`: valgrind's own messages
 * (`==pid==`, `--pid--`, `**pid**`), empty lines, `\r\n`, short or long addresses, and what is wrong.
 *
 * Reference: lackey/lk_main.c (trace_instr, trace_load, ...): addresses with at least eight digits, sizes in decimal.
 */
import { RECORDS_MAX, ReadFault, ReadStatus, ReadWord } from "../../abi/read";
import { RecordType } from "../../abi/replay";
import { clip, done, INPUT, RECORDS, record, refuse, setWord, word } from "./arena";
import { hexCount, hexValue, isDigit, lineEnd } from "./text";

/** By the low three bits of the second character: the three characters, and the type in the highest byte. */
const HEADS = memory.data<u64>([
  0x0000000000202049, 0xff000000ffffffff, 0xff000000ffffffff, 0x0200000000205320, 0x0100000000204c20,
  0x0300000000204d20, 0xff000000ffffffff, 0xff000000ffffffff,
]);

/** Reads whole lines only; the host keeps a line whose end has not come. */
export function readLackey(arena: usize, length: u32): u32 {
  const end = arena + INPUT + <usize>length;
  const outEnd = arena + RECORDS + 8 * <usize>RECORDS_MAX;
  let p = arena + INPUT;
  let out = arena + RECORDS;
  let lines = word(arena, ReadWord.LINES);
  setWord(arena, ReadWord.STATUS, ReadStatus.MORE);
  while (p < end && out < outEnd) {
    const head = load<u64>(HEADS + ((<usize>load<u8>(p, 1) & 7) << 3));
    const digits = hexCount(p + 3);
    const comma = p + 3 + <usize>digits;
    const tail = load<u32>(comma);
    const size = ((tail >>> 8) & 0xff) - 0x31;
    // One size digit, which nearly every line has: ",8\n".
    const isUsual = (tail & 0xff00ff) == 0x0a002c && size < 9 && <u32>(digits - 1) < 12;
    if (isUsual && <u32>head == (load<u32>(p) & 0xffffff) && comma + 2 < end) {
      const high = (head & 0xff00000000000000) | ((<u64>(size + 1)) << 48);
      store<u64>(out, high | hexValue(p + 3, digits));
      out += 8;
      p = comma + 3;
      lines++;
      continue;
    }
    const eol = lineEnd(p, end);
    if (eol == end) break;
    const next = slowLine(arena, p, eol, out);
    if (next == 0) break;
    out = next;
    p = eol + 1;
    lines++;
  }
  setWord(arena, ReadWord.LINES, lines);
  return done(arena, p, out);
}

/** Any line, by the book; returns the end of the records, 0 after a fault. */
function slowLine(arena: usize, p: usize, eol: usize, out: usize): usize {
  if (eol > p && load<u8>(eol - 1) == 0x0d) eol--;
  if (eol == p || isChatter(p)) return out;
  const type = typeOf(p);
  if (eol - p < 3 || type < 0) return refuse(arena, ReadFault.FOREIGN_LINE, p);
  let q = p + 3;
  const digits = hexCount(q);
  const comma = q + <usize>digits;
  if (digits == 0 || comma >= eol || load<u8>(comma) != 0x2c) {
    return refuse(arena, ReadFault.ADDRESS, comma < eol ? comma : eol);
  }
  const address = hexValue(q, digits);
  q = comma + 1;
  let size: u64 = 0;
  while (q < eol && q < comma + 10 && isDigit(q)) size = size * 10 + <u64>(load<u8>(q++) - 0x30);
  if (size == 0) return refuse(arena, ReadFault.SIZE, comma + 1);
  if (q != eol) return refuse(arena, ReadFault.LINE_END, q);
  store<u64>(out, record(<u64>type, clip(arena, size), address));
  return out + 8;
}

/** Does valgrind itself speak? Its lines begin with `==`, `--` or `**`, then the process. */
function isChatter(p: usize): bool {
  const pair = load<u16>(p);
  return (pair == 0x3d3d || pair == 0x2d2d || pair == 0x2a2a) && isDigit(p + 2);
}

function typeOf(p: usize): i32 {
  switch (load<u32>(p) & 0xffffff) {
    case 0x202049:
      return RecordType.FETCH;
    case 0x204c20:
      return RecordType.LOAD;
    case 0x205320:
      return RecordType.STORE;
    case 0x204d20:
      return RecordType.MODIFY;
    default:
      return -1;
  }
}

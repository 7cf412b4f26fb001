/**
 * DynamoRIO's text view: what `drrun -t drcachesim -indir DIR -simulator_type view` prints.
 *
 *   `<record#> <instr#>: <tid> ifetch       3 byte(s) @ 0x00007f8ad6a8e090 48 89 e7   mov    %rsp -> %rdi`
 *   `<record#> <instr#>: <tid> read         8 byte(s) @ 0x00007ffe8b0a0f28 by PC 0x00007f8ad6a8e093`
 *   `<record#> <instr#>: <tid> <marker: tid 21646 on core 3>`
 *
 * All versions: with or without <instr#>; `T21646`, `21646` or `W0.T21646` for the thread, where W is the workload,
 * which is an address space of its own. Kept and skipped: as in drmemtrace.ts. A long instruction continues on a second
 * line, which has a prefix, blanks, and the bytes that are left.
 *
 * Reference: clients/drcachesim/tools/view.cpp.
 */
import { RECORDS_MAX, ReadFault, ReadStatus, ReadWord } from "../../abi/read";
import { RecordType } from "../../abi/replay";
import { clip, done, INPUT, RECORDS, record, refuse, setWord, switchAsid, switchCpu, word } from "./arena";
import { hexCount, hexValue, isDigit, lineEnd, startsWith } from "./text";

const SPACE: u8 = 0x20;
const COLON: u8 = 0x3a;

const IFETCH: u64 = 0x686374656669;
const READ: u64 = 0x2064616572;
const WRITE: u64 = 0x206574697277;
const PREF: u64 = 0x66657270;
const IFLUSH: u64 = 0x6873756c6669;
const DFLUSH: u64 = 0x6873756c6664;
/** `<marker:`, `<thread `, `<entry t`. */
const MARKER: u64 = 0x3a72656b72616d3c;
const THREAD: u64 = 0x206461657268743c;
const ENTRY: u64 = 0x74207972746e653c;
/** ` on core`, `byte(s) `, `@ 0x`, ` non-fet`. */
const ON_CORE: u64 = 0x65726f63206e6f20;
const BYTES: u64 = 0x2029732865747962;
const AT: u64 = 0x78302040;
const NOT_FETCHED: u64 = 0x7465662d6e6f6e20;
/** `Output f`, `View too`, `total in`. */
const OUTPUT: u64 = 0x662074757074754f;
const RESULTS: u64 = 0x6f6f742077656956;
const TOTALS: u64 = 0x6e69206c61746f74;

/** Blanks before the bytes that are left of a long instruction: at least the width of the column of names. */
const SPILL_BLANKS: usize = 12;

export function readView(arena: usize, length: u32): u32 {
  const end = arena + INPUT + <usize>length;
  // A line yields two at most.
  const outEnd = arena + RECORDS + 8 * <usize>(RECORDS_MAX - 2);
  let p = arena + INPUT;
  let out = arena + RECORDS;
  let lines = word(arena, ReadWord.LINES);
  setWord(arena, ReadWord.STATUS, ReadStatus.MORE);
  while (p < end && out < outEnd) {
    const eol = lineEnd(p, end);
    if (eol == end) break;
    const next = line(arena, p, eol, out);
    if (next == 0) break;
    out = next;
    p = eol + 1;
    lines++;
  }
  setWord(arena, ReadWord.LINES, lines);
  return done(arena, p, out);
}

/** One line; returns the end of the records, 0 after a fault. */
function line(arena: usize, p: usize, eol: usize, out: usize): usize {
  if (eol > p && load<u8>(eol - 1) == 0x0d) eol--;
  let q = blanks(p, eol);
  if (q == eol || isHeading(q)) return out;
  if (!isDigit(q)) return refuse(arena, ReadFault.FOREIGN_LINE, q);
  q = blanks(digits(q, eol), eol);
  if (q < eol && isDigit(q)) q = digits(q, eol);
  if (q >= eol || load<u8>(q) != COLON) return refuse(arena, ReadFault.FOREIGN_LINE, q);
  q = blanks(q + 1, eol);
  if (startsWith(q, TOTALS, 8)) return out;
  if (load<u8>(q) == 0x57) {
    out = switchAsid(arena, number(q + 1, eol), out);
    if (out == 0) return refuse(arena, ReadFault.TOO_MANY_ASIDS, q);
  }
  q = token(q, eol);
  const name = blanks(q, eol);
  if (startsWith(name, READ, 5)) return access(arena, RecordType.LOAD, name + 5, eol, out);
  if (startsWith(name, WRITE, 6)) return access(arena, RecordType.STORE, name + 6, eol, out);
  if (startsWith(name, IFETCH, 6)) return access(arena, RecordType.FETCH, name + 6, eol, out);
  if (startsWith(name, MARKER, 8)) return marker(arena, name + 8, eol, out);
  return name - q >= SPILL_BLANKS || isSkipped(name) ? out : refuse(arena, ReadFault.FOREIGN_LINE, name);
}

/** `Output format:`, `<--record#-> ...`, `<record#>: ...`, `----`, `View tool results:`. */
function isHeading(q: usize): bool {
  if (startsWith(q, OUTPUT, 8) || startsWith(q, RESULTS, 8)) return true;
  return load<u8>(q) == 0x3c || load<u16>(q) == 0x2d2d;
}

function isSkipped(name: usize): bool {
  if (startsWith(name, PREF, 4) || startsWith(name, IFLUSH, 6) || startsWith(name, DFLUSH, 6)) return true;
  return startsWith(name, THREAD, 8) || startsWith(name, ENTRY, 8);
}

/** `  8 byte(s) @ 0x00007ffe8b0a0f28 ...` */
function access(arena: usize, type: u32, p: usize, eol: usize, out: usize): usize {
  let q = blanks(p, eol);
  const afterSize = digits(q, eol);
  const size = number(q, eol);
  if (afterSize == q || !startsWith(afterSize + 1, BYTES, 8)) return refuse(arena, ReadFault.SIZE, q);
  q = afterSize + 9;
  if (!startsWith(q, AT, 4)) return refuse(arena, ReadFault.ADDRESS, q);
  q += 4;
  const count = hexCount(q);
  const after = q + <usize>count;
  // The end of the address must be seen, or a line that is cut by a full disk would be taken for another address.
  if (count == 0 || after > eol || load<u8>(after) > SPACE) return refuse(arena, ReadFault.ADDRESS, q);
  if (type == RecordType.FETCH && startsWith(after, NOT_FETCHED, 8)) return out;
  store<u64>(out, record(<u64>type, clip(arena, size), hexValue(q, count)));
  return out + 8;
}

/** `<marker: tid 21646 on core 3>`, `<marker: W0.T21646 on core 3>`; all others say nothing about memory. */
function marker(arena: usize, p: usize, eol: usize, out: usize): usize {
  let q = p;
  while (q + 10 < eol && !startsWith(q, ON_CORE, 8)) q++;
  if (q + 10 >= eol || !isDigit(q + 9)) return out;
  const next = switchCpu(arena, number(q + 9, eol) & 0xfff, out);
  return next == 0 ? refuse(arena, ReadFault.TOO_MANY_CPUS, q) : next;
}

function blanks(q: usize, eol: usize): usize {
  while (q < eol && load<u8>(q) == SPACE) q++;
  return q;
}

function token(q: usize, eol: usize): usize {
  while (q < eol && load<u8>(q) != SPACE) q++;
  return q;
}

function digits(q: usize, eol: usize): usize {
  while (q < eol && isDigit(q)) q++;
  return q;
}

function number(q: usize, eol: usize): u64 {
  let value: u64 = 0;
  while (q < eol && isDigit(q)) value = value * 10 + <u64>(load<u8>(q++) - 0x30);
  return value;
}

/**
 * From the bytes of a call to the registers that its listing starts with. Any bytes do.
 *
 * The first GiB of every mm is for base pages, and there a range may begin anywhere; above it ranges go by huge pages
 * or whole GiBs, so that no huge page is ever cut: the kernel refuses that.
 */
import { CallEntry, Draw, HUGE_FILES } from "../abi/fuzz";
import { Boot } from "../abi/layout";
import { Reg } from "../abi/operands";
import { VmaFlag } from "../abi/records";
import { alignDown, pagesOf, spaceEnd } from "../hw/tables";
import { boot, get, mms, put, putLong, scriptBase } from "../word";

const HUGE: u32 = 1;
const GIB: u32 = 2;

let bytes: u32 = 0;
let script: u32 = 0;
let written: u32 = 0;

function nextByte(): u32 {
  return load<u8>(bytes++);
}

function give(register: u32, value: u64): void {
  put(scriptBase + script, register);
  putLong(scriptBase + script + 1, value);
  script += 3;
  written++;
}

let from: u64 = 0;
let to: u64 = 0;

/** Unit in bits 4 and 5 of the first byte (two of four: GiB, one: huge page, one: base page), place in bits 0 to 3. */
function drawRange(): void {
  const a = nextByte();
  const b = nextByte();
  const kind = (a >> 4) & 3;
  const at = (<u64>(a & 15) * spaceEnd()) >> 4;
  let level: u32 = kind < 2 ? GIB : kind == 2 ? HUGE : 0;
  if (level == 0 && at >= pagesOf(GIB)) level = HUGE;
  const unit = pagesOf(level);
  from = alignDown(at, level);
  const room = level == 0 ? pagesOf(GIB) : spaceEnd();
  to = min<u64>(from + unit * <u64>(1 + (b & 3)), room);
}

function drawFileRange(): void {
  const most = <u64>boot(Boot.FILE_PAGES);
  from = <u64>nextByte() % most;
  to = min<u64>(from + 1 + <u64>(nextByte() & 3), most);
}

/**
 * One of four mappings is of anonymous pages, one of the ordinary file. Huge pages go above the first GiB, at offsets
 * that are mostly whole GiBs.
 */
function drawMap(): void {
  const a = nextByte();
  const b = nextByte();
  if ((a & 3) == 3) {
    give(Reg.FILE, 0);
    give(Reg.OFFSET, 0);
    give(Reg.FLAGS, 0);
    return;
  }
  if ((a & 3) == 2) {
    give(Reg.FILE, 1 + HUGE_FILES);
    give(Reg.OFFSET, <u64>(b & 3));
    give(Reg.FLAGS, VmaFlag.SHARED | VmaFlag.MAYSHARE);
    return;
  }
  const gib = pagesOf(GIB);
  if (from < gib) {
    const length = max<u64>(alignDown(to + pagesOf(HUGE) - 1 - from, HUGE), pagesOf(HUGE));
    from = gib;
    to = min<u64>(gib + length, spaceEnd());
    give(Reg.START, from);
    give(Reg.END, to);
  }
  give(Reg.FILE, 1 + <u64>((a >> 2) % HUGE_FILES));
  const offset = b < 192 ? <u64>((b >> 6) & 1) * gib : <u64>(b & 3) * pagesOf(HUGE);
  give(Reg.OFFSET, offset);
  give(Reg.FLAGS, VmaFlag.SHARED | VmaFlag.MAYSHARE | VmaFlag.HUGETLB);
}

/** What may be a huge page stays above the first GiB, where a range of base pages would cut it. */
function drawDestination(): u64 {
  const at = alignDown((<u64>(nextByte() & 15) * spaceEnd()) >> 4, HUGE);
  const gib = pagesOf(GIB);
  return from >= gib && at < gib ? at + gib : at;
}

function giveRange(): void {
  give(Reg.START, from);
  give(Reg.END, to);
}

function drawProt(): u64 {
  return (nextByte() & 3) < 2 ? VmaFlag.READ | VmaFlag.WRITE : VmaFlag.READ;
}

function drawFileTail(): void {
  to = <u64>boot(Boot.FILE_PAGES);
  from = <u64>nextByte() % to;
  giveRange();
}

function drawFilePage(): void {
  from = <u64>nextByte() % <u64>boot(Boot.FILE_PAGES);
  to = from + 1;
  giveRange();
}

// biome-ignore format: one kind, one line
function drawOne(draw: u32, register: u32): void {
  switch (draw) {
    case Draw.RANGE: drawRange(); giveRange(); break;
    case Draw.FILE_RANGE: drawFileRange(); giveRange(); break;
    case Draw.FILE_TAIL: drawFileTail(); break;
    case Draw.FILE_PAGE: drawFilePage(); break;
    case Draw.SPACE: give(Reg.START, 0); give(Reg.END, spaceEnd()); break;
    case Draw.ADDRESS: give(register, (<u64>(nextByte() & 15) * spaceEnd()) >> 4); break;
    case Draw.DESTINATION: give(register, drawDestination()); break;
    case Draw.FILE: give(register, nextByte() % HUGE_FILES); break;
    case Draw.PAGE_FILE: give(register, HUGE_FILES); break;
    case Draw.MAP: drawMap(); break;
    case Draw.PROT: give(register, drawProt()); break;
    case Draw.MM: give(register, nextByte() % mms); break;
    default: give(register, nextByte() & 7); break;
  }
}

/** Writes the call `entry` of the table with the arguments at `at` into the script region from word `word` on. */
export function writeCall(entry: u32, at: u32, word: u32): u32 {
  bytes = at;
  script = word + 2;
  written = 0;
  const count = get(entry + CallEntry.COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const argument = entry + CallEntry.ARGUMENTS + 2 * i;
    drawOne(get(argument), get(argument + 1));
  }
  put(scriptBase + word, get(entry + CallEntry.ENTRY));
  put(scriptBase + word + 1, written);
  return script;
}

/** The mm that a call gives the CPU to: its one argument. */
export function switchTarget(at: u32): u32 {
  return load<u8>(at) % mms;
}

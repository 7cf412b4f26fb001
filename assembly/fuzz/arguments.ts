/**
 * From the bytes of a call to the registers that its listing starts with. Any bytes do.
 *
 * The first GiB of every mm is for base pages, and there a range may begin anywhere; above it ranges go by huge pages
 * or whole GiBs, so that no huge page is ever cut: the kernel refuses that. In other themes all happens in the first
 * GiB, where ranges go by huge pages if there may be some; a guest has its huge pages in the second, the kernel has the
 * last.
 */
import { CallEntry, DEVICE_FILE, Draw, HUGE_FILES, LARGE_FILE, Theme } from "../abi/fuzz";
import { Boot } from "../abi/layout";
import { Reg } from "../abi/operands";
import { VmaFlag } from "../abi/records";
import { alignDown, pagesOf, spaceEnd } from "../hw/tables";
import { boot, get, mms, put, putLong, scriptBase } from "../word";

const HUGE: u32 = 1;
const GIB: u32 = 2;

let theme: u32 = 0;
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
  if (theme != Theme.HUGETLB) {
    drawSmallRange();
    return;
  }
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

/** An address in the first GiB. */
function drawSmall(): u64 {
  return (<u64>(nextByte() & 15) * pagesOf(GIB)) >> 4;
}

/** One unit, two, or all from there on. */
function drawSmallRange(): void {
  const level: u32 = theme == Theme.ANONYMOUS ? HUGE : 0;
  from = alignDown(drawSmall(), level);
  const length: u32 = max<u32>(nextByte() & 3, 1);
  to = length == 3 ? pagesOf(GIB) : min<u64>(from + pagesOf(level) * <u64>length, pagesOf(GIB));
}

function drawHugeRange(): void {
  from = alignDown(drawSmall(), HUGE);
  to = from + pagesOf(HUGE);
  giveRange();
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
  if (theme != Theme.HUGETLB) {
    drawSmallMap(a, b);
    return;
  }
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

function giveMap(file: u32, offset: u64, flags: u32): void {
  give(Reg.FILE, file);
  give(Reg.OFFSET, offset);
  give(Reg.FLAGS, flags);
}

/** Bits 0 and 1 say what is mapped. */
function drawSmallMap(a: u32, b: u32): void {
  const gib = pagesOf(GIB);
  const kind = a & 3;
  if (theme == Theme.FILES && kind != 3) {
    const file: u32 = kind == 0 ? HUGE_FILES : kind == 1 ? LARGE_FILE : DEVICE_FILE;
    const offset = kind == 1 ? <u64>(b & 1) * pagesOf(HUGE) : <u64>(b & 3);
    giveMap(1 + file, offset, kind == 2 ? <u32>(VmaFlag.SHARED | VmaFlag.PFNMAP) : <u32>VmaFlag.SHARED);
  } else if (theme == Theme.GUESTS && kind < 2) {
    give(Reg.START, gib);
    give(Reg.END, gib + gib);
    giveMap(1, 0, VmaFlag.SHARED | VmaFlag.MAYSHARE | VmaFlag.HUGETLB);
  } else if (theme == Theme.KERNEL && kind == 2) {
    give(Reg.START, spaceEnd() - gib);
    give(Reg.END, spaceEnd());
    giveMap(0, 0, 0);
  } else giveMap(0, 0, theme == Theme.ANONYMOUS && (a & 1) != 0 ? <u32>VmaFlag.HUGEPAGE : 0);
}

/** Where pages are moved to. What may be a huge page stays above the first GiB, where base pages would cut it. */
function drawDestination(): u64 {
  const gib = pagesOf(GIB);
  const room = theme == Theme.HUGETLB ? spaceEnd() : gib << 1;
  const at = alignDown((<u64>(nextByte() & 15) * room) >> 4, HUGE);
  return theme == Theme.HUGETLB && from >= gib && at < gib ? at + gib : at;
}

function drawAddress(): u64 {
  if (theme == Theme.HUGETLB) return (<u64>(nextByte() & 15) * spaceEnd()) >> 4;
  return theme == Theme.GUESTS ? (<u64>(nextByte() & 15) * pagesOf(GIB)) >> 3 : drawSmall();
}

/** A small number, or one less than what 32 bits can hold. */
function drawCounter(): u64 {
  const byte = nextByte();
  return (byte & 1) != 0 ? 0xffffffff : <u64>(byte & 7);
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
    case Draw.HUGE_RANGE: drawHugeRange(); break;
    case Draw.GIANT_RANGE: give(Reg.START, pagesOf(GIB)); give(Reg.END, pagesOf(GIB) << 1); break;
    case Draw.SPACE: give(Reg.START, 0); give(Reg.END, spaceEnd()); break;
    case Draw.ADDRESS: give(register, drawAddress()); break;
    case Draw.HUGE_ADDRESS: give(register, pagesOf(GIB) + alignDown(drawSmall(), HUGE)); break;
    case Draw.KERNEL_ADDRESS: give(register, spaceEnd() - pagesOf(GIB) + drawSmall()); break;
    case Draw.DESTINATION: give(register, drawDestination()); break;
    case Draw.FILE: give(register, nextByte() % HUGE_FILES); break;
    case Draw.PAGE_FILE: give(register, HUGE_FILES); break;
    case Draw.CACHED_FILE: give(register, (nextByte() & 1) != 0 ? LARGE_FILE : HUGE_FILES); break;
    case Draw.DEVICE_FILE: give(register, DEVICE_FILE); break;
    case Draw.MAP: drawMap(); break;
    case Draw.PROT: give(register, drawProt()); break;
    case Draw.COUNTER: give(register, drawCounter()); break;
    case Draw.MM: give(register, nextByte() % mms); break;
    default: give(register, nextByte() & 7); break;
  }
}

/** The theme of the program whose calls are written next. */
export function useTheme(value: u32): void {
  theme = value;
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

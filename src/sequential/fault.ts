/**
 * User accesses: what a load or store finds, the faults that it takes, and the copies that a write makes.
 *
 * Reference: __handle_mm_fault(), do_wp_page(), hugetlb_fault() [S]; events by edition [R].
 */

import { clearFlush, faultHuge, SIGBUS } from "./huge-fault.js";
import { allocPud } from "./hugetlb.js";
import { newPage, type Page } from "./pages.js";
import { down, HUGE, indexOf, isTable, type Leaf, PAGE, type Table, walk } from "./tables.js";
import { splitPmd } from "./thp.js";
import { flushMmRange } from "./tlb.js";
import { type Cpu, findVma, hex, type Mm, type Vma, type World } from "./world.js";

export const SIGSEGV = 11;
/** Pages that wait for the LRU before they go there together, up to 6.8 [S]. */
const LRU_LIST = 15;

/** A load (or store of `value`) by the running process. Gives 0, or the signal that ends it. */
export function access(world: World, mm: Mm, address: number, value?: number): number {
  const write = value !== undefined;
  const vma = findVma(mm, address);
  if (vma === undefined || vma.none || (write && !vma.write)) return SIGSEGV;
  for (let tries = 0; tries < 8; tries++) {
    const found = walk(mm.root, address);
    if (found !== undefined && !found.leaf.none && (!write || found.leaf.write)) {
      found.leaf.young = true;
      if (write) {
        found.leaf.dirty = true;
        const span = found.level === 1 ? PAGE : HUGE;
        if (down(address, span) === down(address, PAGE)) found.leaf.page.value = value;
      }
      return 0;
    }
    const signal = vma.huge ? faultHuge(world, vma, down(address, HUGE), write) : faultBase(world, vma, address, write);
    if (signal !== 0) return signal;
  }
  throw new Error(`the access to ${hex(address)} faults without end`);
}

/** Tables down to the PTE table; a huge leaf on the way gives undefined. */
export function allocPtes(world: World, mm: Mm, address: number): Table | undefined {
  const pmds = allocPmdTable(world, mm, address);
  const index = indexOf(address, 2);
  const entry = pmds.entries[index];
  if (isTable(entry)) return entry;
  if (entry !== undefined) return undefined;
  const table = world.newTable(mm, 1, address);
  pmds.set(index, table);
  return table;
}

export function allocPmdTable(world: World, mm: Mm, address: number): Table {
  const pud = allocPud(world, mm, address);
  const index = indexOf(address, 3);
  const entry = pud.entries[index];
  if (isTable(entry)) return entry;
  const table = world.newTable(mm, 2, address);
  pud.set(index, table);
  return table;
}

function faultBase(world: World, vma: Vma, address: number, write: boolean): number {
  const { mm } = vma;
  const page = down(address, PAGE);
  const start = down(address, HUGE);
  const pmds = allocPmdTable(world, mm, page);
  const entry = pmds.entries[indexOf(page, 2)];
  const fits = vma.thp && vma.file === undefined && start >= vma.start && start + HUGE <= vma.end;
  if (entry === undefined && fits) {
    mapThp(world, mm, pmds, start, vma, write);
    return 0;
  }
  if (entry !== undefined && !isTable(entry)) {
    writeThp(world, vma, pmds, entry, address, write);
    return 0;
  }
  return faultPte(world, vma, page, write);
}

/** do_huge_pmd_anonymous_page(): a read gets the huge zero page. */
function mapThp(world: World, mm: Mm, pmds: Table, start: number, vma: Vma, write: boolean): void {
  const page = newPage(write ? "thp" : "zero");
  page.maps = 1;
  // The table that is put aside is allocated without a trace: nobody asked for a PTE.
  mm.tables++;
  world.tables[1] = (world.tables[1] ?? 0) + 1;
  vma.anon = true;
  pmds.set(indexOf(start, 2), {
    leaf: true,
    page,
    write: write && vma.write,
    dirty: write,
    young: true,
    none: false,
  });
}

/** do_huge_pmd_wp_page(): written in place with one owner, else split, and the page that is written copied. */
function writeThp(world: World, vma: Vma, pmds: Table, leaf: Leaf, address: number, write: boolean): void {
  const { mm } = vma;
  const isZero = leaf.page.kind === "zero";
  if (leaf.none) leaf.none = false;
  else if (write && isZero && world.features.hugeZeroReplaced) {
    const start = down(address, HUGE);
    flushMmRange(world, mm, start, start + HUGE, 12, world.features.rangeFreesTables);
    leaf.page = newPage("thp");
    leaf.page.maps = 1;
    leaf.write = true;
  } else if (write && !isZero && leaf.page.maps === 1) {
    leaf.write = true;
    leaf.page.exclusive = true;
  } else if (write) splitPmd(world, mm, pmds, address);
}

function faultPte(world: World, vma: Vma, address: number, write: boolean): number {
  const { mm, file } = vma;
  if (file !== undefined && vma.offset + address - vma.start >= file.size) return SIGBUS;
  // do_fault() of a file prepares its table before it asks who else has one: it is not traced.
  const table = file === undefined ? allocPtes(world, mm, address) : quietPtes(world, mm, address);
  if (table === undefined) return 0;
  const index = indexOf(address, 1);
  const leaf = table.entries[index] as Leaf | undefined;
  if (leaf !== undefined) {
    if (leaf.none) leaf.none = false;
    else if (write && !leaf.write) writeBase(world, vma, leaf, address);
    return 0;
  }
  const page = pageFor(world, vma, address, write);
  page.maps++;
  if (page.kind === "anon") vma.anon = true;
  const own = page.kind === "anon" || (vma.shared && write);
  table.set(index, { leaf: true, page, write: vma.write && own, dirty: write, young: true, none: false });
  if (file !== undefined && !write) faultAround(vma, table, address);
  return 0;
}

function quietPtes(world: World, mm: Mm, address: number): Table | undefined {
  const before = world.events.length;
  const table = allocPtes(world, mm, address);
  const added = world.events.slice(before).filter((event) => event[1] !== "pte");
  world.events.length = before;
  world.events.push(...added);
  return table;
}

/** do_fault_around(): a read maps the pages of the cache around it, up to 64 KiB, write-protected and clean. */
function faultAround(vma: Vma, table: Table, address: number): void {
  const { file } = vma;
  const first = Math.max(vma.start, down(address, 16 * PAGE));
  for (let at = first; at < Math.min(vma.end, first + 16 * PAGE); at += PAGE) {
    const index = indexOf(at, 1);
    const page = file?.cache.get((vma.offset + at - vma.start) / PAGE);
    if (page === undefined || table.entries[index] !== undefined || down(at, HUGE) !== down(address, HUGE)) continue;
    page.maps++;
    table.set(index, { leaf: true, page, write: false, dirty: false, young: true, none: false });
  }
}

function pageFor(world: World, vma: Vma, address: number, write: boolean): Page {
  const { file } = vma;
  if (file === undefined) return write ? ownPage(world) : newPage("zero");
  const index = Math.floor((vma.offset + address - vma.start) / PAGE);
  let page = file.cache.get(index);
  if (page === undefined) {
    page = newPage("file", index);
    page.cached = true;
    file.cache.set(index, page);
  }
  if (vma.shared || !write) return page;
  const copy = ownPage(world);
  copy.value = page.value;
  return copy;
}

/** A new anonymous page; it waits in this CPU's list for the LRU. */
function ownPage(world: World): Page {
  const page = newPage("anon");
  const { list } = world.cpuAt(world.cpu);
  page.onList = true;
  list.push(page);
  if (list.length >= LRU_LIST) drainLru(world.cpuAt(world.cpu));
  return page;
}

/** lru_add_drain() of one CPU. */
export function drainLru(cpu: Cpu): void {
  for (const page of cpu.list) page.onList = false;
  cpu.list.length = 0;
}

/** do_wp_page() */
function writeBase(world: World, vma: Vma, leaf: Leaf, address: number): void {
  const { page } = leaf;
  if (page.kind === "file" && vma.shared) {
    leaf.write = true;
    return;
  }
  const counted = world.features.reuseByCount && page.onList;
  const parts = page.head === undefined ? page.maps : page.maps + page.head.maps;
  const inFolio = page.head !== undefined && world.features.reuseByCount;
  if (page.kind === "anon" && parts === 1 && !counted && !inFolio) {
    leaf.write = true;
    page.exclusive = true;
    return;
  }
  const copy = ownPage(world);
  copy.value = page.value;
  vma.anon = true;
  clearFlush(world, vma.mm, address);
  page.maps--;
  copy.maps = 1;
  leaf.page = copy;
  leaf.write = true;
}

/** What a thread of `mm` on `cpu` reads at an address: through its TLB, or by a walk that may fault. */
export function readOn(world: World, cpu: Cpu, mm: Mm, address: number): { value: number; signal: number } {
  const hit = cpu.tlb.find((entry) => entry.mm === mm && entry.start <= address && address < entry.start + entry.bytes);
  if (hit !== undefined) return { value: valueAt(hit.page, address, hit.bytes), signal: 0 };
  const before = world.cpu;
  world.cpu = cpu.number;
  const signal = access(world, mm, address);
  world.cpu = before;
  const found = signal === 0 ? walk(mm.root, address) : undefined;
  if (found === undefined) return { value: 0, signal };
  const bytes = found.level === 1 ? PAGE : HUGE;
  const page = found.leaf.page;
  cpu.tlb.push({ mm, start: down(address, bytes), bytes, page });
  return { value: valueAt(page, address, bytes), signal: 0 };
}

/** Only a page's first byte is kept. */
const valueAt = (page: Page, address: number, bytes: number): number =>
  down(address, bytes) === down(address, PAGE) ? page.value : 0;

export { SIGBUS };

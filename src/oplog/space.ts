/**
 * Address spaces of a log on the sequential model: what a log does not say is filled in where it is first needed.
 *
 * A log does not say what an exec maps, nor which file a mapping is of. So memory that nobody mapped appears when it
 * is used: written first, it is anonymous; read first, it is a piece of a file, whose pages are all in the cache. Each
 * file mapping has a file of its own.
 */
import { type Advice, advise } from "../sequential/calls.js";
import { access } from "../sequential/fault.js";
import { Gather } from "../sequential/gather.js";
import { protect } from "../sequential/mprotect.js";
import { moveTables, remap } from "../sequential/mremap.js";
import { newPage } from "../sequential/pages.js";
import { freeRange } from "../sequential/pgtables.js";
import { down, HUGE, indexOf, PAGE, up, walk } from "../sequential/tables.js";
import { mapRange, mergeAround, unmapRange } from "../sequential/vmas.js";
import { type File, findVma, firstIndex, type Mm, type Vma, type World } from "../sequential/world.js";
import type { Fault, LogEvent } from "./events.js";

const MAP_SHARED = 1;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_HUGETLB = 0x40000;
const PROT_WRITE = 2;
/** Pages that one read fault maps at most: the window that is taken for a piece of an unknown file. */
const WINDOW = 16 * PAGE;
const ADVICE: Readonly<Record<number, Advice>> = {
  4: "dontneed",
  8: "free",
  9: "remove",
  14: "hugepage",
  15: "nohugepage",
};

const STACK_TOP = 2 ** 47 - PAGE;
const EVERYTHING = Number.MAX_SAFE_INTEGER;

/** A file that has every page in its cache. */
class WholeFile implements File {
  readonly huge = false;
  size = EVERYTHING;
  readonly reserved = new Set<number>();
  readonly vmas: Vma[] = [];
  readonly cache = new PageCache();

  constructor(readonly name: string) {}
}

/** Pages appear when they are asked for. */
class PageCache extends Map<number, ReturnType<typeof newPage>> {
  override get(index: number) {
    let page = super.get(index);
    if (page === undefined) {
      page = newPage("file", index);
      page.cached = true;
      this.set(index, page);
    }
    return page;
  }
}

export class Space {
  #break = 0;

  constructor(
    readonly world: World,
    readonly mm: Mm,
  ) {}

  /** The same for a child that got a copy. */
  copyTo(mm: Mm): Space {
    const copy = new Space(this.world, mm);
    copy.#break = this.#break;
    return copy;
  }

  /**
   * setup_arg_pages() of an exec: the stack is made at the top of the address space and then moved to its random place,
   * and the tables that it leaves behind are freed.
   */
  exec(stack: number): void {
    const { world, mm } = this;
    this.#add(STACK_TOP - PAGE, STACK_TOP, undefined);
    access(world, mm, STACK_TOP - PAGE, 1);
    moveTables(world, mm, STACK_TOP - PAGE, STACK_TOP, stack);
    const vma = mm.vmas[0] as Vma;
    vma.start = stack;
    vma.end = stack + PAGE;
    const gather = new Gather(world, mm);
    freeRange(gather, STACK_TOP - PAGE, STACK_TOP, vma.end, 0);
    gather.finish();
  }

  /** Faults, as they were: each page is touched, and what was not known to be there appears. */
  fault({ address, pages, write, present }: Fault): void {
    for (let i = 0; i < pages; i++) {
      const at = address + i * PAGE;
      const vma = this.#at(at, write && !present);
      if (write && !vma.write) vma.write = true;
      vma.none = false;
      if (!present) this.#forget(at);
      // The page was there without being read: what was mapped around another fault.
      if (write && present && walk(this.mm.root, at) === undefined) access(this.world, this.mm, at);
      access(this.world, this.mm, at, write ? 1 : undefined);
    }
  }

  /** A page that was mapped around another fault, by guess, and was not there: it goes without a flush. */
  #forget(address: number): void {
    const found = walk(this.mm.root, address);
    if (found?.level === 1 && !found.leaf.dirty && found.leaf.page.kind === "file") {
      found.leaf.page.maps--;
      found.table.set(indexOf(address, 1), undefined);
    }
  }

  /** The VMA of an address; an unknown one is made up. */
  #at(address: number, anonymous: boolean): Vma {
    const known = findVma(this.mm, address);
    if (known !== undefined) return known;
    if (anonymous) this.#add(address, address + PAGE, undefined);
    else {
      const index = firstIndex(this.mm, address);
      const before = this.mm.vmas[index - 1]?.end ?? 0;
      const after = this.mm.vmas[index]?.start ?? EVERYTHING;
      const window = down(address, WINDOW);
      this.#add(Math.max(before, window), Math.min(after, window + WINDOW), new WholeFile("unknown"));
    }
    return findVma(this.mm, address) as Vma;
  }

  #add(start: number, end: number, file: File | undefined): void {
    mapRange(this.world, this.mm, { start, end, prot: "rw", ...(file === undefined ? {} : { file, offset: start }) });
  }

  /** Holes of a range that the kernel took as mapped are filled with pieces of unknown files. */
  #fill(start: number, end: number): void {
    for (let at = start; at < end; ) {
      const vma = this.mm.vmas[firstIndex(this.mm, at)];
      const stop = Math.min(end, vma?.start ?? end);
      if (at < stop) this.#add(at, stop, new WholeFile("unknown"));
      at = Math.max(stop, Math.min(end, findVma(this.mm, stop)?.end ?? stop));
    }
  }

  /** A call that succeeded. */
  call(event: LogEvent): void {
    const { world, mm } = this;
    switch (event.kind) {
      case "mmap":
        this.#map(event);
        break;
      case "munmap":
        unmapRange(world, mm, event.address, up(event.address + event.length, this.#unit(event.address)));
        break;
      case "mprotect": {
        const end = up(event.address + event.length, PAGE);
        this.#fill(event.address, end);
        const prot = event.prot === 0 ? "none" : (event.prot & PROT_WRITE) !== 0 ? "rw" : "r";
        protect(world, mm, event.address, end, prot);
        break;
      }
      case "madvise": {
        const advice = ADVICE[event.advice];
        const end = up(event.address + event.length, PAGE);
        if (advice !== undefined) advise(world, mm, event.address, end, advice);
        break;
      }
      case "mremap":
        this.#remap(event.address, up(event.length, PAGE), up(event.newLength, PAGE), event.to);
        break;
      case "brk":
        this.#setBreak(up(event.end, PAGE));
    }
  }

  #unit(address: number): number {
    return findVma(this.mm, address)?.huge ? HUGE : PAGE;
  }

  #map({ address, length, prot, flags, offset }: Extract<LogEvent, { kind: "mmap" }>): void {
    const isFile = (flags & (MAP_ANONYMOUS | MAP_HUGETLB)) === 0;
    const huge = (flags & MAP_HUGETLB) !== 0;
    const shared = (flags & MAP_SHARED) !== 0;
    // Shared anonymous memory is a file that nobody else knows; pages of huge ones come from a file of huge pages.
    const file: File | undefined = isFile
      ? new WholeFile("file")
      : shared
        ? { name: "shm", huge, size: EVERYTHING, cache: new Map(), reserved: new Set(), vmas: [] }
        : undefined;
    // Where the kernel chose the place, nothing was there: what was made up goes without a trace.
    if ((flags & MAP_FIXED) === 0) this.#clear(address, up(address + length, huge ? HUGE : PAGE));
    mapRange(this.world, this.mm, {
      start: address,
      end: address + (huge ? up(length, HUGE) : up(length, PAGE)),
      ...(file === undefined ? {} : { file, offset: isFile ? offset : 0 }),
      shared,
      huge: huge && file === undefined,
      prot: prot === 0 ? "none" : (prot & PROT_WRITE) !== 0 ? "rw" : "r",
      noreserve: true,
    });
  }

  #clear(start: number, end: number): void {
    const traced = this.world.events.length;
    unmapRange(this.world, this.mm, start, end);
    this.world.events.length = traced;
  }

  #remap(from: number, length: number, newLength: number, to: number): void {
    const { world, mm } = this;
    if (to !== from) {
      remap(world, mm, from, length, to, newLength);
      return;
    }
    if (newLength < length) unmapRange(world, mm, from + newLength, from + length);
    const vma = findVma(mm, from);
    if (newLength <= length || vma === undefined) return;
    vma.end = Math.max(vma.end, from + newLength);
    mergeAround(mm, vma.start, vma.end);
  }

  #setBreak(end: number): void {
    const before = this.#break;
    this.#break = end;
    if (before === 0 || before === end) return;
    if (end > before) {
      this.#clear(before, end);
      this.#add(before, end, undefined);
    } else unmapRange(this.world, this.mm, end, before);
  }
}

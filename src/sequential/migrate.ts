/**
 * Moving pages to another node: move_pages(), migrate_pages() of mm/migrate.c and try_to_migrate() of mm/rmap.c.
 *
 * Every mapping of a page is taken away and flushed, the page is copied, and the entries come back. A mapping of a huge
 * page that shares its table with others leaves the table instead; only the last one is really unmapped. Base pages are
 * flushed one by one, or, since 6.3, in one go by the batch that reclaim uses.
 *
 * Taken as given: every page is on node 0 until it is moved, and the other node has room.
 *
 * Reference: add_page_for_migration(), try_to_migrate_one(), migrate_pages_batch() [S: kernel.md 1.4 d4][M]; flushes
 * of huge pages and order of the sharers by edition [R].
 */
import { drainLru } from "./fault.js";
import { Gather } from "./gather.js";
import { clearFlush } from "./huge-fault.js";
import { unshare } from "./hugetlb.js";
import type { Page } from "./pages.js";
import { down, GIB, HUGE, type Leaf, PAGE, walk } from "./tables.js";
import { flushBatch, flushMmRange } from "./tlb.js";
import { type File, findVma, type Mm, type Vma, type World } from "./world.js";

/** Pages that are unmapped before one flush: NR_MAX_BATCHED_MIGRATION. */
const BATCH = 512;
const ENOENT = 2;
const ENOMEM = 12;
const EACCES = 13;
const EFAULT = 14;

/** A page that is to move, and where the call found it. */
interface Found {
  readonly page: Page;
  readonly vma: Vma;
  readonly address: number;
  /** Position in the caller's list. */
  readonly at: number;
}

/** move_pages() of `addresses`. `mms` are all that may map the pages. Gives a status for each: a node, or -errno. */
export function movePages(
  world: World,
  mms: readonly Mm[],
  mm: Mm,
  addresses: readonly number[],
  node: number,
  all: boolean,
): number[] {
  for (const cpu of world.cpus) drainLru(cpu);
  const found: Found[] = [];
  const statuses = addresses.map((address, at) => {
    const vma = findVma(mm, address);
    if (vma === undefined) return -EFAULT;
    const page = walk(mm.root, address)?.leaf.page;
    if (page === undefined) return -ENOENT;
    if (page.kind === "zero") return -EFAULT;
    if (page.node === node) return node;
    if (page.maps > 1 && !all) return -EACCES;
    if (found.some((other) => other.page === page)) return -EACCES;
    found.push({ page, vma, address, at });
    return node;
  });
  for (const { at } of migrate(world, mms, found, node)) statuses[at] = -ENOMEM;
  return statuses;
}

/** migrate_pages() of every page of `mm` in memory that somebody mapped: the program's own pages are not among them. */
export function moveAll(world: World, mms: readonly Mm[], mm: Mm, node: number): void {
  const addresses: number[] = [];
  for (const vma of mm.vmas) {
    const step = vma.huge ? HUGE : PAGE;
    for (let at = vma.start; at < vma.end; at += step) {
      if ((walk(mm.root, at)?.leaf.page.kind ?? "zero") !== "zero") addresses.push(at);
    }
  }
  movePages(world, mms, mm, addresses, node, true);
}

/** Moves the pages, in batches of base pages between the huge ones. Gives those for which there was no room. */
function migrate(world: World, mms: readonly Mm[], found: readonly Found[], node: number): Found[] {
  const failed: Found[] = [];
  let waiting: Found[] = [];
  const flushed = (): void => {
    if (world.features.migrateBatches) flushBatch(world);
    for (const one of waiting) replace(mms, one, node);
    waiting = [];
  };
  // Huge pages of hugetlb go first, one after the other.
  for (const one of found.filter(({ vma }) => vma.huge)) {
    if (!moveHugePage(world, mms, one, node)) failed.push(one);
  }
  for (const one of found.filter(({ vma }) => !vma.huge)) {
    for (const place of placesOf(mms, one)) unmapOne(world, place);
    waiting.push(one);
    if (!world.features.migrateBatches || waiting.length === BATCH) flushed();
  }
  if (waiting.length > 0) flushed();
  return failed;
}

interface Place {
  readonly mm: Mm;
  readonly address: number;
  readonly leaf: Leaf;
}

/** Entries that map a page: of a file by its tree, of memory of one's own at the same address in each process. */
function placesOf(mms: readonly Mm[], { page, vma, address }: Found): Place[] {
  const { file } = vma;
  const offset = vma.offset + address - vma.start;
  const candidates =
    file !== undefined && page.kind === "file"
      ? file.vmas.map((other) => [other.mm, offset - other.offset + other.start] as const)
      : mms.filter((mm) => mm.alive).map((mm) => [mm, address] as const);
  return candidates.flatMap(([mm, at]) => {
    const leaf = at < 0 ? undefined : walk(mm.root, at)?.leaf;
    return leaf?.page === page ? [{ mm, address: at, leaf }] : [];
  });
}

/** try_to_migrate_one() of a base page or a transparent huge one. */
function unmapOne(world: World, { mm, address, leaf }: Place): void {
  if (leaf.page.kind === "thp") {
    const start = down(address, HUGE);
    flushMmRange(world, mm, start, start + HUGE, 12, world.features.rangeFreesTables);
    return;
  }
  const others = [...mm.cpus].some((cpu) => cpu !== world.cpu);
  if (!world.features.migrateBatches || !others) {
    clearFlush(world, mm, down(address, PAGE));
    return;
  }
  // arch_tlbbatch_add_pending(): the CPUs are told later, all together.
  mm.generation++;
  for (const cpu of mm.cpus) world.batch.add(cpu);
}

/** The entries come back, with the new page. */
function replace(mms: readonly Mm[], found: Found, node: number): void {
  const { page, vma } = found;
  const places = placesOf(mms, found);
  const moved: Page = { ...page, node };
  for (const { leaf } of places) leaf.page = moved;
  for (const [index, cached] of vma.file?.cache ?? []) if (cached === page) vma.file?.cache.set(index, moved);
}

/** unmap_and_move_huge_page(). False when there is no page to move it to. */
function moveHugePage(world: World, mms: readonly Mm[], found: Found, node: number): boolean {
  const { page, vma, address } = found;
  const target = world.pool.take(false);
  if (target === undefined) return false;
  const file = page.cached ? vma.file : undefined;
  if (file !== undefined) world.trace("i_mmap_lock_write", file.name);
  const leaves = file === undefined ? anonLeaves(world, mms, found) : fileLeaves(world, file, page, vma, address);
  if (file !== undefined) world.trace("i_mmap_unlock_write", file.name);
  target.value = page.value;
  target.cached = page.cached;
  target.node = node;
  for (const leaf of leaves) {
    leaf.page = target;
    target.maps++;
  }
  for (const [index, cached] of file?.cache ?? []) if (cached === page) file?.cache.set(index, target);
  page.maps = 0;
  page.cached = false;
  world.pool.give(page);
  return true;
}

function anonLeaves(world: World, mms: readonly Mm[], found: Found): Leaf[] {
  return placesOf(mms, found).map(({ mm, address, leaf }) => {
    clearFlush(world, mm, down(address, HUGE));
    return leaf;
  });
}

/** The walk over the file's mappings: who shares a table leaves it, so that only the last has an entry to clear. */
function fileLeaves(world: World, file: File, page: Page, vma: Vma, address: number): Leaf[] {
  const offset = vma.offset + down(address, HUGE) - vma.start;
  const leaves: Leaf[] = [];
  const inTree = [...file.vmas].sort((a, b) => a.offset - b.offset);
  for (const other of inTree) {
    const at = other.start + offset - other.offset;
    const leaf = at < other.start || at >= other.end ? undefined : walk(other.mm.root, at)?.leaf;
    if (leaf?.page !== page || leavesTable(world, other, at)) continue;
    clearFlush(world, other.mm, at);
    leaves.push(leaf);
  }
  return leaves;
}

/** True when the mapping shared its table and has left it. */
function leavesTable(world: World, vma: Vma, address: number): boolean {
  const { unshareFlush, rangeFreesTables } = world.features;
  const start = down(address, GIB);
  if (unshareFlush === "gather") {
    const gather = new Gather(world, vma.mm, "vma");
    const left = unshare(world, gather, vma.mm, address);
    if (left) gather.flushUnshared();
    gather.finish();
    return left;
  }
  if (!unshare(world, undefined, vma.mm, address)) return false;
  flushMmRange(world, vma.mm, start, start + GIB, 21, rangeFreesTables);
  return true;
}

/**
 * free_pgtables() of mm/memory.c: which tables go with a range of VMAs.
 *
 * A table goes when no neighbouring VMA reaches into its span: what is mapped there plays no part. Each table that goes
 * widens the gather's range to the start of its span.
 *
 * Reference: free_pgd_range() and below [S].
 */
import type { Gather } from "./gather.js";
import { down, HUGE, indexOf, isTable, pieces, spanOf, type Table } from "./tables.js";
import type { Vma, World } from "./world.js";

/** VMAs at most this far apart are freed in one go, if they are not of huge pages. */
const TOGETHER = HUGE;
/** Files whose VMAs leave its tree under one lock. */
const UNLINK_BATCH = 8;

/** `floor` and `ceiling` are where the neighbours that stay end and begin; ceiling 0 is none. */
export function freePgtables(gather: Gather, vmas: readonly Vma[], floor: number, ceiling: number): void {
  for (let i = 0; i < vmas.length; ) {
    const first = vmas[i] as Vma;
    const group = [first];
    let next = vmas[++i];
    if (!first.huge) {
      while (next !== undefined && !next.huge && next.start <= (group.at(-1) as Vma).end + TOGETHER) {
        group.push(next);
        next = vmas[++i];
      }
    }
    unlink(gather.world, group);
    freeRange(gather, first.start, (group.at(-1) as Vma).end, floor, next?.start ?? ceiling);
  }
}

function unlink(world: World, group: readonly Vma[]): void {
  let last: Vma | undefined;
  let together = 0;
  for (const vma of group) {
    if (vma.file === undefined) continue;
    const joins = world.features.unlinkBatches && last?.file === vma.file && together < UNLINK_BATCH;
    if (!joins) {
      world.trace("i_mmap_lock_write", vma.file.name);
      world.trace("i_mmap_unlock_write", vma.file.name);
      together = 0;
    }
    together++;
    last = vma;
    vma.file.vmas.splice(vma.file.vmas.indexOf(vma), 1);
  }
}

/** free_pgd_range() */
export function freeRange(gather: Gather, from: number, to: number, floor: number, ceiling: number): void {
  let start = down(from, HUGE);
  if (start < floor) start += HUGE;
  const top = ceiling === 0 ? 0 : down(ceiling, HUGE);
  if (ceiling !== 0 && top === 0) return;
  const end = top !== 0 && to > top ? to - HUGE : to;
  if (start >= end) return;
  const { root } = gather.mm;
  for (const [at, next] of pieces(start, end, 4)) {
    const entry = root.entries[indexOf(at, 4)];
    if (isTable(entry)) freeBelow(gather, entry, at, next, floor, ceiling, () => root.set(indexOf(at, 4), undefined));
    if (gather.world.features.fiveLevelBuild) freeFolded(gather, at, next, floor, ceiling);
  }
}

/** The part of a table's span that belongs to this range alone: undefined when a neighbour reaches into it. */
function ownSpan(start: number, end: number, floor: number, ceiling: number, span: number): number | undefined {
  const first = down(start, span);
  if (first < floor) return undefined;
  const top = ceiling === 0 ? 0 : down(ceiling, span);
  if (ceiling !== 0 && top === 0) return undefined;
  return top !== 0 && end > top ? undefined : first;
}

/** Frees the tables below `table`, and the table itself if nobody else's VMA needs it. */
function freeBelow(
  gather: Gather,
  table: Table,
  start: number,
  end: number,
  floor: number,
  ceiling: number,
  unhook: () => void,
): void {
  const { level } = table;
  if (level > 1) {
    for (const [at, next] of pieces(start, end, level)) {
      const index = indexOf(at, level);
      const entry = table.entries[index];
      if (!isTable(entry)) continue;
      if (entry.level === 1) {
        table.set(index, undefined);
        gather.freeTable(1, at);
      } else freeBelow(gather, entry, at, next, floor, ceiling, () => table.set(index, undefined));
    }
  }
  const own = ownSpan(start, end, floor, ceiling, spanOf(level + 1));
  if (own === undefined) return;
  unhook();
  gather.freeTable(level, own);
}

/** With four levels on a kernel built for five, the table between PGD and PUD is the PGD: its "freeing" is recorded. */
function freeFolded(gather: Gather, start: number, end: number, floor: number, ceiling: number): void {
  const own = ownSpan(start, end, floor, ceiling, spanOf(4));
  if (own !== undefined) gather.freeTable(4, own);
}

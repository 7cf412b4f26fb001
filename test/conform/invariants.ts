/**
 * What must be true of the sequential model after every operation, counted again from the page tables.
 */
import type { Script } from "../../src/conform/play.js";
import type { Page } from "../../src/sequential/pages.js";
import { isTable, type Table } from "../../src/sequential/tables.js";
import type { Mm } from "../../src/sequential/world.js";

interface Counted {
  /** How many entries point to each table, and map each page. */
  readonly tables: Map<Table, number>;
  readonly pages: Map<Page, number>;
}

/** One sentence for each thing that does not add up. */
export function broken(script: Script): string[] {
  const counted: Counted = { tables: new Map(), pages: new Map() };
  const wrong: string[] = [];
  for (const { mm } of script.processes.values()) {
    if (!mm.alive) continue;
    const tables = count(mm.root, counted, wrong);
    if (tables !== mm.tables) wrong.push(`${mm.name} has ${tables} tables, not ${mm.tables}`);
    if (mm.gathers !== 0) wrong.push(`${mm.name} has ${mm.gathers} open gathers`);
    if (overlaps(mm)) wrong.push(`${mm.name} has VMAs that overlap`);
  }
  for (const [table, uses] of counted.tables) {
    if (table.level === 2 && table.sharers !== uses - 1) wrong.push(`${uses} users of a table of ${table.sharers} + 1`);
  }
  for (const [page, maps] of counted.pages) {
    if (page.kind !== "zero" && page.maps !== maps) wrong.push(`${page.maps} maps of ${page.kind}, counted ${maps}`);
  }
  return [...wrong, ...poolOf(script, counted)];
}

/** Tables below this one; a transparent huge page has one more put aside. */
function count(table: Table, counted: Counted, wrong: string[]): number {
  let below = 0;
  let live = 0;
  for (const entry of table.entries) {
    if (entry === undefined) continue;
    live++;
    if (isTable(entry)) {
      const known = counted.tables.get(entry) ?? 0;
      counted.tables.set(entry, known + 1);
      below += 1 + (known === 0 ? count(entry, counted, wrong) : 0);
    } else {
      counted.pages.set(entry.page, (counted.pages.get(entry.page) ?? 0) + 1);
      if (table.level === 2 && entry.page.kind !== "huge") below++;
    }
  }
  if (live !== table.live) wrong.push(`a table of level ${table.level} has ${live} entries, not ${table.live}`);
  return below;
}

const overlaps = ({ vmas }: Mm): boolean => vmas.some((vma, i) => vma.end > (vmas[i + 1]?.start ?? Infinity));

function poolOf({ world, files }: Script, { pages }: Counted): string[] {
  const used = new Set([...pages.keys()].filter(({ kind }) => kind === "huge"));
  for (const { huge, cache } of files.values()) if (huge) for (const page of cache.values()) used.add(page);
  const { free, reserved, total } = world.pool;
  const wrong: string[] = [];
  if (free + used.size !== total) wrong.push(`${free} huge pages free and ${used.size} in use, of ${total}`);
  if (reserved < 0 || reserved > free) wrong.push(`${reserved} huge pages promised, ${free} free`);
  return wrong;
}

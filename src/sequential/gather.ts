/**
 * mm/mmu_gather.c and include/asm-generic/tlb.h: what is to be flushed, and what is freed afterwards.
 *
 * Reference: [S: kernel.md 3.1 to 3.3]; batches by edition [R].
 */
import type { Page } from "./pages.js";
import { nameOf, PAGE } from "./tables.js";
import { ALL, flushMmRange } from "./tlb.js";
import type { Mm, World } from "./world.js";

const TASK_SIZE = 2 ** 47 - PAGE;
const SHIFT: readonly number[] = [12, 12, 21, 30, 39];

/** A batch's slot: a page that is freed with it, or a table or a part of a folio, which is only counted. */
type Slot = Page | undefined;

export class Gather {
  start = TASK_SIZE;
  end = 0;
  #tables = false;
  /** Levels at which entries were cleared. */
  readonly #cleared = [false, false, false, false, false];
  #unshared = false;
  #exclusive = false;
  #full = false;
  readonly #batches: Slot[][] = [[]];
  #active = 0;
  #delayed = false;
  /** Tables that wait for RCU; undefined when no list is open. */
  #waiting = 0;

  /** tlb_gather_mmu(); `full` for a dying mm, "vma" for the gather of one hugetlb VMA. */
  constructor(
    readonly world: World,
    readonly mm: Mm,
    kind: "range" | "full" | "vma" = "range",
  ) {
    this.#full = kind === "full";
    if (kind === "vma") world.trace("gather_vma");
    else world.trace(this.#full && world.features.fullmmGather ? "gather_full" : "gather", mm.name);
    mm.gathers++;
  }

  /** __tlb_adjust_range() and one of the cleared_ bits. */
  record(start: number, bytes: number, level: number): void {
    this.start = Math.min(this.start, start);
    this.end = Math.max(this.end, start + bytes);
    if (level <= 4) this.#cleared[level] = true;
  }

  /** tlb_unshare_pmd_ptdesc(): flushed before the file's lock goes. */
  recordUnshared(start: number, bytes: number, exclusive: boolean): void {
    this.record(start, bytes, 2);
    this.#unshared = true;
    this.#exclusive ||= exclusive;
  }

  /** pte_free_tlb() and its kin: `level` is the table's own. */
  freeTable(level: number, address: number): void {
    this.record(address, PAGE, level + 1);
    this.#tables = true;
    // On four levels a table of the fifth exists in name only.
    if (level > 3) return;
    this.world.trace("free_table", nameOf(level));
    this.world.dropTable(level);
    this.mm.tables--;
    if (this.world.features.rcuTables) this.#removeTable();
    else this.queue(undefined);
  }

  #removeTable(): void {
    this.world.trace("remove_table");
    this.#waiting++;
    if (this.#waiting < this.world.features.tableBatch) return;
    this.flushTlb();
    this.#waiting = 0;
  }

  /** __tlb_remove_page(): true when the batches are full and must be flushed. */
  queue(page: Slot, slots = 1, delayed = false): boolean {
    const { local, slots: most, batches } = this.world.features.batch;
    this.#delayed ||= delayed;
    const batch = this.#batches[this.#active] as Slot[];
    batch.push(page);
    for (let extra = 1; extra < slots; extra++) batch.push(undefined);
    if (batch.length < (this.#active === 0 ? local : most)) return false;
    if (this.#delayed && this.#active > 0 && this.world.features.batch.folios) return true;
    if (this.#active === batches) return true;
    this.#active++;
    if (this.#active === this.#batches.length) this.#batches.push([]);
    return false;
  }

  /** tlb_flush_mmu_tlbonly() */
  flushTlb(): void {
    if (!this.#tables && !this.#unshared && !this.#cleared.some((cleared) => cleared)) return;
    const level = Math.max(1, this.#cleared.indexOf(true));
    const shift = SHIFT[level] as number;
    const end = this.#full ? ALL : this.end;
    flushMmRange(this.world, this.mm, this.#full ? 0 : this.start, end, shift, this.#tables);
    this.#reset();
  }

  #reset(): void {
    this.start = TASK_SIZE;
    this.end = 0;
    this.#tables = false;
    this.#unshared = false;
    this.#cleared.fill(false);
  }

  /** tlb_flush_tlbs_unshared(): flush, then one interrupt to everybody if a table became somebody's own. */
  flushUnshared(): void {
    if (this.#unshared) this.flushTlb();
    if (!this.#exclusive) return;
    this.world.trace("sync_ipi_all");
    this.#exclusive = false;
  }

  /** tlb_flush_mmu() in the middle of a walk. */
  flushMidway(): void {
    this.flushTlb();
    this.world.trace("gather_flush");
    this.#free();
  }

  #free(): void {
    this.#waiting = 0;
    this.#delayed = false;
    for (const batch of this.#batches) {
      if (batch.length === 0) break;
      this.world.trace("free_pages", batch.length);
      for (const page of batch) {
        if (page?.kind === "huge" && page.maps === 0 && !page.cached) this.world.pool.give(page);
      }
      batch.length = 0;
    }
    this.#active = 0;
  }

  /** tlb_finish_mmu() */
  finish(): void {
    this.world.trace("finish");
    if (this.mm.gathers > 1) {
      this.#reset();
      this.#full = true;
      this.#tables = true;
    }
    this.flushTlb();
    this.#free();
    this.mm.gathers--;
  }
}

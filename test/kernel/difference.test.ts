/**
 * The difference of each release to the one before, function by function, with the commit of each line.
 */
import { describe, expect, it } from "vitest";
import { findBackend } from "../../src/kernel/arch/backends.js";
import { findCall } from "../../src/kernel/calls.js";
import { difference } from "../../src/kernel/difference.js";
import { findEdition, releases } from "../../src/kernel/editions.js";

/** "file function" and then its lines, over every call. */
function lines(before: string, after: string, call?: string): string[] {
  const [a, b, x86] = [findEdition(before), findEdition(after), findBackend("x86")];
  const chosen = call === undefined ? undefined : [findCall(call)].filter((c) => c !== undefined);
  if (a === undefined || b === undefined || x86 === undefined) throw new Error(`${before} ${after}`);
  return difference(a, b, chosen, [x86]).flatMap((f) => [
    f.function,
    ...f.lines.map((line) => `  ${line.sign} ${line.text}  (${line.commit ?? "no commit"})`),
  ]);
}

describe("the difference of two editions", () => {
  it("is the seed between 5.15 and 5.16, apart from mremap", () => {
    expect(lines("5.15", "5.16", "munmap")).toMatchInlineSnapshot(`
      [
        "__unmap_hugepage_range",
        "  + tlb_flush_pmd_range()  (a4a118f2eead)",
        "  + force_flush = 1  (a4a118f2eead)",
        "  + __unmap_hugepage_range()  (a4a118f2eead)",
        "tlb_flush_pmd_range",
        "  + range_start = ALIGN_DOWN(address, PUD_SIZE)  (a4a118f2eead)",
        "  + __tlb_adjust_range(); tlb->cleared_pmds = 1  (a4a118f2eead)",
        "__unmap_hugepage_range",
        "  + if (!force_flush) goto  (a4a118f2eead)",
        "  + tlb_flush_mmu_tlbonly()  (a4a118f2eead)",
      ]
    `);
  });

  it("is one place between 5.16 and 5.16+", () => {
    expect(lines("5.16", "5.16+")).toMatchInlineSnapshot(`
      [
        "move_hugetlb_page_tables",
        "  - unlock i_mmap_rwsem  (13e4ad2ce8df)",
        "  + unlock i_mmap_rwsem  (13e4ad2ce8df)",
      ]
    `);
  });

  it("is the address and mremap's range between 5.16+ and 5.19", () => {
    expect(lines("5.16+", "5.19")).toMatchInlineSnapshot(`
      [
        "huge_pmd_unshare",
        "  - address = ALIGN(address, PUD_SIZE)  (48381273f873)",
        "  - address -= PMD_SIZE  (48381273f873)",
        "  + address = ALIGN_DOWN(address, PUD_SIZE)  (48381273f873)",
        "  + address += PUD_SIZE  (48381273f873)",
        "  + address -= PMD_SIZE  (48381273f873)",
        "flush_tlb_batched_pending",
        "  + atomic_cmpxchg(&mm->tlb_flush_batched)  (5ee2fa2f0636)",
        "  - mm->tlb_flush_batched = false  (5ee2fa2f0636)",
        "free_pgtables",
        "  + tlb_free_vmas()  (b67fbebd4cf9)",
        "tlb_free_vmas",
        "  + tlb->vma_pfn  (b67fbebd4cf9)",
        "  + if (!tmp) goto  (b67fbebd4cf9)",
        "  + tlb_flush_mmu_tlbonly()  (b67fbebd4cf9)",
        "mprotect",
        "  + if (!need_flush) goto  (4a18419f71cd)",
        "  + tlb_finish_mmu()  (4a18419f71cd)",
        "change_protection_range",
        "  + if (need_flush) goto  (4a18419f71cd)",
        "  + tlb_gather_mmu()  (4a18419f71cd)",
        "  + need_flush = 1  (4a18419f71cd)",
        "  - need_flush = 0  (4a18419f71cd)",
        "  - new_start = address  (4a18419f71cd)",
        "  - atomic_inc(&mm->tlb_flush_pending)  (4a18419f71cd)",
        "  + change_pte_range()  (4a18419f71cd)",
        "  - change_pte_range()  (4a18419f71cd)",
        "  - if (!tmp) goto  (4a18419f71cd)",
        "  - need_flush = 1  (4a18419f71cd)",
        "  + tlb_end_vma()  (4a18419f71cd)",
        "  - if (!need_flush) goto  (4a18419f71cd)",
        "  - range_start = new_start  (4a18419f71cd)",
        "  - range_end = end_address  (4a18419f71cd)",
        "  - flush_mm = mm  (4a18419f71cd)",
        "  - stride = 0  (4a18419f71cd)",
        "  - flush_tlb_range()  (4a18419f71cd)",
        "  - atomic_dec(&mm->tlb_flush_pending)  (4a18419f71cd)",
        "move_hugetlb_page_tables",
        "  + if (force_flush) goto  (3d0b95cd87b2)",
        "madvise",
        "  - if (tmp) goto  (90e7e7f5ef3f)",
        "  + if (tmp) goto  (90e7e7f5ef3f)",
        "  + goto  (90e7e7f5ef3f)",
        "  + zap_page_range_single()  (90e7e7f5ef3f)",
        "zap_page_range_single",
        "  + tlb_gather_mmu()  (90e7e7f5ef3f)",
        "  + lock i_mmap_rwsem (write)  (90e7e7f5ef3f)",
        "  + __unmap_hugepage_range()  (90e7e7f5ef3f)",
        "  + unlock i_mmap_rwsem  (90e7e7f5ef3f)",
        "  + tlb_finish_mmu()  (90e7e7f5ef3f)",
        "set_tlb_ubc_flush_pending",
        "  + atomic_inc(&mm->tlb_flush_batched)  (5ee2fa2f0636)",
        "  - mm->tlb_flush_batched = true  (5ee2fa2f0636)",
      ]
    `);
  });

  it("is the gather between 3.5 and 3.6", () => {
    expect(lines("3.5", "3.6")).toMatchInlineSnapshot(`
      [
        "unmap_single_vma",
        "  - tlb_flush_mmu()  (24669e58477e)",
        "  + vma->vm_flags &= ~VM_MAYSHARE  (d833352a4338)",
        "__unmap_hugepage_range",
        "  - new_start = address  (24669e58477e)",
        "  + tlb_remove_huge_tlb_entry()  (24669e58477e)",
        "  + if (!tmp) goto  (24669e58477e)",
        "  + tlb_flush_mmu()  (24669e58477e)",
        "  - __unmap_hugepage_range()  (24669e58477e)",
        "  - __unmap_hugepage_range()  (24669e58477e)",
        "  + tlb_end_vma()  (24669e58477e)",
        "__unmap_hugepage_range",
        "  - range_start = new_start  (24669e58477e)",
        "  - range_end = end_address  (24669e58477e)",
        "  - flush_mm = mm  (24669e58477e)",
        "  - stride = 1  (24669e58477e)",
        "  - flush_tlb_range()  (24669e58477e)",
        "unmap_hugepage_range",
        "  + tlb_gather_mmu()  (24669e58477e)",
        "  + tlb_finish_mmu()  (24669e58477e)",
        "hugetlb_change_protection",
        "  - unlock i_mmap_rwsem  (d833352a4338)",
        "  + unlock i_mmap_rwsem  (d833352a4338)",
      ]
    `);
  });

  it("is a locking reform between 3.6 and 5.15", () => {
    expect(lines("3.6", "5.15", "munmap")).toMatchInlineSnapshot(`
      [
        "munmap",
        "  + downgrade mmap_lock  (dd2283f2605e)",
        "__unmap_hugepage_range",
        "  - lock mm->page_table_lock (write)  (cb900f412154)",
        "  + lock ptl (write)  (cb900f412154)",
        "  + unlock ptl  (cb900f412154)",
        "  + unlock ptl  (cb900f412154)",
        "  + unlock ptl  (cb900f412154)",
        "  - unlock mm->page_table_lock  (cb900f412154)",
        "tlb_flush_mmu_tlbonly",
        "  - if (!(tlb->freed_tables || tlb->cleared_*)) return  (fb7332a9fedf)",
        "  + if (!(tlb->freed_tables || tlb->cleared_*)) return  (0758cd830494)",
        "  - full = 1  (fb7332a9fedf)",
        "  - freed_tables = 1  (fb7332a9fedf)",
        "flush_tlb_mm_range",
        "  - flush_tlb_func(local)  (4ce94eabac16, 5.13 [M])",
        "  + flush_tlb_func(local)  (4ce94eabac16, 5.13 [M])",
        "zap_pte_range",
        "  + flush_tlb_batched_pending()  (3ea277194daa)",
        "  + tlb_flush_mmu_tlbonly()  (1cf35d47712d)",
        "  - force_flush = force_flush & 1  (1cf35d47712d)",
        "flush_tlb_batched_pending",
        "  + atomic_read(&mm->tlb_flush_batched)  (3ea277194daa)",
        "  + if (!batched) goto  (3ea277194daa)",
        "  + flush_mm = mm  (3ea277194daa)",
        "  + stride = 0  (3ea277194daa)",
        "  + range_start = 0  (3ea277194daa)",
        "  + range_end = 0  (3ea277194daa)",
        "  + flush_tlb_batched()  (3ea277194daa)",
        "  + mm->tlb_flush_batched = false  (3ea277194daa)",
        "flush_tlb_batched",
        "  + full = 1  (3ea277194daa)",
        "  + freed_tables = 1  (3ea277194daa)",
        "  + flush_tlb_mm_range()  (3ea277194daa)",
        "zap_huge_pmd",
        "  - put_page(page)  (aa88b68c3b1d)",
        "tlb_remove_table_one",
        "  + tlb_flush_mmu_tlbonly()  (d86564a2f085)",
        "tlb_finish_mmu",
        "  + mm_tlb_flush_nested()  (56236a59556c)",
        "  + tlb->fullmm = 1; tlb->freed_tables = 1  (56236a59556c)",
      ]
    `);
  });

  it("is pinned for every pair of releases that follow each other, on every call and machine", async () => {
    const text = releases.slice(1).map(({ name }, i) => {
      const before = releases[i]?.name ?? "";
      const [a, b] = [findEdition(before), findEdition(name)];
      if (a === undefined || b === undefined) throw new Error(`${before} ${name}`);
      const functions = difference(a, b).map((found) => {
        const lines = found.lines.map((line) => `  ${line.sign} ${line.text}  (${line.commit ?? "no commit"})`);
        const reach = found.calls.length === 0 ? "every call" : `calls: ${found.calls.length}`;
        return [`${found.file} ${found.function}, ${reach}`, ...lines].join("\n");
      });
      return [`=== ${before} to ${name}`, ...functions].join("\n");
    });
    await expect(`${text.join("\n\n")}\n`).toMatchFileSnapshot("differences.txt");
  });

  it("names a commit for every line of every pair of releases", () => {
    const nameless = releases.slice(1).flatMap((after, i) => {
      const before = releases[i]?.name ?? "";
      return lines(before, after.name).filter((line) => line.endsWith("(no commit)"));
    });
    expect(nameless).toEqual([]);
  });

  it("is nothing between an edition and itself", () => {
    for (const { name } of releases) expect(lines(name, name)).toEqual([]);
  });
});

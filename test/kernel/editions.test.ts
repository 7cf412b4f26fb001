/**
 * Editions differ by their patches and nothing else: the difference of two is a snapshot.
 */
import { describe, expect, it } from "vitest";
import { Op } from "../../assembly/abi/ops.js";
import { backends, findBackend } from "../../src/kernel/arch/backends.js";
import { calls, findCall } from "../../src/kernel/calls.js";
import { type CompiledOp, compile } from "../../src/kernel/compile.js";
import { editions, findEdition, orderOf, releases } from "../../src/kernel/editions.js";

const compiled = (call: string, edition: string, backend = "x86"): CompiledOp[] => {
  const [c, e, b] = [findCall(call), findEdition(edition), findBackend(backend)];
  if (c === undefined || e === undefined || b === undefined) throw new Error(`${call} ${edition} ${backend}`);
  return compile(c.listing, e, b, 0);
};

/** Lines of one edition that the other has not, in order: a plain longest-common-subsequence difference. */
function difference(before: CompiledOp[], after: CompiledOp[]): string[] {
  const line = (op: CompiledOp): string => `${op.fn}: ${op.text.replace(/goto \w+/, "goto")}`;
  const a = before.map(line);
  const b = after.map(line);
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const cell = (i: number, j: number): number => table[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = table[i] as number[];
      row[j] = a[i] === b[j] ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1));
    }
  }
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (j < b.length && (i === a.length || cell(i, j + 1) >= cell(i + 1, j))) lines.push(`+ ${b[j++]}`);
    else lines.push(`- ${a[i++]}`);
  }
  return lines;
}

describe("editions", () => {
  it("differ between 5.15 and 5.16 in munmap by the seed's lines only", () => {
    const lines = difference(compiled("munmap", "5.15"), compiled("munmap", "5.16"));
    expect(lines.filter((l) => !/tlb_flush_mmu_tlbonly|flush_tlb_mm_range/.test(l))).toMatchInlineSnapshot(`
      [
        "+ tlb_flush_pmd_range: range_start = ALIGN_DOWN(address, PUD_SIZE)",
        "+ tlb_flush_pmd_range: __tlb_adjust_range(); tlb->cleared_pmds = 1",
        "+ __unmap_hugepage_range: force_flush = 1",
        "+ __unmap_hugepage_range: if (!force_flush) goto",
      ]
    `);
    expect(lines.every((l) => l.startsWith("+"))).toBe(true);
  });

  it("mark each of the seed's lines with its commit", () => {
    const marked = compiled("munmap", "5.16").filter((op) => op.commits.includes("a4a118f2eead"));
    expect(new Set(marked.map((op) => op.fn))).toEqual(
      new Set(["__unmap_hugepage_range", "tlb_flush_pmd_range", "tlb_flush_mmu_tlbonly", "flush_tlb_mm_range"]),
    );
  });

  it("differ between 5.16 and 5.16+ in mremap by the place of one unlock", () => {
    expect(difference(compiled("mremap", "5.16"), compiled("mremap", "5.16+"))).toMatchInlineSnapshot(`
      [
        "- move_hugetlb_page_tables: unlock i_mmap_rwsem",
        "+ move_hugetlb_page_tables: unlock i_mmap_rwsem",
      ]
    `);
  });

  it("differ between 5.16+ and 5.19 in munmap by the address that huge_pmd_unshare leaves behind", () => {
    expect(difference(compiled("munmap", "5.16+"), compiled("munmap", "5.19"))).toMatchInlineSnapshot(`
      [
        "+ huge_pmd_unshare: address = ALIGN_DOWN(address, PUD_SIZE)",
        "+ huge_pmd_unshare: address += PUD_SIZE",
        "- huge_pmd_unshare: address = ALIGN(address, PUD_SIZE)",
        "+ flush_tlb_batched_pending: atomic_cmpxchg(&mm->tlb_flush_batched)",
        "- flush_tlb_batched_pending: mm->tlb_flush_batched = false",
        "+ tlb_free_vmas: tlb->vma_pfn",
        "+ tlb_free_vmas: if (!tmp) goto",
        "+ tlb_flush_mmu_tlbonly: (oracle)",
        "+ tlb_flush_mmu_tlbonly: if (!(tlb->freed_tables || tlb->cleared_*)) return",
        "+ tlb_flush_mmu_tlbonly: if (!tmp) goto",
        "+ tlb_flush_mmu_tlbonly: tlb->start, tlb->end",
        "+ flush_tlb_mm_range: (end - start) >> stride_shift > tlb_single_page_flush_ceiling",
        "+ flush_tlb_mm_range: inc_mm_tlb_gen()",
        "+ flush_tlb_mm_range: on_each_cpu_mask(flush_tlb_func)",
        "+ flush_tlb_mm_range: flush_tlb_func(local)",
        "+ flush_tlb_mm_range: smp_call_function_many() waits",
        "+ tlb_flush_mmu_tlbonly: __tlb_reset_range()",
      ]
    `);
  });

  it("differ between 3.5 and 3.6 in munmap by the gather", () => {
    const lines = difference(compiled("munmap", "3.5"), compiled("munmap", "3.6"));
    expect(lines).toContain("+ unmap_single_vma: vma->vm_flags &= ~VM_MAYSHARE");
    expect(lines.some((l) => l.startsWith("- flush_tlb_mm_range"))).toBe(true);
  });

  it("have a place in time, what-ifs the place of their base", () => {
    const order = releases.map((e) => orderOf(e.base));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(orderOf("5.2")).toBeLessThan(orderOf("5.10"));
    expect(() => orderOf("next")).toThrow("next");
    expect(editions.every((e) => orderOf(e.base) > 0)).toBe(true);
  });

  it("lose or gain single commits by name", () => {
    const code = (edition: string) => compiled("munmap", edition).map((op) => [op.op, op.operands]);
    expect(code("5.16~a4a118f2eead")).toEqual(code("5.15"));
    expect(code("5.15+a4a118f2eead")).toEqual(code("5.16"));
    expect(code("5.18")).toEqual(code("5.17"));
    expect(findEdition("5.16~a4a1")).toBeUndefined();
    expect(findEdition("5.16+13e4ad2ce8df")?.base).toBe("5.16");
  });
});

describe("every call", () => {
  it.each(calls.map((c) => c.name))("%s compiles in every edition on every back-end and ends with a return", (name) => {
    for (const edition of editions) {
      for (const backend of backends) {
        const ops = compiled(name, edition.name, backend.name);
        expect(ops.at(-1)?.op).toBe(Op.RETURN);
        expect(ops.every((op) => op.op < Op.VISIBLE || op.says.length > 0 || op.op === Op.RETURN)).toBe(true);
      }
    }
  });
});

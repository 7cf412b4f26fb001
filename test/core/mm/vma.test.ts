import { describe, expect, it } from "vitest";
import { Reg } from "../../../assembly/abi/operands.js";
import { Vma, VmaFlag } from "../../../assembly/abi/records.js";
import { type Rig, rig, SHARED_FLAGS } from "../harness.js";

const A = 0;
const B = 1;

/** Every VMA as [mm, start, end, offset, detached]. */
function all(made: Rig): number[][] {
  const found: number[][] = [];
  for (let i = 0; i < 6; i++) {
    const vma = made.machine.vma(i);
    if (made.get(vma + Vma.MM) === 0) continue;
    const [start, end, offset] = [Vma.START, Vma.END, Vma.OFFSET].map((field) => made.machine.long(vma + field));
    found.push([
      made.get(vma + Vma.MM) - 1,
      start as number,
      end as number,
      offset as number,
      made.get(vma + Vma.DETACHED),
    ]);
  }
  return found.sort((x, y) => (x[1] as number) - (y[1] as number));
}

const startOf = (made: Rig, reg = Reg.VMA): number =>
  made.register(reg) === 0 ? -1 : made.machine.long(made.machine.vma(made.register(reg) - 1) + Vma.START);

describe("VMAs of an mm", () => {
  it("are found by the addresses inside them", () => {
    const made = rig();
    const vma = made.vma(A, 4, 8);
    expect([3n, 4n, 7n, 8n].map((vpn) => made.core.findVma(A, vpn))).toEqual([0, vma, vma, 0]);
    expect(made.core.findVma(B, 4n)).toBe(0);
  });

  it("have no room beyond their number", () => {
    const made = rig({ vmas: 1 });
    made.vma(A, 4, 8);
    expect(made.core.linkVma(A, 8n, 12n, SHARED_FLAGS, 1, 0n)).toBe(0);
  });

  it("are split at both ends by munmap, and what lies between is detached", () => {
    const made = rig();
    made.vma(A, 4, 12);
    made.set({ [Reg.MM]: A, [Reg.START]: 6, [Reg.END]: 10 });
    made.core.detachVmas(made.task(), 0);
    expect(all(made)).toEqual([
      [A, 4, 6, 0, 0],
      [A, 6, 10, 2, 1],
      [A, 10, 12, 6, 0],
    ]);
    expect([5n, 6n, 10n].map((vpn) => made.core.findVma(A, vpn) !== 0)).toEqual([true, false, true]);
  });

  it("are detached whole by exit, and only those of the mm", () => {
    const made = rig();
    made.vma(A, 4, 8);
    made.vma(B, 4, 8);
    made.set({ [Reg.MM]: A });
    made.core.detachVmas(made.task(), 1);
    expect(all(made).map(([mm, , , , detached]) => [mm, detached])).toEqual([
      [A, 1],
      [B, 0],
    ]);
  });

  it("detached by this task come one after another by address, and are forgotten together", () => {
    const made = rig();
    for (const start of [12, 4, 8]) made.vma(A, start, start + 4);
    made.set({ [Reg.MM]: A, [Reg.VMA]: 0 });
    made.core.detachVmas(made.task(), 1);
    const order = [0, 0, 0, 0].map(() => {
      made.core.nextDetached(made.task());
      return startOf(made);
    });
    expect(order).toEqual([4, 8, 12, -1]);
    made.set({ [Reg.VMA]: 0 }, 1);
    made.core.nextDetached(made.task(1));
    expect(made.register(Reg.VMA, 1)).toBe(0);
    made.core.freeDetached(made.task());
    expect(all(made)).toEqual([]);
  });

  it("get their new protection between the ends only", () => {
    const made = rig();
    made.vma(A, 4, 12);
    made.set({ [Reg.MM]: A, [Reg.START]: 8, [Reg.END]: 12, [Reg.PROT]: VmaFlag.READ });
    made.core.protectVmas(made.task());
    const flags = [4n, 8n].map((vpn) => made.get(made.core.findVma(A, vpn) + Vma.FLAGS) & VmaFlag.WRITE);
    expect(flags).toEqual([VmaFlag.WRITE, 0]);
  });

  it("are copied with their file offset", () => {
    const made = rig();
    const vma = made.vma(A, 4, 8);
    made.set({ [Reg.VMA]: made.vmaNumber(vma), [Reg.START]: 6, [Reg.END]: 8, [Reg.NEW_START]: 12 });
    made.core.copyVma(made.task());
    expect(all(made)[1]).toEqual([A, 12, 14, 2, 0]);
  });
});

describe("VMAs of a file", () => {
  it("are walked in the tree with the overlap of each, in every mm, detached or not", () => {
    const made = rig({ files: 2 });
    made.machine.setFile(0, 4, 1);
    made.vma(A, 4, 8);
    made.vma(B, 8, 12, { offset: 2 });
    made.vma(B, 12, 16, { file: 1 });
    made.put(made.machine.vma(0) + Vma.DETACHED, 1);
    made.set({ [Reg.FILE]: 0, [Reg.INDEX]: 1, [Reg.END]: 2, [Reg.VMA]: 0 });
    const seen: number[][] = [];
    made.core.nextInTree(made.task());
    while (made.register(Reg.VMA) !== 0) {
      seen.push([Reg.MM, Reg.ADDRESS, Reg.LAST].map((reg) => made.register(reg)));
      made.core.nextInTree(made.task());
    }
    expect(seen).toEqual([
      [A, 6, 8],
      [B, 8, 10],
    ]);
  });

  it("are not found any more once they are unlinked", () => {
    const made = rig();
    made.machine.setFile(0, 4, 1);
    const vma = made.vma(A, 4, 8);
    made.set({ [Reg.VMA]: made.vmaNumber(vma) });
    made.core.unlinkFile(made.task());
    made.set({ [Reg.FILE]: 0, [Reg.INDEX]: 0, [Reg.END]: 4, [Reg.VMA]: 0 });
    made.core.nextInTree(made.task());
    expect(made.register(Reg.VMA)).toBe(0);
  });

  it("tell the page of the file for an address, in the file's own page size", () => {
    const made = rig();
    made.machine.setFile(0, 4, 1);
    const vma = made.vma(A, 4, 8, { offset: 2 });
    made.set({ [Reg.VMA]: made.vmaNumber(vma), [Reg.ADDRESS]: 7 });
    made.core.vmaIndex(made.task());
    expect([made.register(Reg.FILE), made.register(Reg.INDEX)]).toEqual([0, 2]);
  });

  it("tell their bounds and whether they are hugetlb", () => {
    const made = rig();
    const vma = made.vma(A, 4, 8);
    made.set({ [Reg.VMA]: made.vmaNumber(vma) });
    made.core.vmaBounds(made.task(), Reg.TMP);
    expect([Reg.ADDRESS, Reg.LAST, Reg.FILE, Reg.TMP].map((reg) => made.register(reg))).toEqual([4, 8, 0, 1]);
  });
});

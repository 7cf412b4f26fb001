import { describe, expect, it } from "vitest";
import { Fault } from "../../../assembly/abi/events.js";
import { LockRef, Reg } from "../../../assembly/abi/operands.js";
import { Op } from "../../../assembly/abi/ops.js";
import { Entry, Frame, Mm, Rest, Tally, Vma, VmaFlag } from "../../../assembly/abi/records.js";
import { type Rig, rig, SHARED_FLAGS } from "../harness.js";
import { load, step } from "../ops.js";

const A = 0;
const B = 1;
const ADDRESS = 8;

interface Pair extends Rig {
  /** A's VMA at [4, 8), which has a PMD table, and B's at [8, 12), which asks. */
  readonly lender: number;
  readonly asker: number;
  readonly lent: number;
}

interface PairOptions {
  readonly lender?: { flags?: number; offset?: number; file?: number; start?: number; end?: number };
  readonly asker?: { flags?: number; offset?: number; start?: number; end?: number };
  readonly address?: number;
}

/** Both map the file from its beginning, so that everything is right for sharing but what a test changes. */
function pair({ lender = {}, asker = {}, address = ADDRESS }: PairOptions = {}): Pair {
  const made = rig({ files: 2, vmas: 6 });
  const from = made.vma(A, lender.start ?? 4, lender.end ?? 8, lender);
  const to = made.vma(B, asker.start ?? 8, asker.end ?? 12, asker);
  made.map(A, 4, 1);
  const table = made.tableOf(A, 4, 1);
  made.set({ [Reg.MM]: B, [Reg.FILE]: 0, [Reg.VMA]: made.vmaNumber(to), [Reg.ADDRESS]: address });
  return Object.assign(made, { lender: from, asker: to, lent: table });
}

/** Table that the asker finds, 0 for none. */
function found(made: Pair): number {
  made.core.findShareable(made.task());
  return made.register(Reg.TABLE);
}

describe("want_pmd_share (kernel.md 2.1)", () => {
  const rows = [
    ["a VMA that covers the GiB exactly", {}, 1],
    ["an address in the middle of the GiB", { address: 10 }, 1],
    ["a VMA that covers more", { asker: { start: 6, end: 14 } }, 1],
    ["a VMA that begins inside the GiB", { asker: { start: 10, end: 16 }, address: 10 }, 0],
    ["a VMA that ends inside the GiB", { asker: { start: 8, end: 10 } }, 0],
    ["a VMA without VM_MAYSHARE", { asker: { flags: SHARED_FLAGS & ~VmaFlag.MAYSHARE } }, 0],
  ] as const;
  for (const [what, options, wants] of rows) {
    it(`is ${wants === 1 ? "true" : "false"} for ${what}`, () => {
      const made = pair(options);
      expect(made.core.wantShare(made.task())).toBe(wants);
    });
  }

  it("is false once the VMA is marked as going away (d833352a4338)", () => {
    const made = pair();
    made.core.makeUnshareable(made.task());
    expect(made.core.wantShare(made.task())).toBe(0);
    expect(made.get(made.asker + Vma.FLAGS)).toBe(SHARED_FLAGS & ~VmaFlag.MAYSHARE);
  });
});

describe("page_table_shareable (kernel.md 2.1)", () => {
  it("gives the table of another mm that maps the same pages at the same place of a GiB", () => {
    const made = pair();
    expect(found(made)).toBe(made.lent);
  });

  it("gives it to another VMA of the same mm too", () => {
    const made = pair();
    made.set({ [Reg.MM]: A, [Reg.VMA]: made.vmaNumber(made.vma(A, 12, 16)), [Reg.ADDRESS]: 12 });
    expect(found(made)).toBe(made.lent);
  });

  const refusals: readonly [string, PairOptions][] = [
    ["another file", { lender: { file: 1 } }],
    ["other rights", { lender: { flags: SHARED_FLAGS & ~VmaFlag.WRITE } }],
    ["no VM_MAYSHARE on the lender's side", { lender: { flags: SHARED_FLAGS & ~VmaFlag.MAYSHARE } }],
    ["another place of the GiB", { asker: { offset: 2 } }],
    ["a lender that covers only a part of the GiB", { lender: { end: 6 } }],
    ["a page of the file that the lender does not map", { asker: { offset: 4 } }],
  ];
  for (const [what, options] of refusals) {
    it(`gives none for ${what}`, () => {
      expect(found(pair(options))).toBe(0);
    });
  }

  it("gives none when the lender has no table there, or a huge page in its place", () => {
    const empty = pair();
    empty.core.writeEntry(empty.slot(A, 4, 2), 0);
    expect(found(empty)).toBe(0);
    empty.core.writeEntry(empty.slot(A, 4, 2), empty.core.makeEntry(15, Entry.PRESENT | Entry.LEAF));
    expect(found(empty)).toBe(0);
  });

  it("gives none when the lender is out of the file's tree; a VMA that munmap has only detached lends", () => {
    const made = pair();
    made.put(made.lender + Vma.DETACHED, 1);
    expect(found(made)).toBe(made.lent);
    made.put(made.lender + Vma.IN_TREE, 0);
    expect(found(made)).toBe(0);
  });
});

describe("installing and leaving a shared table", () => {
  function populated(): Pair {
    const made = pair();
    made.core.allocTables(B, 8n, 2);
    found(made);
    expect(made.core.pudPopulate(made.task())).toBe(1);
    return made;
  }

  it("gives the mm the table, charges it, and counts a parent", () => {
    const made = populated();
    expect(made.tableOf(B, 8, 1)).toBe(made.lent);
    expect([made.mm(B, Mm.TABLES), made.rest(made.lent, Rest.PARENTS)]).toEqual([1, 2]);
    expect(made.machine.tally(Tally.SHARED)).toBe(1);
  });

  it("does nothing when another fault was first", () => {
    const made = populated();
    expect(made.core.pudPopulate(made.task())).toBe(0);
    expect(made.mm(B, Mm.TABLES)).toBe(1);
  });

  it("takes the PUD entry away and owes pointer and leaves, under the guard", () => {
    const made = populated();
    made.core.loadMm(2, B);
    const lock = made.lock(LockRef.I_MMAP);
    made.core.acquire(made.task(), lock, 1, 4);
    made.core.pudClear(made.task(), LockRef.I_MMAP);
    expect(made.slot(B, 8, 1)).toBe(0);
    expect([made.mm(B, Mm.TABLES), made.rest(made.lent, Rest.PARENTS)]).toEqual([0, 1]);
    expect(made.owed().map(({ mm, start, frame }) => [mm, start, frame])[0]).toEqual([B, 8, made.lent]);
    expect(made.violations()).toEqual([]);
    made.core.unlock(made.task(), lock, 4);
    expect(made.violations()).toEqual([Fault.FLUSH_AFTER_UNLOCK]);
  });

  it("needs i_mmap_rwsem for write", () => {
    const made = populated();
    made.core.pudClear(made.task(), LockRef.I_MMAP);
    expect(made.violations()).toEqual([Fault.LOCK_NOT_HELD]);
  });
});

describe("counting sharers", () => {
  const BY_REFERENCES = 0;
  const BY_SHARE_COUNT = 1;

  /** PMD_SHARED after each of: nothing, TABLE_GET, TABLE_PUT; and [references, pt_share_count] after each. */
  function lifeOf(scheme: number): [number[], [number, number][]] {
    const made = pair();
    found(made);
    load(made, 0, [
      [Op.PMD_SHARED, Reg.TMP, scheme],
      [Op.TABLE_GET, scheme],
      [Op.PMD_SHARED, Reg.TMP, scheme],
      [Op.TABLE_PUT, scheme],
      [Op.PMD_SHARED, Reg.TMP, scheme],
    ]);
    const shared = [made.register(Reg.TMP)];
    const counts = (): [number, number] => [made.frame(made.lent, Frame.REFERENCES), made.rest(made.lent, Rest.SHARE)];
    const all = [counts()];
    for (let i = 0; i < 2; i++) {
      step(made, 0);
      shared.push(made.register(Reg.TMP));
      all.push(counts());
    }
    expect(made.violations()).toEqual([]);
    return [shared, all];
  }

  it("by references goes from 1 to 2 and back, and leaves pt_share_count alone", () => {
    const life = lifeOf(BY_REFERENCES);
    expect(life).toEqual([
      [0, 1, 0],
      [
        [1, 0],
        [2, 0],
        [1, 0],
      ],
    ]);
  });

  it("by pt_share_count goes from 0 to 1 and back, and leaves references alone (59d9094df3d7)", () => {
    const life = lifeOf(BY_SHARE_COUNT);
    expect(life).toEqual([
      [0, 1, 0],
      [
        [1, 0],
        [1, 1],
        [1, 0],
      ],
    ]);
  });

  /** An exclusive table to which a scanner of pages has taken a reference for a moment. */
  function speculated(): Pair {
    const made = pair();
    found(made);
    made.put(made.machine.frame(made.lent) + Frame.REFERENCES, 2);
    made.set({ [Reg.MM]: A, [Reg.VMA]: made.vmaNumber(made.lender), [Reg.ADDRESS]: 4 });
    return made;
  }

  it("by references takes a speculative reference for a sharer: live entries are left (CVE-2024-57883)", () => {
    const made = speculated();
    expect(made.core.isShared(made.task(), BY_REFERENCES)).toBe(1);
    made.core.pudClear(made.task(), LockRef.NONE);
    expect(made.core.tablePut(made.task(), BY_REFERENCES)).toBe(0);
    expect([made.rest(made.lent, Rest.PARENTS), made.core.liveEntries(made.lent)]).toEqual([0, 1]);
    // The scanner drops its reference, the last one: the table goes with its pages still mapped in it.
    made.core.putPage(made.lent);
    expect(made.violations()).toEqual([Fault.UNBALANCED]);
  });

  it("by pt_share_count sees through a speculative reference", () => {
    const made = speculated();
    expect(made.core.isShared(made.task(), BY_SHARE_COUNT)).toBe(0);
  });

  it("by pt_share_count sees a sharer that the references do not show (CVE-2026-23100)", () => {
    const made = pair();
    found(made);
    made.core.tableGet(made.task(), BY_SHARE_COUNT);
    expect([BY_REFERENCES, BY_SHARE_COUNT].map((scheme) => made.core.isShared(made.task(), scheme))).toEqual([0, 1]);
  });

  it("by pt_share_count below zero is UNBALANCED", () => {
    const made = pair();
    found(made);
    expect(made.core.tablePut(made.task(), BY_SHARE_COUNT)).toBe(0);
    expect(made.violations()).toEqual([Fault.UNBALANCED]);
    expect(made.rest(made.lent, Rest.SHARE)).toBe(0);
  });

  it("makes the free of a table with sharers UNBALANCED", () => {
    const made = pair();
    found(made);
    made.core.tableGet(made.task(), BY_SHARE_COUNT);
    made.core.writeEntry(made.slot(A, 4, 1), 0);
    made.core.putPage(made.lent);
    expect(made.violations()).toEqual([Fault.UNBALANCED]);
  });

  it("by references asks for the last put when nobody else is left", () => {
    const made = pair();
    found(made);
    expect(made.core.tablePut(made.task(), BY_REFERENCES)).toBe(1);
    expect(made.frame(made.lent, Frame.REFERENCES)).toBe(1);
  });
});

describe("adjust_range_if_pmd_sharing_possible (kernel.md 2.5)", () => {
  const widen = (vma: [number, number], range: [number, number], flags: number = SHARED_FLAGS): [number, number] => {
    const made = rig();
    const word = made.vma(A, vma[0], vma[1], { flags });
    made.set({ [Reg.VMA]: made.vmaNumber(word), [Reg.RANGE_START]: range[0], [Reg.RANGE_END]: range[1] });
    made.core.widenRange(made.task());
    return [made.register(Reg.RANGE_START), made.register(Reg.RANGE_END)];
  };
  const rows: readonly [string, [number, number], [number, number], [number, number]][] = [
    ["rounds out to whole GiBs", [4, 12], [6, 10], [4, 12]],
    ["leaves whole GiBs alone", [4, 12], [4, 8], [4, 8]],
    ["never goes beyond the aligned part of the VMA", [6, 14], [7, 9], [7, 12]],
    ["does nothing for a range outside the aligned part", [6, 14], [6, 8], [6, 8]],
    ["does nothing when the VMA covers no whole GiB", [6, 10], [6, 8], [6, 8]],
  ];
  for (const [what, vma, range, widened] of rows) {
    it(what, () => {
      expect(widen(vma, range)).toEqual(widened);
    });
  }

  it("does nothing without VM_MAYSHARE, and does not look at whether a table is shared", () => {
    expect(widen([4, 12], [6, 10], SHARED_FLAGS & ~VmaFlag.MAYSHARE)).toEqual([6, 10]);
    expect(widen([4, 12], [6, 10])).toEqual([4, 12]);
  });
});

import { describe, expect, it } from "vitest";
import { Entry, Frame, Rest } from "../../../assembly/abi/records.js";
import { Kind, Pool, rig } from "../harness.js";

const TABLE = Entry.PRESENT | Entry.WRITE;
const LEAF = TABLE | Entry.LEAF;

describe("geometry of tiny", () => {
  const { core } = rig();

  it("has 2 base pages in a huge page, 2 huge pages in a GiB and 4 GiB", () => {
    expect([0, 1, 2, 3].map((level) => core.pagesOf(level))).toEqual([1n, 2n, 4n, 16n]);
    expect([0, 1, 2].map((level) => core.entriesOf(level))).toEqual([2, 2, 4]);
    expect(core.spaceEnd()).toBe(16n);
  });

  it("splits an address into one index per level", () => {
    const indices = (vpn: bigint) => [2, 1, 0].map((level) => core.indexOf(vpn, level));
    expect(indices(0n)).toEqual([0, 0, 0]);
    expect(indices(0b10_1_1n)).toEqual([2, 1, 1]);
    expect(indices(15n)).toEqual([3, 1, 1]);
  });

  it("aligns down and up to the span of a level, and leaves aligned addresses alone", () => {
    expect([0n, 1n, 3n, 4n, 5n].map((vpn) => core.alignDown(vpn, 2))).toEqual([0n, 0n, 0n, 4n, 4n]);
    expect([0n, 1n, 3n, 4n, 5n].map((vpn) => core.alignUp(vpn, 2))).toEqual([0n, 4n, 4n, 4n, 8n]);
    expect(core.alignDown(7n, 0)).toBe(7n);
  });
});

describe("geometry of x86-64", () => {
  const made = rig({ geometry: "x86-64" });
  const { core } = made;
  const highest = 2n ** 36n - 1n;

  it("has 36-bit page numbers in four levels of 9 bits", () => {
    expect([0, 1, 2, 3].map((level) => core.shiftOf(level))).toEqual([0, 9, 18, 27]);
    expect([0, 1, 2, 3].map((level) => core.pagesOf(level))).toEqual([1n, 512n, 2n ** 18n, 2n ** 27n]);
    expect(core.spaceEnd()).toBe(2n ** 36n);
  });

  it("indexes the last page with 511 at every level", () => {
    expect([0, 1, 2, 3].map((level) => core.indexOf(highest, level))).toEqual([511, 511, 511, 511]);
    expect(core.indexOf(5n << 27n, 3)).toBe(5);
    expect(core.indexOf(5n << 27n, 2)).toBe(0);
  });

  it("aligns beyond 32 bits without losing the upper half", () => {
    expect(core.alignDown(highest, 3)).toBe(511n << 27n);
    expect(core.alignDown((7n << 33n) + 513n, 1)).toBe((7n << 33n) + 512n);
    expect(core.alignUp((7n << 33n) + 1n, 2)).toBe((7n << 33n) + 2n ** 18n);
    expect(core.alignUp(highest, 3)).toBe(2n ** 36n);
  });

  it("finds the first entry in use of any part of a table", () => {
    const table = made.table(made.core.allocate(Pool.TABLE, Kind.TABLE, 1));
    expect(core.firstUsed(table, table + 512)).toBe(table + 512);
    for (const used of [511, 300, 77, 64, 3]) {
      made.put(table + used, 1);
      for (const [from, to] of [
        [0, 512],
        [used, used + 1],
        [used > 40 ? used - 40 : 0, used + 1],
      ] as const) {
        expect(core.firstUsed(table + from, table + to)).toBe(table + used);
      }
      expect(core.firstUsed(table, table + used)).toBe(table + used);
    }
  });

  it("makes tables for the highest page and finds its entry again", () => {
    expect(core.allocTables(0, highest, 0)).toBe(1);
    const slot = core.slotOf(made.pgd(0), highest, 0);
    expect(slot).toBe(made.table(core.slotTable()) + 511);
    expect(core.slotOf(made.pgd(0), highest - 512n, 0)).toBe(0);
    expect(core.slotOf(made.pgd(0), highest - 512n, 1)).toBe(core.slotOf(made.pgd(0), highest, 1) - 1);
  });
});

describe("an entry", () => {
  const { core } = rig();

  it("carries its frame above eight flag bits", () => {
    const entry = core.makeEntry(0xabcd, LEAF);
    expect(entry).toBe((0xabcd << 8) | LEAF);
    expect(core.frameOf(entry)).toBe(0xabcd);
  });

  it("points to a table only when it is present and no leaf", () => {
    const judged = [0, Entry.LEAF, LEAF, TABLE].map((flags) => core.isTableEntry(core.makeEntry(3, flags)));
    expect(judged).toEqual([0, 0, 0, 1]);
  });
});

describe("a walk without hardware", () => {
  it("ends at a missing table, and below a huge page", () => {
    const made = rig();
    expect(made.slot(0, 0, 0)).toBe(0);
    made.map(0, 0, 1);
    expect(made.slot(0, 0, 1)).not.toBe(0);
    expect(made.slot(0, 0, 0)).toBe(0);
    expect(made.core.slotOf(0, 0n, 0)).toBe(0);
  });

  it("gives the top level without any table", () => {
    const made = rig();
    expect(made.slot(0, 13, 2)).toBe(made.table(made.pgd(0)) + 3);
    expect(made.core.slotTable()).toBe(made.pgd(0));
  });
});

describe("parents of a table", () => {
  it("are the present upper entries that point to it, of every mm", () => {
    const made = rig();
    made.map(0, 4, 1);
    const table = made.tableOf(0, 4, 1);
    expect(made.rest(table, Rest.PARENTS)).toBe(1);
    made.share(1, 8, table);
    expect(made.rest(table, Rest.PARENTS)).toBe(2);
    made.core.writeEntry(made.slot(0, 4, 2), 0);
    expect(made.rest(table, Rest.PARENTS)).toBe(1);
    made.core.writeEntry(made.slot(1, 8, 2), 0);
    expect(made.rest(table, Rest.PARENTS)).toBe(0);
  });

  it("move to the new table when an entry is replaced", () => {
    const made = rig();
    const [a, b] = [0, 0].map(() => made.core.allocate(Pool.TABLE, Kind.TABLE, 1)) as [number, number];
    const slot = made.slot(0, 0, 2);
    made.core.writeEntry(slot, made.core.makeEntry(a, TABLE));
    made.core.writeEntry(slot, made.core.makeEntry(b, TABLE));
    expect([a, b].map((table) => made.rest(table, Rest.PARENTS))).toEqual([0, 1]);
  });

  it("are not counted for leaves: a huge page has none", () => {
    const made = rig();
    const page = made.map(0, 4, 1);
    expect(made.rest(page, Rest.PARENTS)).toBe(0);
  });

  it("are not the kernel's count: sharing leaves references alone", () => {
    const made = rig();
    made.map(0, 4, 1);
    const table = made.tableOf(0, 4, 1);
    made.share(1, 8, table);
    expect(made.frame(table, Frame.REFERENCES)).toBe(1);
  });
});

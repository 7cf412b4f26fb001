import { describe, expect, it } from "vitest";
import { Scope } from "../../../assembly/abi/operands.js";
import { Entry } from "../../../assembly/abi/records.js";
import type { TlbConfig } from "../../../src/machine.js";
import { type Rig, rig } from "../harness.js";

const SPACE = 1;
const FLAGS = Entry.PRESENT | Entry.LEAF;

/** What CPU 0 holds before each invalidation: leaves and pointers by level and first page, of one address space. */
const LEAVES = { base0: [0, 0], base1: [0, 1], huge2: [1, 2], giant4: [2, 4], base8: [0, 8], global9: [0, 9] } as const;
const WALKS = { walk1at0: [1, 0], walk1at8: [1, 8], walk2at0: [2, 0], walk2at8: [2, 8] } as const;
type Name = keyof typeof LEAVES | keyof typeof WALKS;
const ALL: readonly Name[] = [...Object.keys(LEAVES), ...Object.keys(WALKS)] as Name[];

/** Room for everything, so that nothing goes but by invalidation. */
const ROOMY: TlbConfig = { l1: [1, 16], l1Huge: [1, 8], l1Giant: [1, 8], l2: [1, 32], walkCache: 16 };

function filled(backend: string): Rig {
  const made = rig({ backend, concrete: true, tlb: ROOMY });
  for (const cpu of [0, 1]) {
    for (const space of [SPACE, 2]) {
      for (const [name, [level, vpn]] of Object.entries(LEAVES)) {
        const flags = name === "global9" ? FLAGS | Entry.GLOBAL : FLAGS;
        made.core.fill(cpu, space, BigInt(vpn), level, 13, flags);
      }
      for (const [level, vpn] of Object.values(WALKS)) made.core.fillWalk(cpu, space, BigInt(vpn), level, 3);
    }
  }
  return made;
}

function isHeld(made: Rig, name: Name, cpu = 0, space = SPACE): boolean {
  if (name in WALKS) {
    const [level, vpn] = WALKS[name as keyof typeof WALKS];
    return made.core.lookUpWalk(cpu, space, BigInt(vpn), level) !== 0;
  }
  const [level, vpn] = LEAVES[name as keyof typeof LEAVES];
  const entry = made.core.lookUp(cpu, space, BigInt(vpn));
  return entry !== 0 && made.core.cachedTag(entry) === made.core.tagOf(space, level);
}

const dropped = (made: Rig): Name[] => ALL.filter((name) => !isHeld(made, name));

interface Row {
  readonly says: string;
  readonly backend: string;
  /** Leaf-only or not, as the kernel asked; or the whole context. */
  readonly scope: "leaf" | "all-level" | "context";
  readonly hint?: number;
  readonly span: readonly [number, number];
  readonly drops: readonly Name[];
}

const contextDrops = ALL.filter((name) => name !== "global9");
const walks: readonly Name[] = ["walk1at0", "walk1at8", "walk2at0", "walk2at8"];
const path: readonly Name[] = ["walk1at0", "walk2at0"];
/** TTL hint as the core takes it: level + 1. */
const ttl = (level: number): number => level + 1;

const rows: readonly Row[] = [
  { says: "INVLPG", backend: "x86", scope: "leaf", span: [0, 1], drops: ["base0", ...walks] },
  { says: "INVLPG for removed tables", backend: "x86", scope: "all-level", span: [0, 1], drops: ["base0", ...walks] },
  { says: "INVLPG of a global page", backend: "x86", scope: "leaf", span: [9, 10], drops: ["global9", ...walks] },
  { says: "INVLPG inside a 2 MiB page", backend: "x86", scope: "leaf", span: [3, 4], drops: ["huge2", ...walks] },
  { says: "INVLPG inside a 1 GiB page", backend: "x86", scope: "leaf", span: [6, 7], drops: ["giant4", ...walks] },
  { says: "a CR3 write", backend: "x86", scope: "context", span: [0, 0], drops: contextDrops },
];

for (const backend of ["arm64", "arm64-range", "precise"]) {
  const row = (says: string, row: Omit<Row, "says" | "backend">): Row => ({ says, backend, ...row });
  (rows as Row[]).push(
    row("VALE1IS", { scope: "leaf", span: [0, 1], drops: ["base0"] }),
    row("VALE1IS over a GiB", { scope: "leaf", span: [0, 4], drops: ["base0", "base1", "huge2"] }),
    row("VALE1IS inside a 2 MiB page", { scope: "leaf", span: [3, 4], drops: ["huge2"] }),
    row("VAE1IS", { scope: "all-level", span: [0, 1], drops: ["base0", ...path] }),
    row("VAE1IS elsewhere on the path", { scope: "all-level", span: [2, 4], drops: ["huge2", "walk2at0"] }),
    row("VAE1IS over a GiB", { scope: "all-level", span: [0, 4], drops: ["base0", "base1", "huge2", ...path] }),
    row("VALE1IS with TTL of the huge page", { scope: "leaf", hint: ttl(1), span: [0, 4], drops: ["huge2"] }),
    row("VALE1IS with TTL of base pages", { scope: "leaf", hint: ttl(0), span: [0, 4], drops: ["base0", "base1"] }),
    row("VALE1IS with the wrong TTL", { scope: "leaf", hint: ttl(2), span: [0, 4], drops: [] }),
    row("VAE1IS with TTL of the huge page", {
      scope: "all-level",
      hint: ttl(1),
      span: [0, 4],
      drops: ["huge2", "walk2at0"],
    }),
    row("VAE1IS with TTL of base pages", {
      scope: "all-level",
      hint: ttl(0),
      span: [0, 4],
      drops: ["base0", "base1", ...path],
    }),
    row("ASIDE1IS", { scope: "context", span: [0, 0], drops: contextDrops }),
    row("ASIDE1IS, whatever the TTL", { scope: "context", hint: ttl(1), span: [0, 0], drops: contextDrops }),
  );
}

for (const backend of ["x86-pti", "x86-tce", "x86-invlpgb"]) {
  const row = (says: string, row: Omit<Row, "says" | "backend">): Row => ({ says, backend, ...row });
  (rows as Row[]).push(
    row("one address", { scope: "leaf", span: [0, 1], drops: ["base0", ...path] }),
    row("one address in a 2 MiB page", { scope: "leaf", span: [3, 4], drops: ["huge2", "walk2at0"] }),
    row("a whole PCID", { scope: "context", span: [0, 0], drops: contextDrops }),
  );
}
(rows as Row[]).push(
  { says: "SFENCE.VMA of an address", backend: "riscv", scope: "all-level", span: [0, 1], drops: ["base0"] },
  { says: "SFENCE.VMA of an ASID", backend: "riscv", scope: "context", span: [0, 0], drops: contextDrops },
);

const inOrder = (names: readonly Name[]): Name[] => ALL.filter((name) => names.includes(name));

function run(row: Row): Rig {
  const made = filled(row.backend);
  const scope = row.scope === "context" ? Scope.CONTEXT : made.core.addressScope(row.scope === "leaf" ? 1 : 0);
  made.core.invalidate(0, SPACE, scope, row.hint ?? 0, BigInt(row.span[0]), BigInt(row.span[1]));
  return made;
}

describe("an invalidation", () => {
  for (const row of rows) {
    it(`${row.backend}: ${row.says} [${row.span}) drops ${row.drops.join(", ") || "nothing"}`, () => {
      const made = run(row);
      expect(dropped(made)).toEqual(inOrder(row.drops));
    });
  }

  it("touches no other address space and no other CPU (T1)", () => {
    for (const row of rows) {
      const made = run(row);
      expect(ALL.every((name) => isHeld(made, name, 0, 2))).toBe(true);
      expect(ALL.every((name) => isHeld(made, name, 1, SPACE))).toBe(true);
    }
  });

  it("of an empty range reaches no leaf, and on x86 still every pointer", () => {
    const arm = run({ says: "", backend: "arm64", scope: "all-level", span: [0, 0], drops: [] });
    const x86 = run({ says: "", backend: "x86", scope: "leaf", span: [0, 0], drops: [] });
    expect([dropped(arm), dropped(x86)]).toEqual([[], walks]);
  });

  it("of everything takes global translations too", () => {
    const made = filled("x86");
    made.core.invalidateAll(0);
    expect(dropped(made)).toEqual(ALL);
    expect(ALL.every((name) => isHeld(made, name, 1))).toBe(true);
  });
});

describe("page-table isolation without INVPCID", () => {
  it("leaves to the user PCID's flush on return what INVPCID would have dropped: no pointer stays", () => {
    const made = rig({ backend: "x86-pti", invpcid: false });
    expect(made.core.addressScope(1)).toBe(Scope.ALL_WALK);
    expect(rig({ backend: "x86-pti" }).core.addressScope(1)).toBe(Scope.PATH);
  });
});

describe("the scope that a machine gives to an address invalidation", () => {
  it("is every pointer on x86, and on arm64 none when the kernel asks for leaves only", () => {
    const scopes = ["x86", "arm64", "arm64-range", "precise"].map((backend) => {
      const { core } = rig({ backend });
      return [core.addressScope(1), core.addressScope(0)];
    });
    const arm = [Scope.LEAF, Scope.PATH];
    expect(scopes).toEqual([[Scope.ALL_WALK, Scope.ALL_WALK], arm, arm, arm]);
  });
});

describe("the oracle's view of an invalidation", () => {
  it("agrees with what the TLBs drop, for every rule, hint and address", () => {
    const made = rig({ concrete: true });
    const { core } = made;
    const spans = [0n, 1n, 2n, 3n, 4n].flatMap((from) => [1n, 2n, 4n].map((size) => [from, from + size] as const));
    for (const scope of [Scope.LEAF, Scope.PATH, Scope.ALL_WALK, Scope.CONTEXT]) {
      for (const hint of [0, 1, 2, 3]) {
        for (const [from, to] of spans) {
          for (const [level, vpn] of Object.values(LEAVES)) {
            core.fill(0, SPACE, BigInt(vpn), level, 13, FLAGS);
            core.invalidate(0, SPACE, scope, hint, from, to);
            const gone = core.lookUp(0, SPACE, BigInt(vpn)) === 0 ? 1 : 0;
            expect(core.reachesLeaf(scope, hint, from, to, BigInt(vpn), level)).toBe(gone);
            core.invalidateAll(0);
          }
          for (const [level, vpn] of Object.values(WALKS)) {
            core.fillWalk(0, SPACE, BigInt(vpn), level, 3);
            core.invalidate(0, SPACE, scope, hint, from, to);
            const gone = core.lookUpWalk(0, SPACE, BigInt(vpn), level) === 0 ? 1 : 0;
            expect(core.reachesWalk(scope, hint, from, to, BigInt(vpn), level)).toBe(gone);
            core.invalidateAll(0);
          }
        }
      }
    }
  });
});

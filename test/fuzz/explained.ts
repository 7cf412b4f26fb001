/**
 * What a campaign may find on an edition that is repaired, and why. A finding is explained when an entry fits in all:
 * edition, machine, kind, the calls of its program, and what is checked on the run itself.
 */

import { FuzzWord } from "../../assembly/abi/fuzz.js";
import { Base } from "../../assembly/abi/layout.js";
import { Cpu } from "../../assembly/abi/records.js";
import type { Arena } from "../../src/fuzz/arena.js";
import type { FuzzFinding } from "../../src/fuzz/fuzz.js";
import { arenaFor } from "../../src/fuzz/one.js";
import { readProgram } from "../../src/fuzz/program.js";
import { backends } from "../../src/kernel/arch/backends.js";
import { kindNumber, type ViolationKind, violationKinds } from "../../src/names.js";

export interface Explanation {
  /** Catalogue entry, commit or open question. */
  readonly why: string;
  readonly editions: readonly string[];
  readonly backends: readonly string[];
  readonly kinds: readonly ViolationKind[];
  /** Start of the line at which what is owed was taken away. */
  readonly born: RegExp;
  /** The program makes one of these calls. */
  readonly calls: readonly string[];
  /** What must be so at the step of the violation. */
  readonly check: (run: Arena, finding: FuzzFinding, edition: string, backend: string) => boolean;
}

const violationOf = (arena: Arena, kind: ViolationKind) =>
  arena.machine.violations().find((violation) => violation.kind === kindNumber(kind));

/** Runs the finding's input on an edition; up to `steps` of them. */
function run(finding: FuzzFinding, edition: string, backend: string, steps?: number): Arena {
  const arena = arenaFor(edition, backend);
  const most = arena.get(FuzzWord.STEPS_MAX);
  arena.set(FuzzWord.STEPS_MAX, steps ?? most);
  arena.write(Uint8Array.from(Buffer.from(finding.input, "hex")));
  arena.machine.core.call.fuzzInput();
  arena.set(FuzzWord.STEPS_MAX, most);
  return arena;
}

/** Everybody who may still hold what is owed runs no user code: lazy CPUs, which nobody tells of unshared tables. */
function onlyLazyHolders(arena: Arena, finding: FuzzFinding): boolean {
  const holders = violationOf(arena, finding.kind)?.holders ?? 0;
  const isLazy = (cpu: number): boolean =>
    arena.machine.get(arena.machine.base(Base.CPU) + cpu * Cpu.WORDS + Cpu.LAZY) !== 0;
  return holders !== 0 && [0, 1, 2, 3].every((cpu) => ((holders >> cpu) & 1) === 0 || isLazy(cpu));
}

/** The same input does not show it where the commit is ported back. */
const goneWith =
  (commit: string): Explanation["check"] =>
  (_arena, finding, edition, backend) => {
    const repaired = run(finding, `${edition}+${commit}`, backend);
    const violation = violationOf(repaired, finding.kind);
    return violation === undefined || repaired.lineName(repaired.lineOf(violation.pc)) !== finding.where;
  };

/** An entry was moved to the wrong place before, and the same input shows nothing of the kind where that is mended. */
const afterWrongMove: Explanation["check"] = (arena, finding, _edition, backend) => {
  const moved = violationOf(arena, "MOVED_WRONG")?.step ?? Number.POSITIVE_INFINITY;
  const here = violationOf(arena, finding.kind)?.step ?? 0;
  return moved <= here && violationOf(run(finding, "7.2", backend), finding.kind) === undefined;
};

export const EXPLANATIONS: readonly Explanation[] = [
  {
    why: "docs/open-questions.md, 3: mremap of huge pages loses the distance (repaired in 7.2)",
    editions: ["7.1"],
    backends: backends.map(({ name }) => name),
    kinds: ["MOVED_WRONG", "RANGE_NOT_RECORDED", "UNBALANCED"],
    born: /^$|^free_pgtables/,
    calls: ["mremap"],
    check: afterWrongMove,
  },
  {
    why: "docs/open-questions.md, 1: lazy CPUs are not told of unshared tables",
    editions: ["5.19", "7.1"],
    backends: ["x86", "x86-pti", "x86-tce"],
    kinds: ["FLUSH_AFTER_UNLOCK", "STALE_WALK"],
    born: /huge/,
    calls: ["idle", "exit"],
    check: onlyLazyHolders,
  },
  {
    why: "docs/open-questions.md, 2: write-back beside a reclaim that has deferred its flush",
    editions: ["5.19", "7.1"],
    backends: backends.map(({ name }) => name),
    kinds: ["WRITE_LOST"],
    born: /^try_to_unmap_one|^change_prot_numa/,
    calls: ["reclaim"],
    check: () => true,
  },
  {
    why: "the rule knows no batch: reclaim defers the flush of one page and flushes for another at once",
    editions: ["5.19", "7.1"],
    backends: backends.map(({ name }) => name),
    kinds: ["RANGE_NOT_RECORDED"],
    born: /^try_to_unmap_one: ptep_get_and_clear/,
    calls: ["reclaim"],
    check: (_run, finding) => finding.where.startsWith("try_to_unmap_one"),
  },
  {
    why: "B8(i), 59d9094df3d7 (6.13): a stray reference makes a table look shared, and everything after it is wrong",
    editions: ["5.19"],
    backends: backends.map(({ name }) => name),
    kinds: violationKinds,
    born: /^/,
    calls: ["scan"],
    check: goneWith("59d9094df3d7"),
  },
  {
    why: "B16, bc2ff4cbc329 (6.9): a large folio is freed before the deferred flush",
    editions: ["5.19"],
    backends: backends.map(({ name }) => name),
    kinds: ["STALE_TRANSLATION"],
    born: /^try_to_unmap_one|^change_prot_numa/,
    calls: ["reclaim"],
    check: goneWith("bc2ff4cbc329"),
  },
  {
    why: "B19(b), 5df397dec7c4 (6.2): a map count that falls before the flush",
    editions: ["5.19"],
    backends: backends.map(({ name }) => name),
    kinds: ["WRITE_LOST"],
    born: /^/,
    calls: ["writeback"],
    check: goneWith("5df397dec7c4"),
  },
  {
    why: "B23, 3ef938c35035 (6.15): a direct flush of a range tells no lazy CPU of a table that was removed",
    editions: ["5.19"],
    backends: ["x86", "x86-pti", "x86-tce"],
    kinds: ["STALE_WALK"],
    born: /^collapse_pte_mapped_thp/,
    calls: ["collapse"],
    check: goneWith("3ef938c35035"),
  },
  {
    why: "b30c14cd6102 (6.2): mprotect of a part of a shared GiB flushes too little",
    editions: ["5.19"],
    backends: ["x86", "x86-pti", "x86-tce"],
    kinds: ["STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL"],
    born: /^huge_pmd_unshare|^__unmap_hugepage_range/,
    calls: ["mprotect"],
    check: goneWith("b30c14cd6102"),
  },
];

/** The entry that explains a finding, or undefined. */
export function explanationOf(finding: FuzzFinding, edition: string, backend: string): string | undefined {
  const whole = run(finding, edition, backend);
  const violation = violationOf(whole, finding.kind);
  const names = readProgram(whole).tasks.flatMap((task) => task.calls.map(({ call }) => call));
  return EXPLANATIONS.find(
    (entry) =>
      entry.editions.includes(edition) &&
      entry.backends.includes(backend) &&
      entry.kinds.includes(finding.kind) &&
      entry.born.test(finding.born) &&
      entry.calls.some((call) => names.includes(call)) &&
      entry.check(run(finding, edition, backend, violation?.step), finding, edition, backend),
  )?.why;
}

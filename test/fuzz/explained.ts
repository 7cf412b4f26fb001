/**
 * What a campaign may find on an edition that is repaired, and why. A finding is explained when an entry fits in all:
 * edition, machine, kind, lines, calls of its program, what is checked on the run itself, and that the same program
 * shows nothing of the kind in that function once the cause alone is taken away, on any of thousands of schedules.
 *
 * The cause is a commit that came later, a repair that we propose (what-if editions), or the next release where no
 * commit is known. A program may have several causes at once: then the one is taken away where the others are already.
 */

import { FuzzWord } from "../../assembly/abi/fuzz.js";
import { Base } from "../../assembly/abi/layout.js";
import { Cpu } from "../../assembly/abi/records.js";
import { chooseBackend } from "../../src/explore/choose.js";
import { Arena } from "../../src/fuzz/arena.js";
import type { FuzzFinding } from "../../src/fuzz/fuzz.js";
import { arenaFor } from "../../src/fuzz/one.js";
import { showsOn } from "../../src/fuzz/pair.js";
import { readProgram } from "../../src/fuzz/program.js";
import { backends } from "../../src/kernel/arch/backends.js";
import { type Edition, findEdition } from "../../src/kernel/editions.js";
import { kindNumber, type ViolationKind, violationKinds } from "../../src/names.js";

export interface Explanation {
  /** Catalogue entry, commit or open question. */
  readonly why: string;
  readonly editions: readonly string[];
  readonly backends: readonly string[];
  readonly kinds: readonly ViolationKind[];
  /** Line at which what is owed was taken away, and line at which the promise was broken. */
  readonly born: RegExp;
  readonly where: RegExp;
  /** The program makes one of these calls. */
  readonly calls: readonly string[];
  /** What must be so at the step of the violation. */
  readonly check?: (run: Arena, finding: FuzzFinding) => boolean;
  /** The edition without the cause. */
  readonly repaired: (edition: Edition) => Edition;
}

const violationOf = (arena: Arena, kind: ViolationKind) =>
  arena.machine.violations().find((violation) => violation.kind === kindNumber(kind));

const inputOf = (finding: FuzzFinding): Uint8Array => Uint8Array.from(Buffer.from(finding.input, "hex"));

/** Runs the finding's input on an edition; up to `steps` of them. */
function run(finding: FuzzFinding, arena: Arena, steps?: number): Arena {
  const most = arena.get(FuzzWord.STEPS_MAX);
  arena.set(FuzzWord.STEPS_MAX, steps ?? most);
  arena.write(inputOf(finding));
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

/** An entry was moved to the wrong place before. */
function afterWrongMove(arena: Arena, finding: FuzzFinding): boolean {
  const moved = violationOf(arena, "MOVED_WRONG")?.step ?? Number.POSITIVE_INFINITY;
  return moved <= (violationOf(arena, finding.kind)?.step ?? 0);
}

/** The edition with commits ported back, or a patch of a what-if. */
const having =
  (commits: readonly string[], patch?: string): Explanation["repaired"] =>
  (edition) => ({
    ...edition,
    name: `${edition.name} ${patch ?? ""} ${commits.join(" ")}`,
    with: [...(edition.with ?? []), ...commits],
    ...(patch === undefined ? {} : { patch }),
  });

const inRelease =
  (base: string): Explanation["repaired"] =>
  (edition) => ({ ...edition, name: `${edition.name} ${base}`, base });

const every = backends.map(({ name }) => name);
const interrupting = ["x86", "x86-pti", "x86-tce"];
/** In 5.19 the gather does not know of unshared tables: it learns that first. */
const GATHERED = "8ce720d5bd91";

export const EXPLANATIONS: readonly Explanation[] = [
  {
    why: "docs/open-questions.md, 1: lazy CPUs are not told of unshared tables",
    editions: ["7.1"],
    backends: interrupting,
    kinds: ["FLUSH_AFTER_UNLOCK", "STALE_WALK"],
    born: /huge/,
    where: /i_mmap_rwsem|__tlb_remove_table|free_pages_and_swap_cache|remove_huge_page|migrate_page_move_mapping|^gup/,
    calls: ["idle", "exit"],
    check: onlyLazyHolders,
    repaired: having([], "unshared-lazy"),
  },
  {
    why: "docs/open-questions.md, 1: lazy CPUs are not told of unshared tables (direct flushes: 3ef938c35035)",
    editions: ["5.19"],
    backends: interrupting,
    kinds: ["FLUSH_AFTER_UNLOCK", "STALE_WALK"],
    born: /huge/,
    where: /i_mmap_rwsem|__tlb_remove_table|free_pages_and_swap_cache|remove_huge_page|migrate_page_move_mapping|^gup/,
    calls: ["idle", "exit"],
    check: onlyLazyHolders,
    repaired: having([GATHERED, "3ef938c35035"], "unshared-lazy"),
  },
  {
    why: "docs/open-questions.md, 2: write-back beside a reclaim that has deferred its flush",
    editions: ["5.19", "7.1"],
    backends: every,
    kinds: ["WRITE_LOST"],
    born: /^try_to_unmap_one: ptep_get_and_clear|^change_prot/,
    where: /^write_cache_pages: submit_bio/,
    calls: ["reclaim"],
    repaired: having([], "reclaim-at-once"),
  },
  {
    why: "docs/open-questions.md, 3: mremap of huge pages loses the distance (repaired in 7.2)",
    editions: ["7.1"],
    backends: every,
    kinds: ["MOVED_WRONG", "RANGE_NOT_RECORDED", "UNBALANCED", "WALKER_INSIDE"],
    born: /^/,
    where: /^/,
    calls: ["mremap"],
    check: afterWrongMove,
    repaired: inRelease("7.2"),
  },
  {
    why: "B8(i), 59d9094df3d7 (6.13): a stray reference makes a table look shared, and everything after it is wrong",
    editions: ["5.19"],
    backends: every,
    kinds: violationKinds,
    born: /^$|huge/,
    where: /^/,
    calls: ["poison", "scan", "pin"],
    repaired: having(["59d9094df3d7"]),
  },
  {
    why: "B16, bc2ff4cbc329 (6.9): a large folio is freed before the deferred flush",
    editions: ["5.19"],
    backends: every,
    kinds: ["STALE_TRANSLATION"],
    born: /^try_to_unmap_one|^change_prot/,
    where: /put_page|free_pages_and_swap_cache/,
    calls: ["reclaim"],
    repaired: having(["bc2ff4cbc329"]),
  },
  {
    why: "B19(b), 5df397dec7c4 (6.2): a map count that falls before the flush",
    editions: ["5.19"],
    backends: every,
    kinds: ["WRITE_LOST"],
    born: /^zap_pte_range|^change_prot/,
    where: /^write_cache_pages: submit_bio/,
    calls: ["writeback"],
    repaired: having(["5df397dec7c4"]),
  },
  {
    why: "B20(c), f268f6cf875f (6.1): khugepaged tells no notifier that it takes the table",
    editions: ["5.19"],
    backends: every,
    kinds: ["STALE_TRANSLATION", "STALE_WALK"],
    born: /^stage2_put_pte|^sync_page|^tlb_batch_pages_flush/,
    where: /free_pages_and_swap_cache|put_page/,
    calls: ["retract"],
    repaired: having(["f268f6cf875f"]),
  },
  {
    why: "B23, 3ef938c35035 (6.15): a direct flush of a range tells no lazy CPU of a table that was removed",
    editions: ["5.19"],
    backends: interrupting,
    kinds: ["STALE_WALK", "STALE_TRANSLATION"],
    born: /^collapse|^zap_pte_range/,
    where: /^collapse|free_pages_and_swap_cache/,
    calls: ["collapse", "collapse-huge"],
    check: onlyLazyHolders,
    repaired: having(["3ef938c35035"]),
  },
  {
    why: "B27(a), ce0b15d11ad8 (6.4): INVLPG leaves global entries on some CPUs with PCIDs",
    editions: ["5.19"],
    backends: interrupting,
    kinds: ["STALE_TRANSLATION"],
    born: /^vunmap/,
    where: /^vunmap/,
    calls: ["vunmap"],
    repaired: having(["ce0b15d11ad8"]),
  },
  {
    why: "b30c14cd6102 (6.2): a VMA is split inside a shared GiB, and then its flushes are too small",
    editions: ["5.19"],
    backends: interrupting,
    kinds: ["STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL"],
    born: /^huge_pmd_unshare|^__unmap_hugepage_range/,
    where: /^/,
    calls: ["mprotect", "munmap", "mremap"],
    repaired: having(["b30c14cd6102"]),
  },
];

const arenas = new Map<string, Arena>();

function arenaOf(edition: Edition, backend: string): Arena {
  const key = `${edition.name} ${backend}`;
  const arena = arenas.get(key) ?? Arena.boot({ edition, backend: chooseBackend(backend) });
  arenas.set(key, arena);
  return arena;
}

/** What else may be wrong in the edition: the commits of its other entries. */
function rest(entry: Explanation, edition: Edition): string[] {
  const own = entry.repaired(edition).with ?? [];
  const others = EXPLANATIONS.filter((other) => other.editions.includes(edition.name));
  return [...new Set(others.flatMap((other) => other.repaired(edition).with ?? []))].filter((c) => !own.includes(c));
}

/** Whether the program shows nothing of the kind in that function once the cause alone is away. */
function isRepaired(entry: Explanation, finding: FuzzFinding, edition: Edition, backend: string): boolean {
  const input = inputOf(finding);
  const shows = (one: Edition): boolean => showsOn(arenaOf(one, backend), input, finding);
  if (!shows(entry.repaired(edition))) return true;
  const clean = having(rest(entry, edition))(edition);
  return shows(clean) && !shows(entry.repaired(clean));
}

/** The entry that explains a finding, or undefined. */
export function explanationOf(finding: FuzzFinding, editionName: string, backend: string): string | undefined {
  const edition = findEdition(editionName);
  if (edition === undefined) throw new Error(`there is no edition ${editionName}`);
  const arena = arenaFor(editionName, backend);
  const violation = violationOf(run(finding, arena), finding.kind);
  const names = readProgram(arena).tasks.flatMap((task) => task.calls.map(({ call }) => call));
  return EXPLANATIONS.find(
    (entry) =>
      entry.editions.includes(editionName) &&
      entry.backends.includes(backend) &&
      entry.kinds.includes(finding.kind) &&
      entry.born.test(finding.born) &&
      entry.where.test(finding.where) &&
      entry.calls.some((call) => names.includes(call)) &&
      (entry.check?.(run(finding, arena, violation?.step), finding) ?? true) &&
      isRepaired(entry, finding, edition, backend),
  )?.why;
}

/**
 * The editions: what the kernel's text was at a release or a commit, and what-ifs that change one line of one.
 *
 * Any release has a name of its own ("4.18"), and any edition can lose or gain single commits: "5.19~a4a118f2eead" is
 * 5.19 with the seed reverted, "5.15+a4a118f2eead" is 5.15 with it ported back. So a bug and its repair are two
 * editions that differ by that commit and by nothing else.
 */
import type { Line } from "./listing.js";
import { parseStable } from "./stable.js";

/** What stands in a place of a listing instead of what is written there. The place is named by the array itself. */
export interface Change {
  readonly lines: readonly Line[];
  readonly index: number;
  readonly count: number;
  readonly by: readonly Line[];
}

export interface Edition {
  readonly name: string;
  /** The edition whose lines it has. */
  readonly base: string;
  /** What sets it apart, for people. */
  readonly title: string;
  /** Commit that made it, when there is one. */
  readonly commit?: string;
  /** Commits that it lacks although its base has them, and commits that were ported back to it. */
  readonly without?: readonly string[];
  readonly with?: readonly string[];
  /** One place of one listing that reads differently: `count` lines from `index` on are replaced. */
  readonly change?: Change;
  /** Lines added (`only`) or dropped (`unless`) by a what-if. */
  readonly patch?: string;
}

const release = (name: string, commit: string, title: string): Edition => ({ name, base: name, commit, title });

/** In order of time: `since` and `until` compare positions in this list. */
export const releases: readonly Edition[] = [
  release("3.5", "972dc4de13f6", "temporary list, one unconditional flush under page_table_lock"),
  release("3.6", "24669e58477e", "mmu_gather for hugetlb; nothing records an unshare"),
  release("5.15", "8bb7eca972ad", "split page-table locks; nothing records an unshare (CVE-2021-4002)"),
  release("5.16", "a4a118f2eead", "the seed: the unshared GiB is recorded and flushed before i_mmap is dropped"),
  release("5.16+", "13e4ad2ce8df", "mremap flushes before i_mmap is dropped"),
  release("5.19", "48381273f873", "huge_pmd_unshare no longer steps back into the previous GiB"),
  release("6.1", "40549ba8f8e0", "a lock for each VMA, hugetlb vma_lock, orders faults and unsharing"),
  release("6.16", "1013af4f585f", "unsharing waits for software walkers; a VMA is split with its tables unshared"),
  release("7.0", "8ce720d5bd91", "unshared tables are tracked in the gather, and walkers waited for once"),
  release("7.1", "c2ff4764e03e", "arm64 flushes pointers to unshared tables too"),
];

const whatIf = (name: string, base: string, patch: string, title: string): Edition => ({ name, base, patch, title });

/**
 * One line of the seed's patch taken out or moved, and the repair that its author rejected. Then 7.1 without what two
 * open questions are about.
 */
export const whatIfs: readonly Edition[] = [
  whatIf("5.16-no-record", "5.16", "no-record", "the seed without tlb_flush_pmd_range()"),
  whatIf("5.16-no-force", "5.16", "no-force", "the seed without force_flush = true"),
  whatIf("5.16-no-flush", "5.16", "no-flush", "the seed without the flush before the unlock"),
  whatIf("5.16-late-flush", "5.16", "late-flush", "the seed's flush moved after the unlock"),
  whatIf(
    "5.15-deferred-put",
    "5.15",
    "deferred-put",
    "instead of the seed: the table's reference is kept until the gather ends",
  ),
  whatIf("7.1-unshared-lazy", "7.1", "unshared-lazy", "x86 interrupts lazy CPUs for unshared tables too"),
  whatIf("7.1-reclaim-at-once", "7.1", "reclaim-at-once", "reclaim flushes each entry at once, and defers nothing"),
];

export const editions: readonly Edition[] = [...releases, ...whatIfs];

/** Stable releases that recordings of real kernels are of; any other stable release is an edition as well. */
const RECORDED: readonly (readonly [string, string])[] = [
  ["5.10.223-prefix", "stable 5.10.223 with the seed's diff taken out"],
  ["5.10.223", "stable; the seed and 48381273f873 ported back"],
  ["6.1.192", "stable; unsharing is tracked by the gather, and happens when a VMA is split"],
  ["7.3.4", "stable, without further commits"],
];

export const recorded: readonly Edition[] = RECORDED.flatMap(([name, title]) => {
  const stable = parseStable(name);
  return stable === undefined ? [] : [{ name, title, ...stable }];
});

/** A release, and then any number of commits taken out (~) or ported back (+), by their first twelve digits. */
const SPELLING = /^(\d+\.\d+\+?(?![0-9a-f]))((?:[~+][0-9a-f]{12})*)$/;

/** Finds an edition by name: one of `editions`, or a release with commits taken out or added. */
export function findEdition(name: string): Edition | undefined {
  const known = [...editions, ...recorded].find((edition) => edition.name === name);
  if (known !== undefined) return known;
  const stable = parseStable(name);
  if (stable !== undefined) return { name, title: `stable release ${name}, as far as it is modelled`, ...stable };
  const [, base, commits] = SPELLING.exec(name) ?? [];
  if (base === undefined || commits === undefined) return undefined;
  const changes = commits.match(/[~+][0-9a-f]{12}/g) ?? [];
  const named = (sign: string) => changes.filter((c) => c.startsWith(sign)).map((c) => c.slice(1));
  const words = [...named("~").map((c) => `without ${c}`), ...named("+").map((c) => `with ${c}`)];
  const title = [`Linux ${base}, as far as it is modelled`, ...words].join(", ");
  return { name, base, title, without: named("~"), with: named("+") };
}

/** Position of a release in time, whether it is listed or not. Throws on a name that is no release. */
export function orderOf(name: string): number {
  const [, major, minor, plus] = /^(\d+)\.(\d+)(\+?)$/.exec(name) ?? [];
  if (major === undefined || minor === undefined) throw new Error(`"${name}" is not the name of a release`);
  return Number(major) * 10_000 + Number(minor) * 10 + (plus === "" ? 0 : 1);
}

/** Whether the edition has what `commit` changed, when the release `release` was the first to have it. */
export function hasChange(edition: Edition, release: string, commit: string | undefined): boolean {
  if (commit !== undefined && edition.without?.includes(commit)) return false;
  if (commit !== undefined && edition.with?.includes(commit)) return true;
  return orderOf(edition.base) >= orderOf(release);
}

/** The last of the releases. */
export const newestEdition = (): Edition => releases.at(-1) as Edition;

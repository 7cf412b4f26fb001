/** Every scenario, in reading order. */
import { seed } from "./01-seed.js";
import { holePunch } from "./02-hole-punch.js";
import { previousGib } from "./03-previous-gib.js";
import { mremapLateFlush } from "./04-mremap-late-flush.js";
import { mprotectLateFlush } from "./05-mprotect-late-flush.js";
import { narrowRange } from "./06-narrow-range.js";
import { exitShortcut } from "./07-exit-shortcut.js";
import { lazyWalk } from "./08-lazy-walk.js";
import { dyingVma } from "./09-dying-vma.js";
import { vmaSplit } from "./10-vma-split.js";
import { gupUnshared } from "./11-gup-unshared.js";
import { fakeSharing } from "./12-fake-sharing.js";
import { walkCache } from "./13-walk-cache.js";
import { mremapDelta } from "./14-mremap-delta.js";
import { migrateNarrow } from "./15-migrate-narrow.js";
import { lazyUnshare } from "./16-lazy-unshare.js";
import { mremapFlush } from "./20-mremap-flush.js";
import { numaPending } from "./21-numa-pending.js";
import { parallelDontneed } from "./22-parallel-dontneed.js";
import { forcedLevels } from "./23-forced-levels.js";
import { pfnmap } from "./24-pfnmap.js";
import { batchedFlush } from "./25-batched-flush.js";
import { batchedBool } from "./26-batched-bool.js";
import { batchedDsb } from "./27-batched-dsb.js";
import { largeFolio } from "./28-large-folio.js";
import { hugeZero } from "./29-huge-zero.js";
import { dirtyZap } from "./30-dirty-zap.js";
import { dirtyRmap } from "./31-dirty-rmap.js";
import { reclaimWriteback } from "./32-reclaim-writeback.js";
import { lazyCollapse } from "./40-lazy-collapse.js";
import { execSwitch } from "./41-exec-switch.js";
import { tableBatch } from "./42-table-batch.js";
import { softDirty } from "./43-soft-dirty.js";
import { invlpgGlobal } from "./44-invlpg-global.js";
import { dsbEarly } from "./45-dsb-early.js";
import { asidRollover } from "./46-asid-rollover.js";
import { uffdWpCopy } from "./47-uffd-wp-copy.js";
import { collapseCopy } from "./48-collapse-copy.js";
import { collapseTable } from "./49-collapse-table.js";
import { collapseNoNotifier } from "./50-collapse-no-notifier.js";
import { kvmZapRange } from "./51-kvm-zap-range.js";
import { kvmLostFlush } from "./52-kvm-lost-flush.js";
import { kvmTruncated } from "./53-kvm-truncated.js";
import { kvmLevelHint } from "./54-kvm-level-hint.js";
import { progressModels } from "./models/progress.js";
import { yardstick } from "./models/yardstick.js";
import type { Scenario } from "./scenario.js";

export const scenarios: readonly Scenario[] = [
  seed,
  holePunch,
  previousGib,
  mremapLateFlush,
  mprotectLateFlush,
  narrowRange,
  exitShortcut,
  lazyWalk,
  dyingVma,
  vmaSplit,
  gupUnshared,
  fakeSharing,
  walkCache,
  mremapDelta,
  migrateNarrow,
  lazyUnshare,
  mremapFlush,
  numaPending,
  parallelDontneed,
  forcedLevels,
  pfnmap,
  batchedFlush,
  batchedBool,
  batchedDsb,
  largeFolio,
  hugeZero,
  dirtyZap,
  dirtyRmap,
  reclaimWriteback,
  lazyCollapse,
  execSwitch,
  tableBatch,
  softDirty,
  invlpgGlobal,
  dsbEarly,
  asidRollover,
  uffdWpCopy,
  collapseCopy,
  collapseTable,
  collapseNoNotifier,
  kvmZapRange,
  kvmLostFlush,
  kvmTruncated,
  kvmLevelHint,
];

/** Models that are checked when they are named: they are about the search, not about a kernel. */
export const models: readonly Scenario[] = [yardstick, ...progressModels];

/** Finds a scenario or model by name or alias, whatever the case. */
export function findScenario(name: string): Scenario | undefined {
  const wanted = name.toLowerCase();
  return [...scenarios, ...models].find(
    (s) => s.name === wanted || s.aliases.some((alias) => alias.toLowerCase() === wanted),
  );
}

/**
 * Every scenario that a name stands for: a scenario's own name or alias, a CVE, a commit by its first twelve digits, or
 * a number of the catalogue ("B3" means all parts of it, "B3(i)" one).
 */
export function findScenarios(name: string): readonly Scenario[] {
  const wanted = name.toLowerCase().replaceAll(" ", "");
  const exact = scenarios.filter((s) => s.name === wanted);
  if (exact.length > 0) return exact;
  return scenarios.filter((s) => {
    const words = [...s.aliases, ...(s.cve ?? []), ...s.commits, s.bug, s.bug.replace(/\(.*/, "")];
    return words.some((word) => word.toLowerCase() === wanted);
  });
}

/** The pair of editions that a scenario of the catalogue is about; undefined for one without. */
export function pairOf(scenario: Scenario): readonly [string, string] | undefined {
  if (scenario.vulnerable === undefined || scenario.fixed === undefined) return undefined;
  return [scenario.vulnerable, scenario.fixed];
}

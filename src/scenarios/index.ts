/** Every scenario, in reading order. */
import { seed } from "./01-seed.js";
import { holePunch } from "./02-hole-punch.js";
import { previousGib } from "./03-previous-gib.js";
import { mremapLateFlush } from "./04-mremap-late-flush.js";
import { mprotectLateFlush } from "./05-mprotect-late-flush.js";
import { narrowRange } from "./06-narrow-range.js";
import { exitShortcut } from "./07-exit-shortcut.js";
import { lazyWalk } from "./08-lazy-walk.js";
import { mremapFlush } from "./20-mremap-flush.js";
import { lazyCollapse } from "./40-lazy-collapse.js";
import { execSwitch } from "./41-exec-switch.js";
import { tableBatch } from "./42-table-batch.js";
import { softDirty } from "./43-soft-dirty.js";
import { invlpgGlobal } from "./44-invlpg-global.js";
import { dsbEarly } from "./45-dsb-early.js";
import { asidRollover } from "./46-asid-rollover.js";
import { uffdWpCopy } from "./47-uffd-wp-copy.js";
import { collapseNoNotifier } from "./50-collapse-no-notifier.js";
import { kvmZapRange } from "./51-kvm-zap-range.js";
import { kvmLostFlush } from "./52-kvm-lost-flush.js";
import { kvmTruncated } from "./53-kvm-truncated.js";
import { kvmLevelHint } from "./54-kvm-level-hint.js";
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
  mremapFlush,
  lazyCollapse,
  execSwitch,
  tableBatch,
  softDirty,
  invlpgGlobal,
  dsbEarly,
  asidRollover,
  uffdWpCopy,
  collapseNoNotifier,
  kvmZapRange,
  kvmLostFlush,
  kvmTruncated,
  kvmLevelHint,
];

/** The scenario of this name or alias, whatever the case. */
export function findScenario(name: string): Scenario | undefined {
  const wanted = name.toLowerCase();
  return scenarios.find((s) => s.name === wanted || s.aliases.some((alias) => alias.toLowerCase() === wanted));
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

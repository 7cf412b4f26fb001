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
];

/** Finds a scenario by name or alias, whatever the case. */
export function findScenario(name: string): Scenario | undefined {
  const wanted = name.toLowerCase();
  return scenarios.find((s) => s.name === wanted || s.aliases.some((alias) => alias.toLowerCase() === wanted));
}

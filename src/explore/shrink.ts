/**
 * Shrinking: the same violation in fewer steps, then with fewer changes of agent.
 *
 * A path is cut into ever smaller blocks and each is left out in turn; moves that no longer fit are skipped. What stays
 * is at a local minimum: no single step can go. Then steps of one agent are drawn together where the violation stays.
 */
import type { Machine } from "../machine.js";
import { follow, type Goal, switchesOf } from "./path.js";

/** A shorter path to a violation of `kind`. `machine` is at any point of the same race. */
export function shrink(machine: Machine, path: readonly number[], kind: number | Goal): number[] {
  const first = follow(machine, path, kind);
  if (!first.found) return [...path];
  return fewerSwitches(machine, fewerSteps(machine, first.path, kind), kind);
}

function fewerSteps(machine: Machine, path: readonly number[], kind: number | Goal): number[] {
  let best = [...path];
  for (let block = Math.max(1, best.length >> 1); block >= 1; block >>= 1) {
    let at = 0;
    while (at < best.length) {
      const tried = follow(machine, [...best.slice(0, at), ...best.slice(at + block)], kind);
      if (tried.found && tried.path.length < best.length) best = tried.path;
      else at += block;
    }
  }
  return best;
}

/** Pulls the next step of an agent forward to its last one, whenever that saves a switch and keeps the violation. */
export function fewerSwitches(machine: Machine, path: readonly number[], kind: number | Goal): number[] {
  let best = [...path];
  let improved = true;
  while (improved) {
    improved = false;
    for (let i = 0; i + 2 < best.length && !improved; i++) {
      if (best[i] === best[i + 1]) continue;
      for (const candidate of pulled(best, i)) {
        const tried = follow(machine, candidate, kind);
        if (!tried.found || tried.path.length > best.length || switchesOf(tried.path) >= switchesOf(best)) continue;
        best = tried.path;
        improved = true;
        break;
      }
    }
  }
  return best;
}

/** Paths in which the next runs of agent `path[i]`, one step or a whole block, follow step `i` at once. */
function pulled(path: readonly number[], i: number): number[][] {
  const agent = path[i];
  const from = path.indexOf(agent as number, i + 1);
  if (from < 0) return [];
  let to = from;
  while (path[to] === agent) to++;
  const without = (a: number, b: number): number[] => [
    ...path.slice(0, i + 1),
    ...path.slice(a, b),
    ...path.slice(i + 1, a),
    ...path.slice(b),
  ];
  // The steps in between may also go after the block they stand before.
  return [without(from, to), without(from, from + 1)];
}

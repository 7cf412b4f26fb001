/**
 * The rows of a `tlb` run: one engine for each TLB and page size, one for the sweep of all sizes, one for their curves.
 *
 * A plan is data, so that it can be sent to a worker; a lane is a plan with its engine.
 */
import type { ReplayModule } from "../core/replay.js";
import { InputError } from "../error.js";
import { type Counts, Engine, type EngineConfig, type PageSize, pageSizes } from "./engine.js";
import type { TlbGeometry } from "./geometry.js";
import { findTlb } from "./presets.js";
import type { Pages, TlbCurve, TlbLevel, TlbOptions, TlbRow, TlbSweep } from "./tlb-result.js";

/** What one engine simulates. */
export interface LanePlan {
  readonly geometry: TlbGeometry;
  readonly pages: Pages;
  /** Set for the sweep: its page sizes, one row each. */
  readonly sweep?: readonly PageSize[];
  /** Set for the miss curves: their page sizes, one row each. */
  readonly curve?: readonly PageSize[];
}

export interface Lane extends LanePlan {
  readonly engine: Engine;
  seconds: number;
}

const DEFAULT_PAGES: readonly Pages[] = ["4k", "2m", "thp"];

/** The rows that the options ask for, in the order in which they are reported. Throws InputError. */
export function planLanes(options: Pick<TlbOptions, "tlb" | "pages" | "sweep" | "curve">): LanePlan[] {
  const wanted = options.tlb ?? "skylake";
  const list: readonly (string | TlbGeometry)[] = Array.isArray(wanted) ? wanted : [wanted as string | TlbGeometry];
  const geometries = list.map((item) => (typeof item === "string" ? findTlb(item) : item));
  const sizes = options.pages ?? DEFAULT_PAGES;
  for (const size of sizes) {
    if (size === "thp" || pageSizes.includes(size)) continue;
    throw new InputError(`there is no page size "${size}"`, { source: "--pages", remedy: "choose of 4k, 2m, 1g, thp" });
  }
  const plans: LanePlan[] = geometries.flatMap((geometry) => sizes.map((pages) => ({ geometry, pages })));
  const uniform = sizes.filter((size): size is PageSize => size !== "thp");
  const shared = { geometry: geometries[0] as TlbGeometry, pages: "4k" } as const;
  if (options.sweep && uniform.length > 0) plans.push({ ...shared, sweep: uniform });
  if (options.curve && uniform.length > 0) plans.push({ ...shared, curve: uniform });
  return plans;
}

/** Makes the engine of a plan. */
export function openLane(
  plan: LanePlan,
  options: Pick<TlbOptions, "ranges" | "cpus" | "fetch" | "levels">,
  module?: ReplayModule,
): Lane {
  const { geometry, pages, sweep, curve } = plan;
  const { ranges, cpus, fetch, levels } = options;
  const config: EngineConfig = {
    geometry,
    pages,
    ...(cpus === undefined ? {} : { cpus }),
    ...(fetch === undefined ? {} : { fetch }),
    ...(levels === undefined ? {} : { levels }),
    ...(module === undefined ? {} : { module }),
    ...(sweep === undefined ? {} : { sweep }),
    ...(curve === undefined ? {} : { curve }),
    ...(ranges === undefined || sweep !== undefined || curve !== undefined ? {} : { ranges }),
  };
  return { ...plan, engine: new Engine(config), seconds: 0 };
}

/** Whether a plan simulates the one geometry. */
export const isRow = ({ sweep, curve }: LanePlan): boolean => sweep === undefined && curve === undefined;

/** The row of a lane that simulates the one geometry. */
export function rowOf(lane: Lane): TlbRow {
  const { engine, pages, geometry, seconds } = lane;
  const all = engine.counts();
  const { accesses, references, walks, walkReferences, walkReferencesUncached, flushes, invalidations } = all;
  return {
    pages,
    tlb: geometry.name,
    accesses,
    references,
    levels: levelsOf(all),
    walks: walks[0] + walks[1] + walks[2],
    walksBySize: { "4k": walks[0], "2m": walks[1], "1g": walks[2] },
    walkReferences,
    walkReferencesUncached,
    flushes,
    invalidations,
    tables: engine.tables,
    seconds,
    ...(engine.cpus > 1 ? { cpus: cpusOf(engine) } : {}),
  };
}

function cpusOf(engine: Engine): { cpu: number; references: number; misses: number }[] {
  return Array.from({ length: engine.cpus }, (_, cpu) => {
    const { references, l2Misses } = engine.counts(cpu);
    return { cpu, references, misses: l2Misses };
  });
}

function levelsOf(counts: Counts): TlbLevel[] {
  const { references, fetchReferences, l1Misses, fetchMisses, l2Misses } = counts;
  const level = (name: TlbLevel["name"], asked: number, misses: number): TlbLevel => ({
    name,
    hits: asked - misses,
    misses,
  });
  const fetches = fetchReferences > 0 ? [level("l1i", fetchReferences, fetchMisses)] : [];
  return [
    level("l1", references - fetchReferences, l1Misses),
    ...fetches,
    level("l2", l1Misses + fetchMisses, l2Misses),
  ];
}

/** The rows of a lane that sweeps: one for each page size. `seconds` is the time of all of them together. */
export function sweepsOf({ engine, sweep = [], seconds }: Lane): TlbSweep[] {
  const cpus = Array.from({ length: engine.cpus }, (_, cpu) => cpu);
  return sweep.map((size) => {
    const tables = cpus.map((cpu) => engine.sweepMisses(size, cpu));
    return {
      pages: size,
      references: cpus.reduce((sum, cpu) => sum + engine.sweepReferences(size, cpu), 0),
      misses: (tables[0] as number[][]).map((line, bits) =>
        line.map((_, ways) => tables.reduce((sum, table) => sum + (table[bits]?.[ways] as number), 0)),
      ),
      seconds,
    };
  });
}

/** Numbers of entries at which a curve is told: four an octave. */
function entriesUpTo(longest: number): number[] {
  const entries: number[] = [];
  for (let octave = 1; ; octave *= 2) {
    for (const quarter of [4, 5, 6, 7]) {
      const value = (octave * quarter) / 4;
      if (!Number.isInteger(value)) continue;
      entries.push(value);
      if (value >= longest) return entries;
    }
  }
}

/** The curves of a lane that makes them: one for each page size. `seconds` is the time of all of them together. */
export function curvesOf({ engine, curve = [], seconds }: Lane): TlbCurve[] {
  const cpus = Array.from({ length: engine.cpus }, (_, cpu) => cpu);
  return curve.map((size) => {
    const curves = cpus.map((cpu) => engine.curveMisses(size, cpu));
    const missesOf = (entries: number): number =>
      curves.reduce((sum, misses) => sum + (misses[entries - 1] ?? misses.at(-1) ?? 0), 0);
    return {
      pages: size,
      references: cpus.reduce((sum, cpu) => sum + engine.sweepReferences(size, cpu), 0),
      points: entriesUpTo(Math.max(...curves.map(({ length }) => length))).map((entries) => ({
        entries,
        misses: missesOf(entries),
      })),
      seconds,
    };
  });
}

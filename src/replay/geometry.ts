/**
 * TLB geometries: what a CPU caches, by structure, and the text form of it.
 *
 *   l1:64x4,l1-2m:32x4,l1-1g:4x4,l1i:128x8,l2:1536x12,l2-1g:16x4,pde:32x4,pdpte:4x4,pml4e:2x2,policy:lru
 *
 * Each is ENTRIESxWAYS; ENTRIESxfull is fully associative, 0 says that there is none (not of l1). A size that is not
 * named shares the structure of the next smaller size, each page indexed with its own number. `l1i` splits fetches from
 * data.
 */
import { Policy, Structure } from "../../assembly/abi/replay.js";
import { InputError } from "../error.js";

export type PolicyName = "lru" | "fifo" | "plru" | "random";

export interface StructureSpec {
  readonly entries: number;
  readonly ways: number;
}

/**
 * What a number rests on: the vendor's manual, a measurement (CPUID counts), a simulator's configuration, an article
 * of others, or nothing.
 */
export type OriginBasis = "manual" | "measurement" | "simulator" | "article" | "assumption";

export interface Origin {
  readonly basis: OriginBasis;
  readonly text: string;
}

export interface TlbGeometry {
  readonly name: string;
  /** Of the TLBs; the paging-structure caches are always LRU. */
  readonly policy: PolicyName;
  /** By name of the structure: see `structureNames`. */
  readonly structures: Readonly<Record<string, StructureSpec>>;
  /** Where the numbers of each structure are from. */
  readonly origins?: Readonly<Record<string, Origin>>;
  /** What is known of the machine and not simulated. */
  readonly note?: string;
}

export const structureNames: Readonly<Record<string, number>> = {
  l1: Structure.L1,
  "l1-2m": Structure.L1 + 1,
  "l1-1g": Structure.L1 + 2,
  l1i: Structure.L1_FETCH,
  "l1i-2m": Structure.L1_FETCH + 1,
  "l1i-1g": Structure.L1_FETCH + 2,
  l2: Structure.L2,
  "l2-2m": Structure.L2 + 1,
  "l2-1g": Structure.L2 + 2,
  pde: Structure.PDE,
  pdpte: Structure.PDPTE,
  pml4e: Structure.PML4E,
  pml5e: Structure.PML5E,
};

export const policies: Readonly<Record<PolicyName, Policy>> = {
  lru: Policy.LRU,
  fifo: Policy.FIFO,
  plru: Policy.PLRU,
  random: Policy.RANDOM,
};

/** The caches of Intel cores as tlbref has them: sizes by measurement (see presets.ts), simulated as LRU. */
export const defaultWalkCaches: Readonly<Record<string, StructureSpec>> = {
  pde: { entries: 32, ways: 4 },
  pdpte: { entries: 4, ways: 4 },
  pml4e: { entries: 2, ways: 2 },
  pml5e: { entries: 1, ways: 1 },
};

const SETS_MAX = 65536;
const WAYS_MAX = 65536;
const PLRU_WAYS_MAX = 64;

function refuse(spec: string, what: string): never {
  throw new InputError(what, {
    source: `--tlb ${spec}`,
    remedy: "write for example l1:64x4,l1-2m:32x4,l2:1536x12,policy:lru, or name one of `shootdown list tlbs`",
  });
}

/** Throws InputError for text that is not a geometry. */
export function parseGeometry(spec: string): TlbGeometry {
  const structures: Record<string, StructureSpec> = {};
  let policy: PolicyName = "lru";
  for (const part of spec.split(",")) {
    const [name = "", value = "", ...rest] = part.trim().toLowerCase().split(":");
    if (rest.length > 0 || value === "") refuse(spec, `"${part}" is not NAME:ENTRIESxWAYS`);
    if (name === "policy") {
      if (!Object.hasOwn(policies, value)) refuse(spec, `there is no replacement policy "${value}"`);
      policy = value as PolicyName;
      continue;
    }
    if (!Object.hasOwn(structureNames, name)) refuse(spec, `there is no structure "${name}"`);
    if (Object.hasOwn(structures, name)) refuse(spec, `"${name}" is there twice`);
    structures[name] = parseStructure(spec, name, value);
  }
  const geometry: TlbGeometry = { name: spec, policy, structures };
  checkGeometry(geometry);
  return geometry;
}

function parseStructure(spec: string, name: string, value: string): StructureSpec {
  if (value === "0") return { entries: 0, ways: 0 };
  const match = /^(\d{1,7})x(\d{1,5}|full)$/.exec(value);
  if (match === null) refuse(spec, `"${value}" of ${name} is not ENTRIESxWAYS`);
  const entries = Number(match[1]);
  return { entries, ways: match[2] === "full" ? entries : Number(match[2]) };
}

/** Throws InputError when the engine cannot simulate the geometry. */
export function checkGeometry(geometry: TlbGeometry): void {
  const { name, policy, structures } = geometry;
  if ((structures.l1?.entries ?? 0) === 0 || (structures.l2?.entries ?? 0) === 0) {
    refuse(name, "l1 and l2 must be there");
  }
  for (const [which, { entries, ways }] of Object.entries(structures)) {
    if (entries === 0) {
      // The filter in front of L1 relies on a reference being there when it comes again.
      if (which.startsWith("l1"))
        refuse(name, `${which} cannot be left out: without a structure of its own, do not name it`);
      continue;
    }
    const sets = entries / ways;
    if (ways < 1 || !Number.isInteger(sets))
      refuse(name, `${which}: ${entries} entries are not a multiple of ${ways} ways`);
    if ((sets & (sets - 1)) !== 0 || sets > SETS_MAX) {
      refuse(name, `${which}: ${sets} sets are not a power of two up to ${SETS_MAX}`);
    }
    const most = policy === "plru" && !/^p/.test(which) ? PLRU_WAYS_MAX : WAYS_MAX;
    if (ways > most) refuse(name, `${which}: ${ways} ways, at most ${most} with ${policy}`);
  }
}

/** Numbers of sets of a structure; 0 when it is not named. */
export function setsOf(geometry: TlbGeometry, name: string): number {
  const spec = geometry.structures[name];
  return spec === undefined || spec.entries === 0 ? 0 : spec.entries / spec.ways;
}

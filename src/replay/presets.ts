/**
 * TLBs of real CPUs, by name. Every structure says where its entries and ways are from.
 *
 * What is simulated of them is policy T (docs/throughput.md): true LRU, sets indexed with the low bits of the page
 * number, no prefetch, no coalescing of neighbours. Real TLBs hash their indices and use cheaper policies; counts are
 * exact for what is simulated and an estimate of the machine.
 */
import { InputError } from "../error.js";
import { type Origin, type OriginBasis, parseGeometry, type TlbGeometry } from "./geometry.js";

interface Preset {
  readonly name: string;
  readonly structures: Readonly<Record<string, readonly [size: string, basis: OriginBasis, text: string]>>;
  readonly note: string;
}

const SKYLAKE = "Intel Optimization Reference Manual (248966-045), table 2-15";
const GOLDEN = "Intel Optimization Reference Manual, Golden Cove (quoted in jiegec/blog-source, intel-golden-cove.md)";
const CPUID_12700K = "CPUID leaf 18h of a Core i7-12700K (a dump by the tool cpuid)";
const BERTI = "baseline of Navarro-Torres et al., Berti (MICRO 2022): ChampSim as Sunny Cove";
const CHIPS_ZEN4 = "Chips and Cheese, three articles on Zen 4";
const SEVEN_ZEN2 = "7-cpu.com on Zen 2";
const N1 = "Arm Neoverse N1 TRM (100616), TLB organization; the same in Cortex-A76's (100798), A5.2";
const V2 = "Arm Neoverse V2 TRM (102375; quoted in jiegec/blog-source, arm-neoverse-v2.md, which measured the L1s)";

/** Where no size is known: the caches of tlbref. */
const assumedWalk = (why: string) =>
  ({
    pde: ["32x4", "assumption", why],
    pdpte: ["4x4", "assumption", why],
    pml4e: ["2x2", "assumption", why],
    pml5e: ["1x1", "assumption", why],
  }) as const;

const INTEL_WALK = {
  pde: ["32x4", "simulator", "32: ChampSim's default and Berti's Sunny Cove (4 sets of 8 ways there); 4 ways: assumed"],
  pdpte: ["4x4", "measurement", "van Schaik et al., RevAnC (its README: Ivy Bridge and older); later cores: assumed"],
  pml4e: ["2x2", "assumption", "ChampSim has 4"],
  pml5e: ["1x1", "assumption", "ChampSim has 2"],
} as const;

const AMD_WALK = {
  ...assumedWalk("the machine keeps PDEs in its L2 TLB"),
  pdpte: ["64xfull", "article", "Chips and Cheese on Zen 5: since Zen 1, a cache of 64 for PDPTEs and PML4Es together"],
  pml4e: ["2x2", "assumption", "in the machine a part of the cache of 64"],
  pml5e: ["1x1", "assumption", "no size known"],
} as const;

const HALVES = "loads only: stores have 16 entries of their own; of the L2 only half can hold 2 MiB pages";
const AMD_NOTE =
  "the L2 holds 1 GiB pages as 2 MiB ones (here: not at all); fetches have an L2 of 512 x 8 of their own (here: the " +
  "data's); neighbours are not coalesced";
const ARM_NOTE =
  "L1 holds parts of blocks larger than 512 MiB; the L2 also holds tables that walks read (here: in caches apart)";
const ARM_WALK = assumedWalk("the machine keeps them in its L2 TLB (TRM); how many is not said");

const presets: readonly Preset[] = [
  {
    name: "skylake",
    structures: {
      l1: ["64x4", "manual", SKYLAKE],
      "l1-2m": ["32x4", "manual", SKYLAKE],
      "l1-1g": ["4x4", "manual", SKYLAKE],
      l1i: ["128x8", "manual", SKYLAKE],
      "l1i-2m": ["8x8", "manual", SKYLAKE],
      l2: ["1536x12", "manual", SKYLAKE],
      "l2-1g": ["16x4", "manual", SKYLAKE],
      ...INTEL_WALK,
    },
    note: "ITLB entries for 2 MiB pages are 8 for each thread",
  },
  {
    name: "ice-lake",
    structures: {
      l1: ["64x4", "simulator", BERTI],
      "l1-2m": ["32x4", "assumption", "as in Skylake and Golden Cove"],
      "l1-1g": ["8xfull", "assumption", "as in Golden Cove"],
      l1i: ["128x8", "assumption", "as in Skylake"],
      "l1i-2m": ["16x8", "article", "WikiChip, Sunny Cove; ways: assumed"],
      l2: ["2048x16", "simulator", BERTI],
      "l2-1g": ["1024x8", "assumption", "as in Golden Cove"],
      ...INTEL_WALK,
    },
    note: HALVES,
  },
  {
    name: "golden-cove",
    structures: {
      l1: ["96x6", "manual", GOLDEN],
      "l1-2m": ["32x4", "manual", `${GOLDEN}; ${CPUID_12700K}`],
      "l1-1g": ["8xfull", "manual", `${GOLDEN}; ${CPUID_12700K}`],
      l1i: ["256x8", "manual", `${GOLDEN}; ${CPUID_12700K}`],
      "l1i-2m": ["32x8", "manual", `${GOLDEN}; ${CPUID_12700K}`],
      l2: ["2048x16", "measurement", `${CPUID_12700K}: two halves of 128 sets of 8 ways, both for 4 KiB pages`],
      "l2-1g": ["1024x8", "measurement", `${CPUID_12700K}: one of the halves, shared with 4 KiB pages (here: apart)`],
      ...INTEL_WALK,
    },
    note: HALVES,
  },
  {
    name: "zen3",
    structures: {
      l1: ["64xfull", "article", "WikiChip, Zen 2, after AMD's guide; Zen 3: assumed the same"],
      l1i: ["64xfull", "article", `${SEVEN_ZEN2}; Zen 3: assumed the same`],
      l2: ["2048x16", "article", "Chips and Cheese: 2048 in Zen 2 and 3, and 16 ways in Zen 2 (on the Cortex A53)"],
      "l2-1g": ["0", "article", "WikiChip, Zen 2: 1 GiB pages are kept as 2 MiB ones"],
      ...AMD_WALK,
    },
    note: AMD_NOTE,
  },
  {
    name: "zen4",
    structures: {
      l1: ["72xfull", "article", CHIPS_ZEN4],
      l1i: ["64xfull", "article", `${SEVEN_ZEN2}; Zen 4: assumed the same`],
      l2: ["3072x24", "article", `3072: ${CHIPS_ZEN4}; 24 ways: assumed (128 sets, as in Zen 2)`],
      "l2-1g": ["0", "article", "WikiChip, Zen 2: 1 GiB pages are kept as 2 MiB ones"],
      ...AMD_WALK,
    },
    note: AMD_NOTE,
  },
  {
    name: "neoverse-n1",
    structures: {
      l1: ["48xfull", "manual", N1],
      l1i: ["48xfull", "manual", N1],
      l2: ["1280x5", "manual", N1],
      ...ARM_WALK,
    },
    note: ARM_NOTE,
  },
  {
    name: "neoverse-v2",
    structures: {
      l1: ["48xfull", "manual", V2],
      l1i: ["48xfull", "manual", V2],
      l2: ["2048x8", "manual", V2],
      ...ARM_WALK,
    },
    note: ARM_NOTE,
  },
];

function geometryOf({ name, structures, note }: Preset): TlbGeometry {
  const sizes = Object.entries(structures);
  const spec = sizes.map(([structure, [size]]) => `${structure}:${size}`).join(",");
  const origins = sizes.map(([structure, [, basis, text]]): [string, Origin] => [structure, { basis, text }]);
  return { ...parseGeometry(spec), name, origins: Object.fromEntries(origins), note };
}

/** TLBs that have a name. */
export const tlbs: readonly TlbGeometry[] = presets.map(geometryOf);

/** A preset by its name, or a geometry in text form. Throws InputError. */
export function findTlb(text: string): TlbGeometry {
  const found = tlbs.find((preset) => preset.name === text.toLowerCase());
  if (found !== undefined) return found;
  if (text.includes(":")) return parseGeometry(text);
  throw new InputError(`there is no TLB "${text}"`, {
    source: "--tlb",
    remedy: `choose one of ${tlbs.map((preset) => preset.name).join(", ")}, or write l1:64x4,l2:1536x12`,
  });
}

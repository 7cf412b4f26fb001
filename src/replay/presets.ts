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
const CPUID_1068NG7 = "CPUID leaf 18h of a Core i7-1068NG7 (urd00m/System-Projects, i7_writeup.md)";
const CPUID_5600G = "CPUID of a Ryzen 5 5600G (a dump in Umio-Yasuno/cpuid_dump_rs), leaf";
const CPUID_8940HX = "CPUID of a Ryzen 9 8940HX (registers in a report on its GEMM), leaf";
const TWO_HALVES = "two halves of 128 sets of 8 ways, both for 4 KiB pages";
const ONE_HALF = "one of the halves, shared with 4 KiB pages (here: apart)";
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
  "fetches have an L2 of 512 entries of their own (here: the data's); neighbours are not coalesced; the L2 is " +
  "skewed: a page may be in a part of its ways";
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
      l1: ["64x4", "measurement", CPUID_1068NG7],
      "l1-2m": ["32x4", "measurement", CPUID_1068NG7],
      "l1-1g": ["8xfull", "measurement", CPUID_1068NG7],
      l1i: ["128x8", "assumption", "as in Skylake: the leaf names none for 4 KiB pages alone"],
      "l1i-2m": ["8xfull", "measurement", `${CPUID_1068NG7}; WikiChip has 16: for both threads`],
      l2: ["2048x16", "measurement", `${CPUID_1068NG7}: ${TWO_HALVES}`],
      "l2-1g": ["1024x8", "measurement", `${CPUID_1068NG7}: ${ONE_HALF}`],
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
      l2: ["2048x16", "measurement", `${CPUID_12700K}: ${TWO_HALVES}`],
      "l2-1g": ["1024x8", "measurement", `${CPUID_12700K}: ${ONE_HALF}`],
      ...INTEL_WALK,
    },
    note: HALVES,
  },
  {
    name: "zen3",
    structures: {
      l1: ["64xfull", "measurement", `${CPUID_5600G} 80000005h`],
      l1i: ["64xfull", "measurement", `${CPUID_5600G} 80000005h`],
      l2: ["2048x16", "measurement", `2048: ${CPUID_5600G} 80000006h; 16 ways: Chips and Cheese, of Zen 2`],
      "l2-1g": ["64xfull", "measurement", `${CPUID_5600G} 80000019h`],
      ...AMD_WALK,
    },
    note: `${AMD_NOTE}, by CPUID in 8 for 4 KiB, in 4 for 2 MiB`,
  },
  {
    name: "zen4",
    structures: {
      l1: ["72xfull", "measurement", `${CPUID_8940HX} 80000005h`],
      l1i: ["64xfull", "measurement", `${CPUID_8940HX} 80000005h`],
      l2: ["3072x24", "measurement", `3072: ${CPUID_8940HX} 80000006h; 24 ways: assumed (128 sets, as in Zen 2)`],
      "l2-1g": ["64xfull", "measurement", `${CPUID_8940HX} 80000019h`],
      ...AMD_WALK,
    },
    note: `${AMD_NOTE}, by CPUID in 8 for 4 KiB, in 6 for 2 MiB`,
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

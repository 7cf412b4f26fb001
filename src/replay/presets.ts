/**
 * TLBs of real CPUs, by name, each with where its numbers are from.
 *
 * Entries and ways are the machines'. What is simulated of them is policy T (docs/throughput.md): true LRU, sets
 * indexed with the low bits of the page number, no prefetch, no coalescing of neighbours, walk caches as measured on
 * Intel cores where the vendor says nothing. Real TLBs hash their indices and use cheaper policies; counts are exact
 * for what is simulated and an estimate of the machine.
 */
import { InputError } from "../error.js";
import { parseGeometry, type TlbGeometry } from "./geometry.js";

interface Preset {
  readonly name: string;
  readonly spec: string;
  readonly source: string;
  readonly note: string;
}

const WALK_CACHES =
  "walk caches from memory, not checked: van Schaik et al., RevAnC (EuroSec 2017), " +
  "measured on Intel; assumed for the others";

const AMD_NOTE =
  "the L2 holds 1 GiB pages as 2 MiB ones (here: not at all) and none of fetches (here: both); on Zen 2 it holds " +
  "PDEs too, beside a cache of 64 PML4Es and PDPTEs (WikiChip; AMD's guide, quoted by Chips and Cheese on Neoverse " +
  `N1), here caches as Intel's; neighbours are not coalesced; ${WALK_CACHES}`;

const table: readonly Preset[] = [
  {
    name: "skylake",
    spec: "l1:64x4,l1-2m:32x4,l1-1g:4x4,l1i:128x8,l1i-2m:8x8,l2:1536x12,l2-1g:16x4",
    source: "Intel 64 and IA-32 Architectures Optimization Reference Manual (248966-045), table 2-15",
    note: WALK_CACHES,
  },
  {
    name: "ice-lake",
    spec: "l1:64x4,l1-2m:32x4,l1-1g:8x8,l1i:128x8,l1i-2m:16x8,l2:2048x16,l2-1g:1024x8",
    source:
      "ITLB for 2 MiB pages: WikiChip, Sunny Cove; the rest from memory, not checked: Intel Optimization Reference " +
      "Manual, Ice Lake client (Sunny Cove); CPUID leaf 18h of Ice Lake-SP",
    note: `loads only: stores have 16 entries of their own; of the L2 only half can hold 2 MiB pages; ${WALK_CACHES}`,
  },
  {
    name: "golden-cove",
    spec: "l1:96x6,l1-2m:32x4,l1-1g:8x8,l1i:256x8,l1i-2m:32x8,l2:2048x16,l2-1g:1024x8",
    source:
      "L2 of 2048: Chips and Cheese on Zen 4's memory subsystem, which compares them; L1 of 96: cpunews.net on Alder " +
      "Lake; ITLB of 256 and 32: notes to Hennessy and Patterson's chapter on Golden Cove; ways, and structures for " +
      "1 GiB, from memory, not checked: CPUID leaf 18h of Intel Sapphire Rapids",
    note: `loads only: stores have 16 entries of their own; of the L2 only half can hold 2 MiB pages; ${WALK_CACHES}`,
  },
  {
    name: "zen3",
    spec: "l1:64xfull,l1i:64xfull,l2:2048x16,l2-1g:0",
    source:
      "L2 of 2048: Chips and Cheese on Zen 4 (as in Zen 2 and 3), on the Cortex A53 (Zen 2: 64 and 2048 of 16 ways); " +
      "the rest from memory, not checked: AMD Software Optimization Guide for Family 19h (56665)",
    note: AMD_NOTE,
  },
  {
    name: "zen4",
    spec: "l1:72xfull,l1i:64xfull,l2:3072x24,l2-1g:0",
    source:
      "72 and 3072: Chips and Cheese, three articles on Zen 4; ways (128 sets as in Zen 2) and ITLB from memory, not " +
      "checked: AMD Software Optimization Guide for the Zen 4 Microarchitecture (57647)",
    note: AMD_NOTE,
  },
  {
    name: "neoverse-n1",
    spec: "l1:48xfull,l1i:48xfull,l2:1280x5",
    source: "Arm Neoverse N1 TRM (100616), TLB organization; the same in Cortex-A76's (100798), A5.2",
    note: `L1 holds parts of blocks that are larger than 512 MiB; ${WALK_CACHES}`,
  },
  {
    name: "neoverse-v2",
    spec: "l1:48xfull,l1i:48xfull,l2:2048x8",
    source:
      "L1 of 48: Chips and Cheese on Neoverse V2 at Hot Chips 2023, who do not know its L2 (Neoverse V1 and Cortex X2" +
      " have 2048); the rest from memory, not checked: Arm Neoverse V2 TRM (102375), memory management unit",
    note: `L1 holds parts of blocks that are larger than 512 MiB; ${WALK_CACHES}`,
  },
];

/** TLBs that have a name. */
export const tlbs: readonly TlbGeometry[] = table.map(({ name, spec, source, note }) => ({
  ...parseGeometry(spec),
  name,
  source,
  note,
}));

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

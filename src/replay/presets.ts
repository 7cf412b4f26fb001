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
      "from memory, not checked: Intel Optimization Reference Manual, Ice Lake client (Sunny " +
      "Cove); CPUID leaf 18h of Ice Lake-SP",
    note: `loads only: stores have 16 entries of their own; of the L2 only half can hold 2 MiB pages; ${WALK_CACHES}`,
  },
  {
    name: "golden-cove",
    spec: "l1:96x6,l1-2m:32x4,l1-1g:8x8,l1i:256x8,l1i-2m:32x8,l2:2048x16,l2-1g:1024x8",
    source:
      "from memory, not checked: Intel Optimization Reference Manual, Golden Cove; CPUID leaf " +
      "18h of Sapphire Rapids",
    note: `loads only: stores have 16 entries of their own; of the L2 only half can hold 2 MiB pages; ${WALK_CACHES}`,
  },
  {
    name: "zen3",
    spec: "l1:64xfull,l1i:64xfull,l2:2048x16,l2-1g:0",
    source:
      "from memory, not checked: AMD Software Optimization Guide for Family 19h (56665): " +
      "entries; ways: 128 sets as in Zen's 1536x12 (55723)",
    note: `the L2 holds 1 GiB pages as 2 MiB ones (here: not at all) and none of fetches (here: both); ${WALK_CACHES}`,
  },
  {
    name: "zen4",
    spec: "l1:72xfull,l1i:64xfull,l2:3072x24,l2-1g:0",
    source:
      "from memory, not checked: AMD Software Optimization Guide for the Zen 4 Microarchitecture " +
      "(57647): entries; ways: 128 sets as in Zen",
    note: `the L2 holds 1 GiB pages as 2 MiB ones (here: not at all) and none of fetches (here: both); ${WALK_CACHES}`,
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
    source: "from memory, not checked: Arm Neoverse V2 TRM (102375), memory management unit",
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

/**
 * Geometries: levels of page tables, index bits, and the limits that depend on the number of entries in a table.
 */

export interface Geometry {
  readonly name: string;
  readonly title: string;
  /** Index bits per level, base pages first. */
  readonly bits: readonly number[];
  /** x86: strides above which a ranged flush becomes full (33 of 512 on real tables; scaled on small ones). */
  readonly ceiling: number;
  /** arm64: strides at which a loop of TLBI becomes a whole-ASID one (entries of a table). */
  readonly dvmOps: number;
  /** riscv: strides above which a ranged flush becomes a whole-ASID one (64 of 512 on real tables). */
  readonly fenceOps: number;
}

export const geometries: readonly Geometry[] = [
  {
    name: "tiny",
    title: "3 levels: 2 base pages in a huge page, 2 huge pages in a GiB, 4 GiB; small enough to exhaust",
    bits: [1, 1, 2],
    ceiling: 1,
    dvmOps: 2,
    fenceOps: 1,
  },
  { name: "x86-64", title: "4 levels of 512 entries", bits: [9, 9, 9, 9], ceiling: 33, dvmOps: 512, fenceOps: 64 },
];

/** Finds a geometry by name; "bits:1,3,0" is one of any size, base pages first, with the limits of `tiny`. */
export function findGeometry(name: string): Geometry | undefined {
  const sizes = /^bits:(\d{1,2}(?:,\d{1,2}){2,3})$/.exec(name)?.[1];
  if (sizes === undefined) return geometries.find((geometry) => geometry.name === name);
  const bits = sizes.split(",").map(Number);
  return { name, title: `${bits.length} levels`, bits, ceiling: 1, dvmOps: 2 ** Math.max(...bits), fenceOps: 1 };
}

/** Base pages that an entry of `level` spans. */
export function pagesOf(geometry: Geometry, level: number): number {
  return 2 ** geometry.bits.slice(0, level).reduce((sum, bits) => sum + bits, 0);
}

/** Base pages of a huge page, of a GiB (the span of a PMD table), of the whole address space. */
export const hugePages = (geometry: Geometry): number => pagesOf(geometry, 1);
export const gibPages = (geometry: Geometry): number => pagesOf(geometry, 2);
export const spacePages = (geometry: Geometry): number => pagesOf(geometry, geometry.bits.length);

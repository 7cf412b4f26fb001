/**
 * Page tables of the simulated machine: 512 entries of 8 bytes at each level, made when a walk first finds none.
 *
 * Entry: bit 0 present, bit 7 leaf above the last level; above bit 12 the table's address in linear memory (a table's
 * "physical address" is where it lies), or the frame number of a page. Pages are never taken away: a replay keeps its
 * mappings, and only what the TLBs hold comes and goes.
 */
import { allocatePages } from "./memory";

const PRESENT: u64 = 1;
const LEAF: u64 = 0x81;
/** Tables are taken from chunks, so that neighbours lie close. */
const CHUNK: usize = 1 << 20;

let nextTable: usize = 0;
let chunkEnd: usize = 0;
let nextFrame: u64 = 1 << 20;
export let tableCount: u32 = 0;
/** Levels of the tables: 4, or 5 (57-bit addresses). */
export let levels: u32 = 4;

export function setLevels(count: u32): void {
  levels = count;
}

export function newTable(): usize {
  if (nextTable == chunkEnd) {
    nextTable = allocatePages(CHUNK);
    chunkEnd = nextTable + CHUNK;
  }
  const table = nextTable;
  nextTable += 4096;
  tableCount++;
  return table;
}

/** Address of the entry for a 4 KiB page number at a level (0 = last). */
export function entryAt(table: usize, page: u64, level: u32): usize {
  return table + ((<usize>((page >> (9 * level)) & 511)) << 3);
}

/** The entry of a table that is not a leaf: the next table. */
export function tableIn(entry: usize): usize {
  const next = <usize>load<u32>(entry) & ~4095;
  return next != 0 ? next : attachTable(entry);
}

function attachTable(entry: usize): usize {
  const table = newTable();
  store<u64>(entry, <u64>table | PRESENT);
  return table;
}

/** A minor fault: the page gets a frame. */
export function mapLeaf(entry: usize, size: u32): void {
  store<u64>(entry, (nextFrame << 12) | (size == 0 ? PRESENT : LEAF));
  nextFrame += (<u64>1) << (9 * size);
}

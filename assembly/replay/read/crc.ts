/**
 * CRC-32 as in zlib, PNG and xz (polynomial 0xedb88320, reflected), so that any tool can check a block.
 */
import { CRC_TABLE } from "./arena";

/** Fills the table: four slices, so that four bytes are done at a time. */
export function prepareCrc(arena: usize): void {
  const table = arena + CRC_TABLE;
  for (let byte: u32 = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (0xedb88320 & (0 - (value & 1)));
    store<u32>(table + ((<usize>byte) << 2), value);
  }
  for (let entry: usize = 0; entry < 3 * 256; entry++) {
    const before = load<u32>(table + (entry << 2));
    store<u32>(table + (entry << 2), (before >>> 8) ^ slice(table, before & 0xff, 0), 1024);
  }
}

function slice(table: usize, byte: u32, number: usize): u32 {
  return load<u32>(table + (number << 10) + ((<usize>byte) << 2));
}

/** CRC of `length` bytes at `p`, going on from `crc` (0 at the start). */
export function crc32(arena: usize, crc: u32, p: usize, length: u32): u32 {
  const table = arena + CRC_TABLE;
  const end = p + <usize>length;
  let value = ~crc;
  while (p + 4 <= end) {
    value ^= load<u32>(p);
    const low = slice(table, value & 0xff, 3) ^ slice(table, (value >>> 8) & 0xff, 2);
    value = low ^ slice(table, (value >>> 16) & 0xff, 1) ^ slice(table, value >>> 24, 0);
    p += 4;
  }
  while (p < end) {
    value = (value >>> 8) ^ slice(table, (value ^ load<u8>(p)) & 0xff, 0);
    p++;
  }
  return ~value;
}

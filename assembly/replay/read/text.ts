/**
 * Characters: hexadecimal by vector, decimal by hand, the end of a line.
 */

/** Number of hexadecimal digits at `p`, 0 to 16. */
export function hexCount(p: usize): i32 {
  const v = v128.load(p);
  const digit = i8x16.lt_u(i8x16.sub(v, i8x16.splat(0x30)), i8x16.splat(10));
  return ctz(~i8x16.bitmask(v128.or(digit, letters(v))) | 0x10000);
}

/** Value of the `count` hexadecimal digits at `p`; count <= 16. */
export function hexValue(p: usize, count: i32): u64 {
  const v = v128.load(p);
  const nibbles = i8x16.add(v128.and(v, i8x16.splat(0x0f)), v128.and(letters(v), i8x16.splat(9)));
  // Last digit first; lanes beyond the first digit get an index above 15, for which swizzle yields 0.
  const order = i8x16.sub(i8x16.splat(<i8>(count - 1)), i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  const x = i8x16.swizzle(nibbles, order);
  const pairs = v128.and(v128.or(x, i16x8.shr_u(x, 4)), i16x8.splat(0xff));
  return <u64>i64x2.extract_lane(i8x16.narrow_i16x8_u(pairs, pairs), 0);
}

/** Lanes of a to f and A to F: all bits. */
function letters(v: v128): v128 {
  return i8x16.lt_u(i8x16.sub(v128.or(v, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(6));
}

export function isDigit(p: usize): bool {
  return <u32>load<u8>(p) - 0x30 < 10;
}

/** Address of the first newline in [p, end), or `end`. Reads up to 15 bytes beyond. */
export function lineEnd(p: usize, end: usize): usize {
  while (p < end) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(0x0a)));
    if (mask != 0) {
      const at = p + <usize>ctz(mask);
      return at < end ? at : end;
    }
    p += 16;
  }
  return end;
}

/** Are the bytes at `p` those of `word` (8 characters, little-endian; shorter ones with a mask)? */
export function startsWith(p: usize, word: u64, length: u32): bool {
  const shift = 64 - ((<u64>length) << 3);
  return (load<u64>(p) ^ word) << shift == 0;
}

/**
 * The compact form's reader: header, blocks, end mark; docs/traces.md has the format.
 *
 * Invariants
 *   C1  A block is checked before any of its records is handed out: what comes out is what went in.
 *   C2  Streams must be used up exactly by their records, so that a forged block cannot be read past its end unnoticed.
 */
import { COMPACT_VERSION, INPUT_BYTES, RECORDS_MAX, ReadFault, ReadStatus, ReadWord } from "../../abi/read";
import { ADDRESS_MASK, bad, done, INPUT, long, PREDICTOR, RECORDS, setLong, setWord, word } from "./arena";
import { crc32 } from "./crc";
import {
  expect,
  farSlot,
  home,
  homeAfter,
  Kind,
  LAST,
  learn,
  NEAR_MAX,
  nearSlot,
  nextSlot,
  OTHER,
  STRIDE,
  saveContext,
  savedBefore,
  savedLast,
  savedPc,
  savedSince,
  unfold,
} from "./predictor";

/** 8A "SDT" CR LF 1A LF: a file that went through a text conversion does not have it any more. */
export const MAGIC: u64 = 0x0a1a0a0d5444538a;
export const HEADER_BYTES: u32 = 16;
export const BLOCK_HEADER_BYTES: u32 = 24;
const TYPE_SHIFT: u64 = 56;

/** Reads one block, if the input holds all of it. */
export function readCompact(arena: usize, length: u32): u32 {
  let p = arena + INPUT;
  const out = arena + RECORDS;
  setWord(arena, ReadWord.STATUS, ReadStatus.MORE);
  if (word(arena, ReadWord.OPENED) == 0) {
    if (length < HEADER_BYTES) return done(arena, p, out);
    if (!readHeader(arena, p)) return done(arena, p, out);
    p += <usize>HEADER_BYTES;
    length -= HEADER_BYTES;
    setWord(arena, ReadWord.OPENED, 1);
  }
  if (length < BLOCK_HEADER_BYTES) return done(arena, p, out);
  const count = load<u32>(p);
  if (count == 0) return readEnd(arena, p);
  const bytes = streamBytes(p);
  if (count > RECORDS_MAX || bytes > <u64>(INPUT_BYTES - HEADER_BYTES - BLOCK_HEADER_BYTES)) {
    bad(arena, ReadFault.BLOCK_LENGTHS, p);
    return done(arena, p, out);
  }
  if (<u64>(length - BLOCK_HEADER_BYTES) < bytes) return done(arena, p, out);
  if (!isIntact(arena, p, <u32>bytes)) {
    bad(arena, ReadFault.CHECKSUM, p);
    return done(arena, p, out);
  }
  if (!decode(arena, p, count)) {
    bad(arena, ReadFault.STREAMS, p);
    return done(arena, p, out);
  }
  setLong(arena, ReadWord.TOTAL, long(arena, ReadWord.TOTAL) + <u64>count);
  return done(arena, p + <usize>BLOCK_HEADER_BYTES + <usize>bytes, out + ((<usize>count) << 3));
}

function readHeader(arena: usize, p: usize): bool {
  if (load<u64>(p) != MAGIC) {
    bad(arena, ReadFault.MAGIC, p);
    return false;
  }
  if (load<u32>(p, 8) != COMPACT_VERSION) {
    bad(arena, ReadFault.VERSION, p + 8);
    return false;
  }
  return true;
}

/** A block of no records: the total, so that blocks which are missing are noticed. */
function readEnd(arena: usize, p: usize): u32 {
  const out = arena + RECORDS;
  if (!isIntact(arena, p, 0)) {
    bad(arena, ReadFault.CHECKSUM, p);
    return done(arena, p, out);
  }
  if (load<u64>(p, 4) != long(arena, ReadWord.TOTAL)) {
    bad(arena, ReadFault.TOTAL, p);
    return done(arena, p, out);
  }
  setWord(arena, ReadWord.STATUS, ReadStatus.END);
  return done(arena, p + <usize>BLOCK_HEADER_BYTES, out);
}

function streamBytes(p: usize): u64 {
  let sum: u64 = 0;
  for (let field: usize = 4; field < 20; field += 4) sum += <u64>load<u32>(p + field);
  return sum;
}

/** The checksum covers the header before it and the streams. */
function isIntact(arena: usize, p: usize, bytes: u32): bool {
  const header = crc32(arena, 0, p, 20);
  return crc32(arena, header, p + <usize>BLOCK_HEADER_BYTES, bytes) == load<u32>(p, 20);
}

/** Stream positions during a block. Fixed addresses: one block is decoded at a time. */
let meta: usize = 0;
let metaEnd: usize = 0;
let fetches: usize = 0;
let fetchesEnd: usize = 0;
let addresses: usize = 0;
let addressesEnd: usize = 0;

/** Sets the positions; returns the end of the control stream, which begins behind the block's header. */
function openStreams(block: usize): usize {
  const controlEnd = block + <usize>BLOCK_HEADER_BYTES + <usize>load<u32>(block, 4);
  meta = controlEnd;
  metaEnd = meta + <usize>load<u32>(block, 8);
  fetches = metaEnd;
  fetchesEnd = fetches + <usize>load<u32>(block, 12);
  addresses = fetchesEnd;
  addressesEnd = addresses + <usize>load<u32>(block, 16);
  return controlEnd;
}

function areUsedUp(): bool {
  return meta == metaEnd && fetches == fetchesEnd && addresses == addressesEnd;
}

/** Seven bits a byte, low first; the last byte is below 128. */
function varint(p: usize): u64 {
  let value: u64 = 0;
  let shift: u64 = 0;
  while (shift < 63) {
    const byte = <u64>load<u8>(p++);
    value |= (byte & 127) << shift;
    if (byte < 128) return value;
    shift += 7;
  }
  return value;
}

function varintEnd(p: usize): usize {
  let left = 9;
  while (left-- > 0 && load<u8>(p++) >= 128) {}
  return p;
}

function takeAddress(): u64 {
  const value = unfold(varint(addresses));
  addresses = varintEnd(addresses);
  return value;
}

/** Decodes `count` records to RECORDS. False if the streams do not fit the count. */
function decode(arena: usize, block: usize, count: u32): bool {
  let control = block + <usize>BLOCK_HEADER_BYTES;
  const controlEnd = openStreams(block);
  const table = arena + PREDICTOR;
  let pc = savedPc(arena);
  let since = savedSince(arena);
  let last = savedLast(arena);
  let before = savedBefore(arena);
  /** Of the near slot, kept in step with `pc` and `since`. */
  let offset = nearSlot(pc, since);
  let out = arena + RECORDS;
  const outEnd = out + ((<usize>count) << 3);
  while (out < outEnd) {
    let hits: u64 = <u64>count;
    let kind: u32 = 8;
    if (control < controlEnd) {
      const byte: u32 = load<u8>(control++);
      kind = byte & 7;
      hits = <u64>(byte >>> 3);
      if (hits == 31) {
        hits += varint(control);
        control = varintEnd(control);
      }
    }
    while (hits > 0 && out < outEnd) {
      hits--;
      const isFar = since >= NEAR_MAX;
      const slot = table + (isFar ? farSlot(last, before) : offset);
      let value = load<u64>(slot);
      if (value >>> TYPE_SHIFT == 0) {
        pc = value & ADDRESS_MASK;
        offset = homeAfter(slot);
        since = 0;
      } else {
        if (!isFar) {
          const address = (load<u64>(slot, LAST) + load<u64>(slot, STRIDE)) & ADDRESS_MASK;
          store<u64>(slot, address, LAST);
          value |= address;
        }
        before = last;
        last = value & ADDRESS_MASK;
        offset = nextSlot(offset);
        since++;
      }
      store<u64>(out, value);
      out += 8;
    }
    if (kind == 8) break;
    if (hits > 0 || out == outEnd) return false;
    const isFar = since >= NEAR_MAX;
    const slot = table + (isFar ? farSlot(last, before) : offset);
    const value = literal(slot, kind, isFar, pc, last);
    store<u64>(out, value);
    out += 8;
    if (value >>> TYPE_SHIFT == 0) {
      pc = value & ADDRESS_MASK;
      offset = home(pc);
      since = 0;
    } else {
      before = last;
      last = value & ADDRESS_MASK;
      offset = nextSlot(offset);
      since++;
    }
  }
  saveContext(arena, pc, since, last, before);
  return control == controlEnd && areUsedUp();
}

/** A record that was not predicted; teaches the slot. */
function literal(slot: usize, kind: u32, isFar: bool, pc: u64, last: u64): u64 {
  if (kind == Kind.OTHER_FETCH || kind == Kind.NEW_FETCH) {
    let value = load<u64>(slot, OTHER);
    if (kind == Kind.NEW_FETCH) {
      value = ((<u64>load<u8>(meta++)) << 48) | ((pc + unfold(varint(fetches))) & ADDRESS_MASK);
      fetches = varintEnd(fetches);
    }
    expect(slot, value);
    return value;
  }
  let head = load<u64>(slot);
  if (kind == Kind.OTHER_ACCESS || kind == Kind.OTHER_WHOLE) head = load<u64>(slot, OTHER);
  else if (kind == Kind.NEW_ACCESS) {
    head = ((<u64>load<u8>(meta)) << 56) | ((<u64>load<u8>(meta + 1)) << 48);
    meta += 2;
  }
  if (kind == Kind.OTHER_WHOLE) {
    expect(slot, head);
    return head;
  }
  head &= ~ADDRESS_MASK;
  if (isFar) {
    const whole = head | ((last + takeAddress()) & ADDRESS_MASK);
    expect(slot, whole);
    return whole;
  }
  const near = load<u64>(slot, LAST);
  const address = ((near == 0 ? last : near) + takeAddress()) & ADDRESS_MASK;
  expect(slot, head);
  learn(slot, address);
  return head | address;
}

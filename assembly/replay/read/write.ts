/**
 * The compact form's writer: the mirror of compact.ts, with the same predictor.
 *
 * Protocol
 *   The host puts up to RECORDS_MAX records at ArenaPart.RECORDS and calls `writeBlock`; the finished block lies at
 *   ArenaPart.INPUT, and its length is returned. `writeHeader` comes first and `writeEnd` last.
 */
import { COMPACT_VERSION, RECORDS_MAX, ReadWord } from "../../abi/read";
import { ADDRESS_MASK, INPUT, long, PREDICTOR, RECORDS, STREAMS, setLong } from "./arena";
import { BLOCK_HEADER_BYTES, HEADER_BYTES, MAGIC } from "./compact";
import { crc32 } from "./crc";
import {
  expect,
  farSlot,
  fold,
  Kind,
  LAST,
  learn,
  NEAR_MAX,
  nearSlot,
  OTHER,
  STRIDE,
  saveContext,
  savedBefore,
  savedLast,
  savedPc,
  savedSince,
} from "./predictor";

const TYPE_SHIFT: u64 = 56;
/** Worst cases of a record: a control byte (and a varint where 31 need none), two of meta, seven of a distance. */
const CONTROL: usize = STREAMS;
const META: usize = CONTROL + 2 * <usize>RECORDS_MAX;
const FETCHES: usize = META + 2 * <usize>RECORDS_MAX;
const ADDRESSES: usize = FETCHES + 8 * <usize>RECORDS_MAX;

let control: usize = 0;
let meta: usize = 0;
let fetches: usize = 0;
let addresses: usize = 0;

export function writeHeader(arena: usize): u32 {
  const p = arena + INPUT;
  store<u64>(p, MAGIC);
  store<u32>(p, COMPACT_VERSION, 8);
  store<u32>(p, 0, 12);
  return HEADER_BYTES;
}

export function writeEnd(arena: usize): u32 {
  const p = arena + INPUT;
  store<u32>(p, 0);
  store<u64>(p, long(arena, ReadWord.TOTAL), 4);
  store<u64>(p, 0, 12);
  store<u32>(p, crc32(arena, 0, p, 20), 20);
  return BLOCK_HEADER_BYTES;
}

/** Encodes the first `count` records (1 to RECORDS_MAX). */
export function writeBlock(arena: usize, count: u32): u32 {
  control = arena + CONTROL;
  meta = arena + META;
  fetches = arena + FETCHES;
  addresses = arena + ADDRESSES;
  encode(arena, count);
  const p = arena + INPUT;
  let next = p + <usize>BLOCK_HEADER_BYTES;
  store<u32>(p, count);
  next = append(p + 4, next, arena + CONTROL, control);
  next = append(p + 8, next, arena + META, meta);
  next = append(p + 12, next, arena + FETCHES, fetches);
  next = append(p + 16, next, arena + ADDRESSES, addresses);
  const bytes = <u32>(next - p) - BLOCK_HEADER_BYTES;
  store<u32>(p, crc32(arena, crc32(arena, 0, p, 20), p + <usize>BLOCK_HEADER_BYTES, bytes), 20);
  setLong(arena, ReadWord.TOTAL, long(arena, ReadWord.TOTAL) + <u64>count);
  return <u32>(next - p);
}

/** Copies a stream behind the others and its length to `field`. */
function append(field: usize, to: usize, from: usize, end: usize): usize {
  store<u32>(field, <u32>(end - from));
  memory.copy(to, from, end - from);
  return to + (end - from);
}

function putVarint(p: usize, value: u64): usize {
  while (value >= 128) {
    store<u8>(p++, <u8>(value | 128));
    value >>>= 7;
  }
  store<u8>(p, <u8>value);
  return p + 1;
}

function encode(arena: usize, count: u32): void {
  const table = arena + PREDICTOR;
  let pc = savedPc(arena);
  let since = savedSince(arena);
  let last = savedLast(arena);
  let before = savedBefore(arena);
  let hits: u64 = 0;
  const end = arena + RECORDS + ((<usize>count) << 3);
  for (let p = arena + RECORDS; p < end; p += 8) {
    const value = load<u64>(p);
    const address = value & ADDRESS_MASK;
    const isFetch = value >>> TYPE_SHIFT == 0;
    const isFar = since >= NEAR_MAX;
    const slot = table + (isFar ? farSlot(last, before) : nearSlot(pc, since));
    // What a near slot expects of an access has no address.
    const whole = isFetch || isFar;
    const now = whole ? value : value & ~ADDRESS_MASK;
    const strided = (load<u64>(slot, LAST) + load<u64>(slot, STRIDE)) & ADDRESS_MASK;
    if (load<u64>(slot) == now && (whole || strided == address)) {
      hits++;
      if (!whole) store<u64>(slot, address, LAST);
    } else {
      const kind = literal(slot, value, now, isFar, pc, last);
      const short: u64 = hits < 31 ? hits : 31;
      store<u8>(control++, <u8>((short << 3) | <u64>kind));
      if (short == 31) control = putVarint(control, hits - 31);
      hits = 0;
    }
    if (isFetch) {
      pc = address;
      since = 0;
    } else {
      before = last;
      last = address;
      since++;
    }
  }
  saveContext(arena, pc, since, last, before);
}

/** Writes a record that was not predicted and teaches the slot; returns its Kind. */
function literal(slot: usize, value: u64, now: u64, isFar: bool, pc: u64, last: u64): u32 {
  const address = value & ADDRESS_MASK;
  const isOther = load<u64>(slot, OTHER) == now;
  if (value >>> TYPE_SHIFT == 0) {
    if (!isOther) {
      store<u8>(meta++, <u8>(value >>> 48));
      fetches = putVarint(fetches, fold(address - pc));
    }
    expect(slot, value);
    return isOther ? Kind.OTHER_FETCH : Kind.NEW_FETCH;
  }
  if (isFar && isOther) {
    expect(slot, value);
    return Kind.OTHER_WHOLE;
  }
  let kind: u32 = Kind.NEW_ACCESS;
  if (load<u64>(slot) >>> 48 == value >>> 48 && (isFar || load<u64>(slot) == now)) kind = Kind.ADDRESS;
  else if (isOther) kind = Kind.OTHER_ACCESS;
  else {
    store<u8>(meta, <u8>(value >>> 56));
    store<u8>(meta + 1, <u8>(value >>> 48));
    meta += 2;
  }
  const near = load<u64>(slot, LAST);
  addresses = putVarint(addresses, fold(address - (isFar || near == 0 ? last : near)));
  expect(slot, now);
  if (!isFar) learn(slot, address);
  return kind;
}

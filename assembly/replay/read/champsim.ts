/**
 * ChampSim's binary trace: one record of 64 bytes per instruction.
 *
 *   0 ip u64 | 8 is_branch u8 | 9 taken u8 | 10 2 destination registers | 12 4 source registers |
 *   16 2 destination addresses u64 | 32 4 source addresses u64; an address of 0 is none
 *
 * The fetch comes first, then loads, then stores. Sizes are not in the trace: every access has size 1, so that none
 * straddles a page.
 */
import { RECORDS_MAX, ReadFault, ReadStatus, ReadWord } from "../../abi/read";
import { RecordType } from "../../abi/replay";
import { bad, done, INPUT, RECORDS, record, setWord } from "./arena";

const RECORD_BYTES: usize = 64;

export function readChampsim(arena: usize, length: u32): u32 {
  const end = arena + INPUT + <usize>length;
  // A record yields seven at most.
  const outEnd = arena + RECORDS + 8 * <usize>(RECORDS_MAX - 7);
  let p = arena + INPUT;
  let out = arena + RECORDS;
  setWord(arena, ReadWord.STATUS, ReadStatus.MORE);
  while (p + RECORD_BYTES <= end && out < outEnd) {
    if ((load<u16>(p, 8) & 0xfefe) != 0) {
      bad(arena, ReadFault.FLAGS, p + 8);
      break;
    }
    store<u64>(out, record(RecordType.FETCH, 1, load<u64>(p)));
    out += 8;
    for (let offset: usize = 32; offset < 64; offset += 8) out = access(out, RecordType.LOAD, load<u64>(p + offset));
    for (let offset: usize = 16; offset < 32; offset += 8) out = access(out, RecordType.STORE, load<u64>(p + offset));
    p += RECORD_BYTES;
  }
  return done(arena, p, out);
}

/** Branch-free: a record that is not wanted is overwritten by the next. */
function access(out: usize, type: u64, address: u64): usize {
  store<u64>(out, record(type, 1, address));
  return out + ((<usize>(address != 0)) << 3);
}

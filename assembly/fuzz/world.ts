/**
 * What a program finds when it begins: the sizes and kinds of its files, and what is wrong with its hardware.
 */
import { FUZZ_FILES, FuzzWord, HUGE_FILES, LARGE_FILE, Theme } from "../abi/fuzz";
import { Area, Boot } from "../abi/layout";
import { Erratum } from "../abi/operands";
import { FileRecord } from "../abi/records";
import { boot, fileAt, put } from "../word";
import { input, pcid, word } from "./block";

/** Bits 6 and 7 of byte 7 say what is wrong with the hardware, in the theme that is about it. */
export function setHardware(theme: u32): void {
  const drawn: u32 = (<u32>load<u8>(input + 7) >> 6) & (Erratum.INVLPG_GLOBAL | Erratum.DSB_EARLY);
  const errata: u32 = theme == Theme.KERNEL ? drawn : 0;
  put(Area.BOOT + Boot.ERRATA, errata);
  const avoids = (errata & Erratum.INVLPG_GLOBAL) != 0 && word(FuzzWord.AVOIDS_PCID) != 0;
  put(Area.BOOT + Boot.PCID, avoids ? 0 : pcid);
}

/** Page level of a file. */
function levelOf(theme: u32, file: u32): u32 {
  if (theme == Theme.FILES) return file == LARGE_FILE ? 1 : 0;
  return file < HUGE_FILES ? 1 : 0;
}

/** Sizes of the files: two bits each of byte 7; the first file is whole when they are zero. */
export function setFiles(theme: u32): void {
  const byte: u32 = load<u8>(input + 7);
  const most = boot(Boot.FILE_PAGES);
  for (let file: u32 = 0; file < FUZZ_FILES; file++) {
    const smaller = (byte >> (2 * file)) & 3;
    put(fileAt(file) + FileRecord.SIZE, max(most - smaller, 1));
    put(fileAt(file) + FileRecord.LEVEL, levelOf(theme, file));
  }
}

/**
 * Files of the command: written whole or not at all; and its own version.
 */
import { accessSync, constants, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { InputError } from "../error.js";

export function replaceFile(file: string, content: string | Uint8Array): void {
  const temporary = `${file}.${process.pid}.part`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** The same for a file that the user named: an InputError says why it cannot be written. */
export function saveAs(file: string, content: string): void {
  try {
    replaceFile(file, content);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new InputError(`cannot write it: ${what}`, { source: file, remedy: "choose another place" });
  }
}

/** Asks before long work whether a file can be saved there. Throws an InputError as saveAs does. */
export function mustBePlace(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new Error("it is a folder");
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new InputError(`cannot write it: ${what}`, { source: file, remedy: "choose another place" });
  }
}

export function versionOf(): string {
  const file = new URL("../../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

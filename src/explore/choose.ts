/**
 * From names to editions, back-ends and scenarios, with an answer that helps when a name does not exist.
 */
import { InputError } from "../error.js";
import { type Backend, backends, findBackend } from "../kernel/arch/backends.js";
import { type Edition, editions, findEdition, releases } from "../kernel/editions.js";
import { findScenario, scenarios } from "../scenarios/index.js";
import type { Scenario } from "../scenarios/scenario.js";

function unknown(what: string, name: string, known: readonly string[]): InputError {
  return new InputError(`there is no ${what} "${name}"`, {
    source: what,
    remedy: `choose one of: ${known.join(", ")}`,
  });
}

export function chooseEdition(name: string): Edition {
  const found = findEdition(name);
  if (found === undefined)
    throw unknown(
      "edition",
      name,
      editions.map((edition) => edition.name),
    );
  return found;
}

export function chooseBackend(name: string): Backend {
  const found = findBackend(name);
  if (found === undefined)
    throw unknown(
      "backend",
      name,
      backends.map((backend) => backend.name),
    );
  return found;
}

export function chooseScenario(name: string): Scenario {
  const found = findScenario(name);
  if (found === undefined)
    throw unknown(
      "scenario",
      name,
      scenarios.map((scenario) => scenario.name),
    );
  return found;
}

export function chooseEditions(names: readonly string[] | "all" | undefined): readonly Edition[] {
  return names === undefined || names === "all" ? releases : names.map(chooseEdition);
}

export function chooseBackends(names: readonly string[] | "all" | undefined): readonly Backend[] {
  return names === undefined || names === "all" ? backends : names.map(chooseBackend);
}

export function chooseScenarios(names: readonly (string | Scenario)[] | undefined): readonly Scenario[] {
  if (names === undefined || names.length === 0) return scenarios;
  return names.map((name) => (typeof name === "string" ? chooseScenario(name) : name));
}

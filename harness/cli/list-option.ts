import { Option } from 'commander';

/** An option that may be given again, or several values by commas. */
export function listOption(flags: string, description: string): Option {
  // commander hands in the default as what came before; what is told stands in its place.
  let told: string[] = [];
  return new Option(flags, description).argParser((text: string) => {
    told = [...told, ...text.split(',').map((name) => name.trim())];
    return told;
  });
}

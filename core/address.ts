import * as v from "valibot";

/** An address as four 32-bit words; IPv4 stands in its IPv4-mapped place, so both spellings are one address. */
type Words = readonly [number, number, number, number];

interface Range {
  base: Words;
  masks: Words;
  v4: boolean;
}

/** valibot schema of one entry of an address list: an IPv4 or IPv6 address, or a range of them (CIDR). */
export const addressRange = v.pipe(
  v.string(),
  v.check(
    (text) => parseRange(text) !== undefined,
    'an address or a range such as "10.0.0.1", "10.0.0.0/8" or "2001:db8::/32"',
  ),
);

/**
 * Compiles a list of IPv4 and IPv6 addresses and ranges (CIDR) to a predicate. `::ffff:1.2.3.4` equals
 * `1.2.3.4`, a zone (`fe80::1%eth0`) is left out of account, and what is no address, such as the `""` of an
 * unknown one, is in no list. An IPv6 range holds no IPv4 address: "all" is `["0.0.0.0/0", "::/0"]`.
 * @throws TypeError when an entry is neither an address nor a range.
 */
export function addressMatcher(list: readonly string[]): (ip: string) => boolean {
  const ranges = list.map((entry) => {
    const range = parseRange(entry);
    if (!range) throw new TypeError(`Found ${JSON.stringify(entry)}, expected an address or a CIDR range.`);
    return range;
  });
  return (ip) => {
    const words = parseAddress(ip);
    return words !== undefined && ranges.some((range) => holds(range, words));
  };
}

/**
 * Whom to count an address as: IPv4 as it is, an IPv6 address as its /64, as one host has all of that to
 * itself. What is no address stays what it is.
 */
export function addressGroup(ip: string): string {
  if (!ip.includes(":")) return ip;
  const words = parseAddress(ip);
  if (!words) return ip;
  if (isV4(words)) return [24, 16, 8, 0].map((shift) => (words[3] >>> shift) & 255).join(".");
  const groups = [words[0] >>> 16, words[0] & 0xffff, words[1] >>> 16, words[1] & 0xffff];
  return `${groups.map((group) => group.toString(16)).join(":")}::/64`;
}

function holds({ base, masks, v4 }: Range, words: Words): boolean {
  return (
    v4 === isV4(words) &&
    ((words[0] ^ base[0]) & masks[0]) === 0 &&
    ((words[1] ^ base[1]) & masks[1]) === 0 &&
    ((words[2] ^ base[2]) & masks[2]) === 0 &&
    ((words[3] ^ base[3]) & masks[3]) === 0
  );
}

function isV4(words: Words): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
}

function parseRange(text: string): Range | undefined {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const base = parseAddress(address);
  if (!base) return undefined;
  const dotted = !address.includes(":");
  const most = dotted ? 32 : 128;
  const length = slash < 0 ? String(most) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > most) return undefined;
  const bits = Number(length) + (dotted ? 96 : 0);
  // Shorter than the place of IPv4-mapped addresses, a range is one of IPv6 whatever its base.
  return {
    base,
    masks: [mask(bits), mask(bits - 32), mask(bits - 64), mask(bits - 96)],
    v4: bits >= 96 && isV4(base),
  };
}

/** A word whose first `bits` bits are set; none below 0, all above 32. */
function mask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function parseAddress(text: string): Words | undefined {
  if (!text.includes(":")) {
    const word = parseV4(text);
    return word === undefined ? undefined : [0, 0, 0xffff, word];
  }
  const zone = text.indexOf("%");
  return parseV6(zone < 0 ? text : text.slice(0, zone));
}

/** Leading zeros are refused: some programs read them as octal. */
function parseV4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  let word = 0;
  for (let i = 1; i <= 4; i++) {
    const part = match[i] ?? "";
    if (Number(part) > 255 || (part.length > 1 && part.startsWith("0"))) return undefined;
    word = word * 256 + Number(part);
  }
  return word;
}

function parseV6(text: string): Words | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "", halves.length === 1);
  const tail = parseGroups(halves[1] ?? "", true);
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  const word = (i: number) => (groups[i] ?? 0) * 0x10000 + (groups[i + 1] ?? 0);
  return [word(0), word(2), word(4), word(6)];
}

/** The 16-bit groups of one side of `::`; an IPv4 address may stand at the very end of the whole. */
function parseGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const word = atEnd && i === parts.length - 1 ? parseV4(part) : undefined;
    if (word === undefined) return undefined;
    groups.push(Math.floor(word / 0x10000), word % 0x10000);
  }
  return groups;
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { Roster } from "../../core/roster.ts";
import type { Rostered } from "../../core/roster.ts";

interface Member extends Rostered {
  name: number;
}

const namesOf = (members: Iterable<Member>): number[] =>
  [...members].map(({ name }) => name).toSorted((a, b) => a - b);

test("a roster holds what a set would, whatever comes and goes", () => {
  const roster = new Roster<Member>();
  const set = new Set<Member>();
  const members: Member[] = Array.from({ length: 40 }, (_, name) => ({ name, place: -1 }));
  let random = 7;
  for (let step = 0; step < 2000; step++) {
    random = (random * 48_271) % 2_147_483_647;
    const member = members[random % members.length] as Member;
    const from = set.has(member) ? "delete" : "add";
    roster[from](member);
    set[from](member);
    assert.equal(roster.size, set.size);
    assert.deepEqual(namesOf(roster), namesOf(set));
  }
});

test("who is off a roster stays off, and can be taken off while it is gone through", () => {
  const roster = new Roster<Member>();
  const [one, two, three] = [1, 2, 3].map((name) => ({ name, place: -1 })) as [Member, Member, Member];
  for (const member of [one, two, three]) roster.add(member);
  roster.delete(one);
  roster.delete(one);
  assert.deepEqual(namesOf(roster), [2, 3]);
  const seen: number[] = [];
  for (const member of roster) {
    seen.push(member.name);
    roster.delete(member);
  }
  assert.deepEqual(seen.toSorted(), [2, 3]);
  assert.equal(roster.size, 0);
  roster.add(one);
  assert.deepEqual(namesOf(roster), [1]);
});

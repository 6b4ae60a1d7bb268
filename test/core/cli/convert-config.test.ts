import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { example } from "../../presets/_api-yaml.ts";
import { onDeno, processTest } from "./_sluice.ts";

processTest("an api.yaml is found, checked and converted", async ({ folder, run, write }) => {
  await write({ "api.yaml": await example("uni-api/weighted.yaml") });
  const found = await run("check");
  assert.equal(found.status, 0, found.said);
  assert.match(found.out, /in order: api\.yaml\./);
  const converted = await run("convert-config", "api.yaml", "-o", "sluice.yaml");
  assert.deepEqual([converted.status, converted.out], [0, ""], converted.said);
  const path = join(folder, "sluice.yaml");
  assert.match(await readFile(path, "utf8"), /^# Made from api\.yaml, a configuration of uni-api/);
  if (!onDeno) assert.equal((await stat(path)).mode & 0o777, 0o600);
  const again = await run("convert-config", "api.yaml", "-o", "sluice.yaml");
  assert.deepEqual(
    [again.status, again.said.split("\n")[0]],
    [2, "sluice: sluice.yaml is there already: choose another file"],
  );
  const native = await run("check", "--json");
  const own = await run("check", "--json", "--config", "api.yaml");
  const meaning = (text: string): object => ({ ...(JSON.parse(text) as object), source: "" });
  assert.deepEqual(meaning(native.out), meaning(own.out));
});

processTest("a file with mistakes is not converted", async ({ run, write }) => {
  await write({ "api.yaml": "providers:\n  - providr: a\napi_keys: []\n" });
  const { status, out, said } = await run("convert-config", "api.yaml");
  assert.deepEqual([status, out], [1, ""]);
  assert.match(said, /^api\.yaml:2:5 providers\[0\]\.providr: found unknown key "providr"/m);
});

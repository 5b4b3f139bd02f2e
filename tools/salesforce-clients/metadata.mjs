// Checks metadata files against two descriptions of the Metadata API's types
// that nobody here wrote: jsforce's, and Salesforce's own @salesforce/types,
// which has the values of each enumeration too.
//
//	node metadata.mjs DIR
//
// prints, as a JSON array, what is wrong with the XML files below DIR:
// {"file","where","problem"}. Neither sf project convert nor a zip checks any of
// it: both pass on an element that nobody knows, and even one that is not closed.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const { XMLParser, XMLValidator } = require("fast-xml-parser");

// A schema is a Map of type name to Map of child name to {type, many, optional}.

function fromJsforce() {
  const { ApiSchemas } = require("jsforce/lib/api/metadata/schema.js");
  const types = new Map();
  for (const [name, { props, extends: base }] of Object.entries(ApiSchemas)) {
    const children = new Map();
    for (const [child, type] of Object.entries({ ...(base && ApiSchemas[base].props), ...props })) {
      const many = Array.isArray(type);
      const text = many ? type[0] : type;
      children.set(child, { type: text.replace("?", ""), many, optional: many || text.startsWith("?") });
    }
    types.set(name, children);
  }
  return { types, enums: new Map() };
}

function fromSalesforce() {
  const text = readFileSync(require.resolve("@salesforce/types/metadata").replace(/\.js$/, ".d.ts"), "utf8");
  const types = new Map();
  const enums = new Map();
  for (const [, name, values] of text.matchAll(/^export type (\w+) = ('[^;{]*');$/gm)) {
    enums.set(name, new Set(values.split("|").map((v) => v.trim().slice(1, -1))));
  }
  for (const [, name, base, body] of text.matchAll(/^export type (\w+) = (?:(\w+) & )?\{\n([^}]*)\};$/gm)) {
    const children = new Map(base ? types.get(base) : []);
    for (const [, child, optional, type, many] of body.matchAll(/^ {4}(\w+)(\?)?: (\w+)(\[\])?;$/gm)) {
      children.set(child, { type, many: Boolean(many), optional: Boolean(optional || many) });
    }
    types.set(name, children);
  }
  return { types, enums };
}

// jsforce's description is older than these.
const newer = new Set(["FlexiPageRegion.itemInstances"]);

const scalar = {
  string: () => true,
  any: () => true,
  boolean: (v) => v === "true" || v === "false",
  number: (v) => /^-?[0-9]+(\.[0-9]+)?$/.test(v),
};

const attributes = ":@";
const parser = new XMLParser({ preserveOrder: true, ignoreAttributes: false, parseTagValue: false, trimValues: true, ignoreDeclaration: true });

// nodes returns the elements among what the parser gives for one element.
const nodes = (list) => list.flatMap((n) => Object.keys(n).filter((k) => k !== attributes && k !== "#text").map((name) => ({ name, list: n[name] })));
const textOf = (list) => list.filter((n) => "#text" in n).map((n) => n["#text"]).join("");

function check({ types, enums }, type, list, where, report) {
  if (scalar[type] || enums.has(type)) {
    const value = textOf(list);
    if (nodes(list).length > 0) report(where, `holds elements, and is ${type}`);
    else if (scalar[type] ? !scalar[type](value) : !enums.get(type).has(value)) report(where, `${JSON.stringify(value)} is no ${type}`);
    return;
  }
  const children = types.get(type);
  if (!children) return report(where, `there is no type ${type}`);
  const seen = new Map();
  for (const { name, list: inner } of nodes(list)) {
    const child = children.get(name);
    seen.set(name, (seen.get(name) ?? 0) + 1);
    if (!child) {
      if (enums.size > 0 || !newer.has(`${type}.${name}`)) report(`${where}/${name}`, `${type} has no such element`);
      continue;
    }
    if (!child.many && seen.get(name) === 2) report(`${where}/${name}`, "is there twice");
    check({ types, enums }, child.type, inner, `${where}/${name}`, report);
  }
  for (const [name, child] of children) {
    if (!child.optional && !seen.has(name)) report(where, `lacks ${name}`);
  }
  if (textOf(list) !== "") report(where, "holds text");
}

const dir = process.argv[2];
const schemas = [fromJsforce(), fromSalesforce()];
const found = [];
let files = 0;
for (const file of readdirSync(dir, { recursive: true, withFileTypes: true })) {
  const path = join(file.parentPath ?? file.path, file.name);
  if (!file.isFile() || path.endsWith(".json")) continue;
  files++;
  const report = (where, problem) => found.push({ file: path.slice(dir.length + 1), where, problem });
  const text = readFileSync(path, "utf8");
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    report(`line ${valid.err.line}`, valid.err.msg);
    continue;
  }
  const roots = nodes(parser.parse(text));
  if (roots.length !== 1) report("", `has ${roots.length} roots`);
  for (const schema of schemas) check(schema, roots[0].name, roots[0].list, roots[0].name, report);
}
console.log(JSON.stringify({ files, types: schemas.map((s) => s.types.size), found }));

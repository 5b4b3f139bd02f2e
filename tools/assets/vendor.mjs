// Copies the third-party files that Switchboard embeds, byte for byte, from
// the packages named in package.json. Run it with `make assets`; its output
// is committed, so neither building nor installing needs Node.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, 'node_modules');
const web = join(here, '..', '..', 'internal', 'web');
const vendor = join(web, 'static', 'vendor');
const slds = join(modules, '@salesforce-ux', 'design-system');

const copies = [
  [join(modules, 'htmx.org/dist/htmx.min.js'), join(vendor, 'htmx.min.js')],
  [join(modules, 'htmx.org/LICENSE'), join(vendor, 'licenses/htmx.txt')],
  [join(slds, 'assets/icons/License-for-icons.txt'), join(vendor, 'icons/License-for-icons.txt')],
  [join(modules, 'axe-core/axe.min.js'), join(web, 'testdata/axe.min.js')],
  [join(modules, 'axe-core/LICENSE'), join(web, 'testdata/axe-LICENSE.txt')],
];

for (const set of ['standard', 'utility']) {
  rmSync(join(vendor, 'icons', set), { recursive: true, force: true });
}
for (const name of readFileSync(join(here, 'icons.txt'), 'utf8').split('\n').filter(Boolean)) {
  copies.push([join(slds, 'assets/icons', `${name}.svg`), join(vendor, 'icons', `${name}.svg`)]);
}

const lock = [];
for (const [from, to] of copies) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  const sum = createHash('sha512').update(readFileSync(to)).digest('base64');
  lock.push(`sha512-${sum}  ${to.slice(web.length + 1)}`);
}
const versions = Object.entries(
  JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).dependencies,
);
writeFileSync(
  join(vendor, 'VENDOR.lock'),
  versions.map(([name, version]) => `${name} ${version}\n`).join('') + lock.sort().join('\n') + '\n',
);

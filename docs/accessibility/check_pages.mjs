// Run the rules of axe-core on pages in headless Chromium, at two widths, light, dark and in print:
//   cd docs/accessibility && npm install
//   node check_pages.mjs ../../featgraph-report/report.html ../_build/html/index.html
// Needs Chromium (Debian: apt-get install chromium; else name it in CHROMIUM). Ends with status 1
// if a rule of impact "serious" or "critical" is broken.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--allow-file-access-from-files"],
});
let nSerious = 0;

for (const file of process.argv.slice(2)) {
  for (const width of [1280, 390]) {
    for (const mode of ["light", "dark", "print"]) {
      const page = await browser.newPage();
      await page.setViewport({ width, height: 900 });
      await page.emulateMediaType(mode === "print" ? "print" : "screen");
      const value = mode === "dark" ? "dark" : "light";
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
      await page.goto(pathToFileURL(resolve(file)).href, { waitUntil: "load" });
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate(() => window.axe.run());
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      const page_width = wide ? ", wider than the window" : "";
      console.log(`${file} ${width} ${mode}: ${passes.length} rules hold${page_width}`);
      for (const rule of violations) {
        console.log(`  ${rule.impact}: ${rule.id}, ${rule.help}`);
        for (const node of rule.nodes.slice(0, 3)) console.log(`    ${node.target.join(" ")}`);
      }
      nSerious += violations.filter((rule) => ["serious", "critical"].includes(rule.impact)).length;
      if (process.env.SHOTS) {
        const name = `${process.env.SHOTS}/${width}-${mode}.png`;
        await page.screenshot({ path: name, fullPage: true });
      }
      await page.close();
    }
  }
}
await browser.close();
console.log(`${nSerious} serious or critical`);
process.exit(nSerious > 0 ? 1 : 0);

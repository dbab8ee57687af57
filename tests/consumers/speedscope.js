// Opens files in speedscope's released page, in Chromium without a window. Prints for each a line of JSON: what
// the browser's console (but for its log) and dialogs said, the title, and the text of the view "Sandwich".
// usage: speedscope.js CHROMIUM FOLDER FILE...   (FOLDER takes what the browser writes)
const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const { chromium } = require('playwright-core');

const [executablePath, folder, ...files] = process.argv.slice(2);
const page = path.join(process.env.NODE_PATH, 'speedscope/dist/release/index.html');

async function open(context, file) {
  // The page loads a script that hands it the profile.
  const loader = path.join(folder, `${path.basename(file)}.js`);
  const content = fs.readFileSync(file).toString('base64');
  const call = `speedscope.loadFileFromBase64(${JSON.stringify(path.basename(file))}, ${JSON.stringify(content)})`;
  fs.writeFileSync(loader, call);
  const said = [];
  const tab = await context.newPage();
  tab.on('console', (message) => {
    if (!['log', 'timeEnd'].includes(message.type())) said.push(`${message.type()}: ${message.text()}`);
  });
  tab.on('pageerror', (error) => said.push(`error: ${error}`));
  tab.on('dialog', (dialog) => {
    said.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await tab.goto(`${pathToFileURL(page)}#localProfilePath=${loader}`, { waitUntil: 'load' });
  let text = '';
  try {
    await tab.getByText('Sandwich').first().click({ timeout: 60000 });
    // The head of the table comes before its rows.
    await tab.waitForFunction(() => /Symbol Name[^]*%/.test(document.body.innerText), null, { timeout: 60000 });
    text = await tab.evaluate(() => document.body.innerText);
  } catch (error) {
    said.push(`error: ${error}`);
  }
  const title = await tab.title();
  await tab.close();
  return { file: path.basename(file), said, title, text };
}

(async () => {
  const args = [
    '--no-sandbox', '--allow-file-access-from-files', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--no-first-run', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
  ];
  const context = await chromium.launchPersistentContext(path.join(folder, 'browser'), {
    executablePath, args, headless: true, viewport: { width: 1300, height: 800 },
  });
  try {
    for (const file of files) console.log(JSON.stringify(await open(context, file)));
  } finally {
    await context.close();
  }
})();
